// Made-up names: subjects that share a word with a given one, so that a neuron learns to tell them apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mobiedit {

/// Names that share the subject's last word, then names that share its first word; up to `most` of each. Empty for a
/// subject of one word. Depends on the subject alone.
[[nodiscard]] std::vector<std::string> names_like(std::string_view subject, int most);

}  // namespace mobiedit

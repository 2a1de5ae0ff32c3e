// Requests of edits from a file of facts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/request.h"

namespace mobiedit {

struct NamedRequests {
  std::vector<EditRequest> requests;
  std::vector<std::string> places;  ///< name of each request in messages, such as "facts.jsonl:3"
};

/// A fact's neighbours are prompts whose answers must stay, like those of "keep". Errors: as read_facts.
[[nodiscard]] Result<NamedRequests> read_requests(const std::filesystem::path& path);

}  // namespace mobiedit

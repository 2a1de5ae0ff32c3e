// Search options of the verbs that edit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/workspace/statistics_text.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct SearchSettings {
  std::string method = EditOptions().method;
  std::string write = "auto";  ///< "neuron", "rank-one" or "auto"
  EditOptions edit;            ///< settings of the search; its method is the value search, also inside a mass edit
  std::string layer = "auto";
  std::optional<int> blocks;          ///< number of layers that share a change; none: see blocks_up_to
  std::vector<std::string> settings;  ///< NAME=VALUE, instead of the method's defaults
  StatisticsSource statistics;

  [[nodiscard]] EditOptions edit_options(int threads) const;
  /// Returns true for a method of mass edits.
  [[nodiscard]] bool together() const;
  /// Number of layers that share a change: the requested number, else the method's default, at most the layers up to
  /// the edited one.
  [[nodiscard]] int blocks_up_to(int edited) const;
  /// Refuses, before any search, a method that needs statistics if there are none.
  [[nodiscard]] Status check_statistics(bool used) const;
};

/// --layer N|auto
void add_layer_option(CLI::App& verb, std::string& layer);
/// --blocks N, for verbs that can write an edit over several.
void add_blocks_option(CLI::App& verb, SearchSettings& settings);
/// --method, --values, --layer, --clamp, --sure, --max-evaluations, --seed, --text-metric, --set, --text, --no-text.
void add_search_options(CLI::App& verb, SearchSettings& settings);

}  // namespace mobiedit::cli

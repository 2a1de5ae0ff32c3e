#include "app/common/edit_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

namespace mobiedit::cli {
namespace {

constexpr const char* automatic = "auto";

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " or "));
}

/// Reads NAME=VALUE; none for any other text.
std::optional<MethodSetting> read_setting(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return {};
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + equals + 1, end, value);
  if (error != std::errc() || stopped != end || !std::isfinite(value)) return {};
  return MethodSetting{text.substr(0, equals), value};
}

std::string check_setting(const std::string& text) {
  return read_setting(text) ? std::string() : "\"" + text + "\" is not NAME=NUMBER";
}

/// A CLI11 validator: empty if the text is "auto" or the index of a layer, else the error.
std::string check_layer(const std::string& text) {
  int layer = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), layer);
  const bool is_number = error == std::errc() && stopped == text.data() + text.size() && layer >= 0;
  return is_number || text == automatic ? std::string() : "\"" + text + "\" is neither the index of a layer nor auto";
}

}  // namespace

EditOptions SearchSettings::edit_options(int threads) const {
  EditOptions options = edit;
  if (!together()) options.method = method;
  if (together() || write == "rank-one") options.write = WriteKind::rank_one;
  if (!together() && write == "neuron") options.write = WriteKind::neuron;
  if (layer != automatic) options.layer = std::stoi(layer);
  if (const MethodInfo* row = find_method(method); !edit.clamp && row->usual_clamp > 0)
    options.clamp = row->usual_clamp;
  for (const std::string& text : settings)
    if (auto setting = read_setting(text)) options.settings.push_back(std::move(*setting));
  options.threads = threads;
  return options;
}

bool SearchSettings::together() const {
  return find_method(method)->kind == MethodKind::mass_edit;
}

int SearchSettings::blocks_up_to(int edited) const {
  return blocks.value_or(std::min(find_method(method)->usual_layers, edited + 1));
}

Status SearchSettings::check_statistics(bool used) const {
  if (used) return {};
  if (edit.fisher_metric)
    return fail(ErrorCode::usage, "there is no running text for the Fisher metric", "--text-metric",
                "give --text FILE");
  if (!find_method(method)->needs_statistics) return {};
  return fail(ErrorCode::usage, "the method '" + method + "' needs key statistics, and there are none", "--method",
              "give --text FILE");
}

void add_layer_option(CLI::App& verb, std::string& layer) {
  verb.add_option("--layer", layer, "Layer to edit, counted from 0, or auto (default auto)")
      ->envname("MOBIEDIT_LAYER")
      ->check(check_layer);
}

void add_blocks_option(CLI::App& verb, SearchSettings& settings) {
  verb.add_option("--blocks", settings.blocks,
                  fmt::format("Number of layers, ending at the edited one, that share each change (default 1; {}: {})",
                              joined(method_names(MethodKind::mass_edit)),
                              find_method(method_names(MethodKind::mass_edit).front())->usual_layers))
      ->check(CLI::Range(1, 1000));
}

void add_search_options(CLI::App& verb, SearchSettings& settings) {
  const auto searches = method_names(MethodKind::search), mass_edits = method_names(MethodKind::mass_edit);
  auto names = searches;
  names.insert(names.end(), mass_edits.begin(), mass_edits.end());
  verb.add_option(
          "--method", settings.method,
          fmt::format("Search method: {}; or a mass edit, which writes all edits in one update: {} (default {})",
                      joined(searches), joined(mass_edits), settings.method))
      ->envname("MOBIEDIT_METHOD")
      ->check(CLI::IsMember(names));
  verb.add_option(
          "--write", settings.write,
          "Way to write an edit: neuron (one neuron for each subject), rank-one (an update of a weight), or auto: "
          "rank-one for a model whose layer for it was measured, else neuron (default auto)")
      ->envname("MOBIEDIT_WRITE")
      ->check(CLI::IsMember({"auto", "neuron", "rank-one"}));
  verb.add_option("--values", settings.edit.method,
                  fmt::format("Search method inside {} (default {})", joined(mass_edits), settings.edit.method))
      ->envname("MOBIEDIT_VALUES")
      ->check(CLI::IsMember(searches));
  add_layer_option(verb, settings.layer);
  verb.add_option("--clamp", settings.edit.clamp,
                  "Limit on the change of the value, in lengths of the value (default: by model)")
      ->envname("MOBIEDIT_CLAMP")
      ->check(CLI::Range(1e-3, 1e3));
  verb.add_option("--sure", settings.edit.confidence_threshold,
                  "Teach general wordings too if the model gives its own answer at most this probability; 0: never "
                  "(default: by model)")
      ->envname("MOBIEDIT_SURE")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option("--max-evaluations", settings.edit.max_evaluations,
                  fmt::format("Limit on forward evaluations per edit (default {})", settings.edit.max_evaluations))
      ->envname("MOBIEDIT_MAX_EVALUATIONS")
      ->check(CLI::Range(1, 1'000'000'000));
  verb.add_option("-s,--seed", settings.edit.seed, "Seed of the search (default 0)")->envname("MOBIEDIT_SEED");
  verb.add_flag(
      "--text-metric", settings.edit.fisher_metric,
      "Measure steps of the search in the Fisher metric of running text, so that edits disturb other text less");
  verb.add_option("--set", settings.settings,
                  "NAME=VALUE: a setting of the search method; may be repeated. An unknown name lists all settings")
      ->allow_extra_args(false)
      ->check(check_setting);
  auto* text = verb.add_option(
      "--text", settings.statistics.text,
      "Running text for the key statistics (default: the last text given to `mobiedit stats` for this model, "
      "or covariance-text.txt beside it, or a short built-in text)");
  verb.add_flag("--no-text", settings.statistics.none, "Use no key statistics")->excludes(text);
}

}  // namespace mobiedit::cli

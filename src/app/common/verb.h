// Includes and helpers of every verb.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app/common/console.h"
#include "app/common/exit_code.h"
#include "app/common/interrupt.h"
#include "app/common/program.h"
#include "base/try.h"

namespace mobiedit::cli {

using Json = nlohmann::ordered_json;

/// Gives an error without a place `where` as its place: `at("--text", read(path))`.
template <class T>
[[nodiscard]] Result<T> at(const char* where, Result<T> result) {
  if (!result && result.error().where.empty()) result.error().where = where;
  return result;
}

/// `code`, or the error of printing.
[[nodiscard]] inline Result<int> finished(const Status& printed, int code = exit_done) {
  if (!printed) return std::unexpected(printed.error());
  return code;
}

template <class Options>
struct Verb {
  CLI::App* verb;
  Options* options;  ///< filled by the parser; lives as long as the verb
};

/// Adds a subcommand whose parsing sets `run` to `action`.
template <class Options, class Action>
Verb<Options> add_verb(CLI::App& parent, Run& run, const std::string& name, const std::string& description,
                       Action action) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = parent.add_subcommand(name, description);
  verb->callback([options, &run, action] { run = [options, action] { return action(*options); }; });
  return {verb, options.get()};
}
template <class Options>
Verb<Options> add_verb(CLI::App& parent, Run& run, const std::string& name, const std::string& description,
                       Result<int> (*action)(const Options&)) {
  return add_verb<Options, Result<int> (*)(const Options&)>(parent, run, name, description, action);
}

}  // namespace mobiedit::cli

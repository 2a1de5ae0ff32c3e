#include "app/cli/data_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>

#include "app/cli/console.h"

namespace mobiedit::cli {

void add_data_options(CLI::App& verb, DataOptions& options) {
  verb.add_option("--limit", options.limit, "Take the first N records only");
  verb.add_flag("--strict", options.strict, "Refuse a file with a malformed record, rather than pass it over");
}

Result<Facts> read_data(const std::vector<std::string>& paths, const DataOptions& options) {
  Facts facts;
  for (const std::string& path : paths) {
    const std::size_t wanted = options.limit > 0 ? options.limit - facts.records.size() : 0;
    std::vector<Error> skipped;
    auto records = read_facts(path, wanted, options.strict ? nullptr : &skipped);
    constexpr std::size_t named = 10;
    for (std::size_t i = 0; i < skipped.size() && i < named; ++i) warn(skipped[i].message() + "; passed over");
    if (skipped.size() > named) warn(fmt::format("{}: and {} more", path, skipped.size() - named));
    if (!records) return std::unexpected(records.error());
    facts.skipped += skipped.size();
    facts.records.insert(facts.records.end(), std::make_move_iterator(records->begin()),
                         std::make_move_iterator(records->end()));
    if (options.limit > 0 && facts.records.size() == options.limit) break;
  }
  return facts;
}

}  // namespace mobiedit::cli

#include "lab/study/facts.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/try.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {

Result<Facts> read_selected(const std::vector<std::string>& paths, const FactSelection& options,
                            const std::function<void(std::string_view)>& warn) {
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
  if (!options.fluency)
    for (FactRecord& record : facts.records) record.generation.clear();
  return facts;
}

Status leave_out_unknown(Facts& facts, const FactSelection& options, const std::string& data, const Model& model,
                         const SessionOptions& session_options, const CancelToken& cancel) {
  if (!options.known) return {};
  MOBIEDIT_TRY(auto session, Session::create(model, session_options));
  MOBIEDIT_TRY(auto known, known_facts(session, model.tokenizer(), facts.records, cancel));
  std::vector<FactRecord> left;
  for (FactRecord& fact : known) {
    MOBIEDIT_TRY(const auto further, known_facts(session, model.tokenizer(), fact.further, cancel));
    if (further.size() == fact.further.size()) left.push_back(std::move(fact));
  }
  facts.unknown = facts.records.size() - left.size();
  facts.records = std::move(left);
  if (facts.records.empty()) return fail(ErrorCode::usage, "the model knows none of these facts", data);
  return {};
}

std::string unknown_line(const Facts& facts, const FactSelection& options) {
  return options.known ? fmt::format("{} facts left out that the model does not know\n", facts.unknown) : "";
}

}  // namespace mobiedit

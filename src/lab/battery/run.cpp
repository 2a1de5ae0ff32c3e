#include "lab/battery/run.h"

#include "base/try.h"
#include "io/peak_memory.h"
#include "lab/battery/report.h"
#include "lab/study/fact_edits.h"

namespace mobiedit {

Result<Report> run_battery(const BatteryRun& run, const Facts& facts, const Model& model, const CancelToken& cancel) {
  MOBIEDIT_TRY(auto session, Session::create(model, run.session));
  MOBIEDIT_TRY(const auto battery, Battery::begin(model, facts.records, session, run.options, cancel));
  MOBIEDIT_TRY(const auto in_prompt, battery.with_fact_in_prompt(session, cancel));
  BatteryStates states{battery.unedited(), &in_prompt};

  nlohmann::ordered_json document{
      {"schema", "mobiedit.battery/1"}, {"model", run.model},       {"data", run.data},
      {"n", facts.records.size()},      {"skipped", facts.skipped}, {"unknown", facts.unknown},
      {"chat", battery.chats()}};
  BatteryState edited;
  if (run.find_edits) {
    MOBIEDIT_TRY(auto found, run.find_edits());
    MOBIEDIT_CHECK(session.set_in_force(std::move(found.edits.changes)));
    MOBIEDIT_TRY(edited, battery.with_edits(session, cancel));
    for (std::size_t i = 0; i < facts.records.size(); ++i) add_cost(found.edits.costs[i], edited.outcomes[i]);
    states.edited = &edited;
    document["method"] = found.method;
    document["layer"] = found.layer;
  }
  document.update(battery_json(states));
  document["peak_rss_bytes"] = io::peak_memory();
  return Report{std::move(document), battery_text(states)};
}

}  // namespace mobiedit

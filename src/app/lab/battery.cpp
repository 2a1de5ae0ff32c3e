#include "app/lab/battery.h"

#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/verb.h"
#include "io/mapped_file.h"
#include "io/peak_memory.h"
#include "lab/battery/battery.h"
#include "lab/battery/report.h"
#include "lab/study/each_fact.h"
#include "lab/study/fact_edits.h"

namespace mobiedit::cli {
namespace {

Result<BatteryOptions> battery_options(const BatteryVerb& battery, ProgressLine& line) {
  BatteryOptions options;
  if (!battery.running_text.empty()) {
    MOBIEDIT_TRY(const auto text, io::MappedFile::open(battery.running_text));
    options.running_text.assign(reinterpret_cast<const char*>(text.bytes().data()), text.bytes().size());
  }
  if (battery.tokens) options.running_tokens = static_cast<std::size_t>(*battery.tokens);
  options.progress = [&line](std::string_view part, std::size_t done, std::size_t all) {
    line.note(fmt::format("{} {}/{}", part, done, all));
  };
  return options;
}

/// Edits in force, and the layer that they are written in.
struct FoundEdits {
  EditsTogether edits;
  int layer = 0;
};

Result<FoundEdits> find_edits(const RunOptions& run, const SearchSettings& search, const Facts& facts,
                              const Model& model, ProgressLine& line, const CancelToken& cancel) {
  MOBIEDIT_TRY(auto editor, open_editor(model, search, run, cancel));
  std::optional<MassEditOptions> together;
  if (search.together()) together = {.method = search.method, .layers = search.blocks_up_to(editor.layer())};
  MOBIEDIT_TRY(auto edits, find_together(editor, facts.records, together, observer_on(line, facts.records), cancel));
  return FoundEdits{std::move(edits), editor.layer()};
}

}  // namespace

void add_battery_options(CLI::App& verb, BatteryVerb& battery) {
  auto* asked = verb.add_flag("--battery", battery.asked,
                              "Measure every column with all edits in force, beside the unedited model and beside the "
                              "fact given in the prompt");
  verb.add_flag("--mass", battery.mass, "Put all edits in force at once; the battery needs it")->needs(asked);
  verb.add_flag("--unedited", battery.unedited, "Make no edits: measure the unedited model and the fact in the prompt")
      ->needs(asked);
  auto* text = verb.add_option("--running-text", battery.running_text, "A text whose perplexity the battery measures")
                   ->needs(asked);
  verb.add_option("--running-tokens", battery.tokens, "Read this many tokens of that text at most (default 49152)")
      ->needs(text)
      ->check(CLI::Range(2, 100'000'000));
}

Result<int> run_battery(const BatteryVerb& battery, const RunOptions& run, const SearchSettings& search,
                        const std::string& data, const Facts& facts, const Model& model, const CancelToken& cancel) {
  if (battery.mass == battery.unedited)
    return fail(ErrorCode::usage, "the battery measures edits that are in force together", "--battery",
                "give --mass, or --unedited to make none");
  ProgressLine line;
  MOBIEDIT_TRY(auto options, battery_options(battery, line));
  MOBIEDIT_TRY(auto session, Session::create(model, run.session()));
  MOBIEDIT_TRY(const auto measured, Battery::begin(model, facts.records, session, std::move(options), cancel));
  MOBIEDIT_TRY(const auto in_prompt, measured.with_fact_in_prompt(session, cancel));
  BatteryStates states{measured.unedited(), &in_prompt};

  Json json{{"schema", "mobiedit.battery/1"}, {"model", run.model},       {"data", data},
            {"n", facts.records.size()},      {"skipped", facts.skipped}, {"unknown", facts.unknown},
            {"chat", measured.chats()}};
  BatteryState edited;
  if (battery.mass) {
    MOBIEDIT_TRY(auto found, find_edits(run, search, facts, model, line, cancel));
    MOBIEDIT_CHECK(session.set_in_force(std::move(found.edits.changes)));
    MOBIEDIT_TRY(edited, measured.with_edits(session, cancel));
    for (std::size_t i = 0; i < facts.records.size(); ++i) add_cost(found.edits.costs[i], edited.outcomes[i]);
    states.edited = &edited;
    json["method"] = search.method;
    json["layer"] = found.layer;
  }
  json.update(battery_json(states));
  json["peak_rss_bytes"] = io::peak_memory();
  line.clear();
  return finished(run.json ? print_json(json) : print_result(battery_text(states)));
}

}  // namespace mobiedit::cli

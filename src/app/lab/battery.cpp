#include "app/lab/battery.h"

#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/verb.h"
#include "app/lab/print_report.h"
#include "io/read_all.h"
#include "lab/battery/run.h"

namespace mobiedit::cli {
namespace {

Result<BatteryOptions> battery_options(const BatteryVerb& battery, ProgressLine& line) {
  BatteryOptions options;
  if (!battery.running_text.empty()) {
    MOBIEDIT_TRY(options.running_text, io::read_all(battery.running_text));
  }
  if (battery.tokens) options.running_tokens = static_cast<std::size_t>(*battery.tokens);
  options.progress = [&line](std::string_view part, std::size_t done, std::size_t all) {
    line.note(fmt::format("{} {}/{}", part, done, all));
  };
  return options;
}

Result<BatteryEdits> find_edits(const RunOptions& run, const SearchSettings& search, const Facts& facts,
                                const Model& model, ProgressLine& line, const CancelToken& cancel) {
  MOBIEDIT_TRY(auto editor, open_editor(model, search, run, cancel));
  std::optional<MassEditOptions> together;
  if (search.together()) together = {.method = search.method, .layers = search.blocks_up_to(editor.layer())};
  MOBIEDIT_TRY(auto edits, find_together(editor, facts.records, together, observer_on(line, facts.records), cancel));
  return BatteryEdits{std::move(edits), search.method, editor.layer()};
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

Result<int> measure_battery(const BatteryVerb& battery, const RunOptions& run, const SearchSettings& search,
                            const std::string& data, const Facts& facts, const Model& model,
                            const CancelToken& cancel) {
  if (battery.mass == battery.unedited)
    return fail(ErrorCode::usage, "the battery measures edits that are in force together", "--battery",
                "give --mass, or --unedited to make none");
  ProgressLine line;
  MOBIEDIT_TRY(auto options, battery_options(battery, line));
  BatteryRun all{run.model, data, std::move(options), run.session(), {}};
  if (battery.mass) all.find_edits = [&] { return find_edits(run, search, facts, model, line, cancel); };
  MOBIEDIT_TRY(const auto report, run_battery(all, facts, model, cancel));
  line.clear();
  return print_report(report, run.json);
}

}  // namespace mobiedit::cli

// mobiedit stats: learns from running text which keys an edit should leave alone.
#include "app/common/console_observer.h"
#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/verb.h"
#include "app/mobiedit/verbs.h"
#include "io/peak_memory.h"
#include "io/user_folders.h"

namespace mobiedit::cli {
namespace {

struct StatsVerb {
  RunOptions run;
  std::string text;
  std::string layer = "auto";
};

Result<int> stats(const StatsVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(const auto model, open_model(verb.run));
  SearchSettings settings;
  settings.layer = verb.layer;
  settings.statistics.none = true;
  MOBIEDIT_TRY(auto editor, open_editor(model, settings, verb.run, cancel));
  MOBIEDIT_TRY(const auto folder, io::user_cache_folder());
  ConsoleObserver observer("", false);
  Status kept = remember_statistics(editor, model, verb.text, folder.string(), {&observer, cancel});
  if (!kept && folder.empty()) kept.error().hint = "set MOBIEDIT_CACHE";
  MOBIEDIT_CHECK(at("--text", kept));
  if (verb.run.json) {
    return finished(print_json({{"schema", "mobiedit.stats/1"},
                                {"model", verb.run.model},
                                {"text", verb.text},
                                {"layer", editor.layer()},
                                {"peak_rss_bytes", io::peak_memory()}}));
  }
  return finished(print_result(fmt::format(
      "{}: statistics of layer {} kept; edits of this model use them from now on\n", verb.run.model, editor.layer())));
}

}  // namespace

void add_stats(CLI::App& app, Run& run) {
  const auto [verb, options] =
      add_verb(app, run, "stats", "Learn from running text what edits of a model should leave alone", stats);
  add_run_options(*verb, options->run);
  verb->add_option("--text", options->text, "Plain text, some ten times as many tokens as the feed-forward size")
      ->required();
  add_layer_option(*verb, options->layer);
}

}  // namespace mobiedit::cli

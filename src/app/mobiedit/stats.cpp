// mobiedit stats: learns from running text which keys an edit should leave alone.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common/console.h"
#include "app/common/edit_options.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/statistics.h"
#include "app/mobiedit/verbs.h"

namespace mobiedit::cli {
namespace {

struct StatsVerb {
  RunOptions run;
  std::string text;
  std::string layer = "auto";
};

int stats(const StatsVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  const auto model = open_model(verb.run);
  if (!model) return failed(model.error());
  SearchSettings settings;
  settings.layer = verb.layer;
  auto editor = open_editor(*model, settings, verb.run, cancel);
  if (!editor) return failed(editor.error());
  if (auto made = remember_statistics(*editor, *model, verb.text, cancel); !made) return failed(made.error(), "--text");
  if (verb.run.json) {
    return finished(print_json({{"schema", "mobiedit.stats/1"},
                                {"model", verb.run.model},
                                {"text", verb.text},
                                {"layer", editor->layer()},
                                {"peak_rss_bytes", peak_rss_bytes()}}));
  }
  return finished(print_result(fmt::format(
      "{}: statistics of block {} kept; edits of this model use them from now on\n", verb.run.model, editor->layer())));
}

}  // namespace

void add_stats(CLI::App& app, Run& run) {
  auto options = std::make_shared<StatsVerb>();
  CLI::App* verb = app.add_subcommand("stats", "Learn from running text what edits of a model should leave alone");
  add_run_options(*verb, options->run);
  verb->add_option("--text", options->text, "Plain text, some ten times as many tokens as the feed-forward size")
      ->required();
  add_layer_option(*verb, options->layer);
  verb->callback([options, &run] { run = [options] { return stats(*options); }; });
}

}  // namespace mobiedit::cli

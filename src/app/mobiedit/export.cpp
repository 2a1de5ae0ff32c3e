// mobiedit export: writes the edits in force as an adapter, or with the whole model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/common/console.h"
#include "app/common/console_observer.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/open_workspace.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"

namespace mobiedit::cli {
namespace {

struct ExportVerb {
  RunOptions run;
  StoreOptions store;
  std::string output;
  bool same_type = false;
  bool no_ask = false;
  std::string undo_patch;
};

// An edit's two vectors in float32, and more.
constexpr std::uint64_t bytes_per_edit = std::uint64_t{1} << 14;

/// Where nothing is asked, no layer's weights are needed; one layer is the least that can be loaded.
Result<Workspace> open_base(const ExportVerb& verb) {
  if (verb.no_ask) return open_workspace_without_weights(verb.run, verb.store, "mobiedit export");
  return open_workspace(verb.run, verb.store, StoreUse::read, "mobiedit export");
}

int export_edits(const ExportVerb& verb, bool adapter) {
  const CancelToken cancel = catch_interrupts();
  const auto workspace = open_base(verb);
  if (!workspace) return failed(workspace.error());
  const auto edits = workspace->in_force();
  if (!edits) return failed(edits.error());
  if (edits->empty())
    return failed(
        {ErrorCode::usage, "no edit of this model is in force", verb.run.model, "`mobiedit list` shows what there is"});
  ConsoleObserver observer(verb.run.model, verb.run.verbose);
  std::vector<std::filesystem::path> inputs{verb.run.model};
  if (const auto path = store_path(verb.store)) inputs.push_back(*path);
  std::error_code ignored;
  const std::uint64_t bytes =
      adapter ? bytes_per_edit * edits->size() : std::filesystem::file_size(verb.run.model, ignored);
  auto file = OutputFile::reserve(verb.output, bytes, inputs, &observer);
  if (!file) return failed(file.error());
  ExportOptions options;
  options.kind = adapter ? OutputKind::adapter : verb.same_type ? OutputKind::same_type : OutputKind::model;
  options.ask = !verb.no_ask;
  if (!verb.undo_patch.empty()) {
    inputs.emplace_back(verb.output);
    auto patch = OutputFile::reserve(verb.undo_patch, 0, inputs, &observer);
    if (!patch) return failed(patch.error());
    options.undo_patch.emplace(std::move(*patch));
  }
  const auto report = workspace->export_to(std::move(*file), std::move(options), {&observer, cancel});
  if (!report) return failed(report.error());

  const std::size_t count = report->edits.size();
  if (!verb.run.json) {
    return finished(print_result(
        fmt::format("{} edit{} in force\n{}", count, count == 1 ? "" : "s", written_text(report->file, !verb.no_ask))));
  }
  return finished(print_json({{"schema", "mobiedit.export/1"},
                              {"model", verb.run.model},
                              {"edits", report->edits},
                              {"kind", report->file.kind},
                              {"path", report->file.path.string()},
                              {"bytes", report->file.bytes},
                              {"asked", !verb.no_ask},
                              {"peak_rss_bytes", peak_rss_bytes()}}));
}

void add_kind(CLI::App& parent, Run& run, const char* kind, const char* description) {
  const bool adapter = std::string(kind) == "lora";
  auto options = std::make_shared<ExportVerb>();
  CLI::App* verb = parent.add_subcommand(kind, description);
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("-o,--output", options->output, "The file to write")->required();
  if (adapter) {
    verb->add_flag("--no-ask", options->no_ask,
                   "Compare what was written with the store, number by number, instead of asking every edit again");
  }
  if (!adapter) {
    verb->add_flag("--same-type", options->same_type,
                   "Keep every tensor's type and size; change integer codes (Q4_0, Q8_0, Q4_K, Q6_K)");
    verb->add_option("--undo-patch", options->undo_patch, "With --same-type: also write what `mobiedit restore` needs")
        ->needs("--same-type");
  }
  verb->callback([options, &run, adapter] { run = [options, adapter] { return export_edits(*options, adapter); }; });
}

}  // namespace

void add_export(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("export", "Write the edits in force as an adapter, or with the whole model");
  verb->require_subcommand(1);
  add_kind(*verb, run, "lora", "One adapter, as llama.cpp loads it beside the model");
  add_kind(*verb, run, "gguf", "The whole model, edited tensors in a type that keeps the edits");
}

}  // namespace mobiedit::cli

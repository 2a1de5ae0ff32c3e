// mobiedit export: writes the edits in force as an adapter, or with the whole model.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/common/console_observer.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "workspace/documents.h"

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

Result<bool> has_neurons(const StoreOptions& options) {
  MOBIEDIT_TRY(const auto store, open_store_to_read(options));
  if (!store) return false;
  MOBIEDIT_TRY(const auto edits, store->list());
  return std::ranges::any_of(edits, [](const EditInfo& edit) { return edit.kind == kind_of(Neuron()); });
}

/// Where nothing is asked, rank-one updates need no layer's weights; one layer is the least that can be loaded. Neurons
/// take the place of those that the model uses least, which its weights tell.
Result<Workspace> open_base(const ExportVerb& verb) {
  MOBIEDIT_TRY(const bool neurons, has_neurons(verb.store));
  if (verb.no_ask && !neurons) return open_workspace_without_weights(verb.run, verb.store, "mobiedit export");
  return open_workspace(verb.run, verb.store, StoreUse::read, "mobiedit export");
}

Result<int> export_edits(const ExportVerb& verb, bool adapter) {
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(const auto workspace, open_base(verb));
  MOBIEDIT_TRY(const auto edits, workspace.in_force());
  if (edits.empty())
    return fail(ErrorCode::usage, "no edit of this model is in force", verb.run.model,
                "`mobiedit list` shows what there is");
  ConsoleObserver observer(verb.run.model, verb.run.verbose);
  std::vector<std::filesystem::path> inputs{verb.run.model};
  if (const auto path = store_path(verb.store)) inputs.push_back(*path);
  std::error_code ignored;
  const std::uint64_t bytes =
      adapter ? bytes_per_edit * edits.size() : std::filesystem::file_size(verb.run.model, ignored);
  MOBIEDIT_TRY(auto file, OutputFile::reserve(verb.output, bytes, inputs, &observer));
  ExportOptions options;
  options.kind = adapter ? OutputKind::adapter : verb.same_type ? OutputKind::same_type : OutputKind::model;
  options.ask = !verb.no_ask;
  if (!verb.undo_patch.empty()) {
    inputs.emplace_back(verb.output);
    MOBIEDIT_TRY(auto patch, OutputFile::reserve(verb.undo_patch, 0, inputs, &observer));
    options.undo_patch.emplace(std::move(patch));
  }
  MOBIEDIT_TRY(const auto report, workspace.export_to(std::move(file), std::move(options), {&observer, cancel}));

  const std::size_t count = report.edits.size();
  if (!verb.run.json) {
    return finished(print_result(
        fmt::format("{} edit{} in force\n{}", count, count == 1 ? "" : "s", written_text(report.file, !verb.no_ask))));
  }
  return finished(print_json(export_json(verb.run.model, report, !verb.no_ask)));
}

void add_kind(CLI::App& parent, Run& run, const char* kind, const char* description) {
  const bool adapter = std::string(kind) == "lora";
  const auto [verb, options] =
      add_verb<ExportVerb>(parent, run, kind, description,
                           [adapter](const ExportVerb& exported) { return export_edits(exported, adapter); });
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
}

}  // namespace

void add_export(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("export", "Write the edits in force as an adapter, or with the whole model");
  verb->require_subcommand(1);
  add_kind(*verb, run, "lora", "One adapter, as llama.cpp loads it beside the model");
  add_kind(*verb, run, "gguf", "The whole model, edited tensors in a type that keeps the edits");
}

}  // namespace mobiedit::cli

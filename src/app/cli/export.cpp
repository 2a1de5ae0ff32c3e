// mobiedit export: the edits in force, as an adapter or in a model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "app/cli/console.h"
#include "app/cli/delivery.h"
#include "app/cli/interrupt.h"
#include "app/cli/model_options.h"
#include "app/cli/output_file.h"
#include "app/cli/store_options.h"
#include "app/cli/verbs.h"

namespace mobiedit::cli {
namespace {

struct ExportVerb {
  RunOptions run;
  StoreOptions store;
  std::string output;
};

// An edit's two vectors in float32, and more.
constexpr std::uint64_t bytes_per_edit = std::uint64_t{1} << 14;

int export_edits(const ExportVerb& verb, const char* kind) {
  const CancelToken cancel = catch_interrupts();
  const auto store = open_store_to_read(verb.store);
  if (!store) return failed(store.error());
  const auto model = open_model(verb.run);
  if (!model) return failed(model.error());
  std::vector<StoredEdit> edits;
  if (*store) {
    auto found = (*store)->in_force(model->fingerprint());
    if (!found) return failed(found.error());
    edits = std::move(*found);
  }
  if (edits.empty()) {
    return failed(
        {ErrorCode::usage, "no edit of this model is in force", verb.run.model, "`mobiedit list` shows what there is"});
  }
  std::error_code ignored;
  const bool adapter = std::string(kind) == "lora";
  const std::uint64_t bytes =
      adapter ? bytes_per_edit * edits.size() : std::filesystem::file_size(verb.run.model, ignored);
  auto file = OutputFile::reserve(verb.output, bytes, {verb.run.model, (*store)->path()});
  if (!file) return failed(file.error());
  const Delivery delivery(*model, verb.run, cancel);
  if (auto done = adapter ? delivery.draft_adapter(*file, edits) : delivery.draft_model(*file, edits); !done)
    return failed(done.error());
  if (cancel.requested()) return failed({ErrorCode::cancelled, "stopped; nothing was written", "", ""});
  const auto delivered = deliver(*file, kind);
  if (!delivered) return failed(delivered.error());

  if (!verb.run.json) {
    return finished(print_result(
        fmt::format("{} edit{} in force\n{}", edits.size(), edits.size() == 1 ? "" : "s", delivered_text(*delivered))));
  }
  auto ids = nlohmann::ordered_json::array();
  for (const StoredEdit& edit : edits) ids.push_back(edit.id);
  return finished(print_json({{"schema", "mobiedit.export/1"},
                              {"model", verb.run.model},
                              {"edits", std::move(ids)},
                              {"kind", delivered->kind},
                              {"path", delivered->path},
                              {"bytes", delivered->bytes},
                              {"peak_rss_bytes", peak_rss_bytes()}}));
}

void add_kind(CLI::App& parent, Run& run, const char* kind, const char* description) {
  auto options = std::make_shared<ExportVerb>();
  CLI::App* verb = parent.add_subcommand(kind, description);
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("-o,--output", options->output, "The file to write")->required();
  verb->callback([options, &run, kind] { run = [options, kind] { return export_edits(*options, kind); }; });
}

}  // namespace

void add_export(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("export", "Write the edits in force as an adapter, or with the whole model");
  verb->require_subcommand(1);
  add_kind(*verb, run, "lora", "One adapter, as llama.cpp loads it beside the model");
  add_kind(*verb, run, "gguf", "The whole model, edited tensors in a type that keeps the edits");
}

}  // namespace mobiedit::cli

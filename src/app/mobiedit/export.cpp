// mobiedit export: the edits in force, as an adapter or in a model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/common/console.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/common/output_file.h"
#include "app/common/statistics.h"
#include "app/mobiedit/delivery.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "io/write_whole.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/model.h"
#include "mobiedit/store/undo_patch.h"

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

/// Of the keys of every edited block, from the text that edits would use.
Result<std::vector<KeyMoment>> moments_of(const Model& model, std::span<const StoredEdit> edits, int threads,
                                          const CancelToken& cancel) {
  std::set<int> blocks;
  for (const StoredEdit& stored : edits) blocks.insert(stored.edit.update.block);
  std::vector<KeyMoment> moments;
  for (const int block : blocks) {
    auto editor = Editor::create(model, {.layer = block, .threads = threads});
    if (!editor) return std::unexpected(editor.error());
    if (const auto used = use_statistics(*editor, model, {}, cancel); !used) return std::unexpected(used.error());
    auto moment = editor->key_moment();
    if (!moment) return std::unexpected(moment.error());
    moments.push_back(std::move(*moment));
  }
  return moments;
}

Status draft(const Delivery& delivery, const ExportVerb& verb, const Model& model, const OutputFile& file,
             std::span<const StoredEdit> edits, bool adapter, const CancelToken& cancel) {
  if (adapter) return delivery.draft_adapter(file, edits, verb.no_ask ? Proof::read_back : Proof::asked);
  if (!verb.same_type) return delivery.draft_model(file, edits);
  const auto moments = moments_of(model, edits, verb.run.threads, cancel);
  if (!moments) return std::unexpected(moments.error());
  return delivery.draft_same_type(file, edits, *moments);
}

/// Before the edited model is in its place: it may be where the only other copy lies.
Status write_undo_patch(const ExportVerb& verb, const Model& model, const OutputFile& file) {
  auto patch_file = OutputFile::reserve(verb.undo_patch, 0, {verb.run.model, file.path()});
  if (!patch_file) return std::unexpected(patch_file.error());
  const auto edited = gguf::File::open(file.draft());
  if (!edited) return std::unexpected(edited.error());
  const auto patch = make_undo_patch(model.file(), *edited);
  if (!patch) return std::unexpected(patch.error());
  if (auto done = io::write_whole(patch_file->draft(), std::as_bytes(std::span(*patch))); !done) return done;
  return patch_file->deliver();
}

/// Where nothing is asked, no block's weights are needed; one is the least that can be loaded.
Result<Model> open_base(const ExportVerb& verb) {
  if (!verb.no_ask) return open_model(verb.run);
  return Model::open(verb.run.model, {.threads = verb.run.threads, .layers = 1});
}

int export_edits(const ExportVerb& verb, const char* kind) {
  const CancelToken cancel = catch_interrupts();
  const auto store = open_store_to_read(verb.store);
  if (!store) return failed(store.error());
  const auto model = open_base(verb);
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
  if (auto done = draft(delivery, verb, *model, *file, edits, adapter, cancel); !done) return failed(done.error());
  if (cancel.requested()) return failed({ErrorCode::cancelled, "stopped; nothing was written", "", ""});
  if (!verb.undo_patch.empty()) {
    if (auto done = write_undo_patch(verb, *model, *file); !done) return failed(done.error());
  }
  if (auto same = model->file().unchanged(); !same) return failed(same.error());
  const auto delivered = deliver(*file, kind);
  if (!delivered) return failed(delivered.error());

  if (!verb.run.json) {
    return finished(
        print_result(fmt::format("{} edit{} in force\n{}", edits.size(), edits.size() == 1 ? "" : "s",
                                 delivered_text(*delivered, verb.no_ask ? Proof::read_back : Proof::asked))));
  }
  auto ids = nlohmann::ordered_json::array();
  for (const StoredEdit& edit : edits) ids.push_back(edit.id);
  return finished(print_json({{"schema", "mobiedit.export/1"},
                              {"model", verb.run.model},
                              {"edits", std::move(ids)},
                              {"kind", delivered->kind},
                              {"path", delivered->path},
                              {"bytes", delivered->bytes},
                              {"asked", !verb.no_ask},
                              {"peak_rss_bytes", peak_rss_bytes()}}));
}

void add_kind(CLI::App& parent, Run& run, const char* kind, const char* description) {
  auto options = std::make_shared<ExportVerb>();
  CLI::App* verb = parent.add_subcommand(kind, description);
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("-o,--output", options->output, "The file to write")->required();
  if (std::string(kind) == "lora") {
    verb->add_flag("--no-ask", options->no_ask,
                   "Compare what was written with the store, number by number, instead of asking every edit again");
  }
  if (std::string(kind) == "gguf") {
    verb->add_flag(
        "--same-type", options->same_type,
        "Keep every type and the size: change integer codes where they serve the edits (Q4_0, Q8_0, Q4_K, Q6_K)");
  }
  if (std::string(kind) == "gguf") {
    verb->add_option("--undo-patch", options->undo_patch, "With --same-type: also write what `mobiedit restore` needs")
        ->needs("--same-type");
  }
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

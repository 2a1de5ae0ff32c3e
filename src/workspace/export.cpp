// Workspace::export_to: the edits in force, in a file.
#include <new>
#include <set>
#include <span>
#include <utility>

#include "io/write_whole.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/undo_patch.h"
#include "workspace/workspace_state.h"
#include "workspace/write_files.h"

namespace mobiedit {
namespace {

/// The moments of every edited layer's keys, from the text that edits would use.
Result<std::vector<KeyMoment>> moments_of(const Model& model, const EditList& edits, const WorkspaceOptions& options,
                                          const Job& job) {
  std::set<int> layers;
  for (const RankOneUpdate* update : rank_one_updates_of(edits)) layers.insert(update->block);
  std::vector<KeyMoment> moments;
  for (const int layer : layers) {
    EditOptions search;
    search.layer = layer;
    search.pool = options.session.pool;
    auto editor = Editor::create(model, std::move(search));
    if (!editor) return std::unexpected(editor.error());
    const auto used = use_statistics(*editor, model, {}, options.cache_folder, job);
    if (!used) return std::unexpected(used.error());
    auto moment = editor->key_moment();
    if (!moment) return std::unexpected(moment.error());
    moments.push_back(std::move(*moment));
  }
  return moments;
}

Status draft(const FileWriter& writer, const OutputFile& file, const EditList& edits, const Model& model,
             const WorkspaceOptions& options, const ExportOptions& what, const Job& job) {
  switch (what.kind) {
    case OutputKind::adapter:
      return writer.draft_adapter(file, edits, what.ask ? Proof::asked : Proof::compared);
    case OutputKind::model:
      return writer.draft_model(file, edits);
    case OutputKind::same_type:
      break;
  }
  const auto moments = moments_of(model, edits, options, job);
  if (!moments) return std::unexpected(moments.error());
  return writer.draft_same_type(file, edits, *moments, options.session.threads);
}

/// Puts the patch in place before the edited model, which may replace the only other copy of the base.
Status write_undo_patch(OutputFile& file, const Model& model, const OutputFile& edited_file) {
  const auto edited = gguf::File::open(edited_file.draft());
  if (!edited) return std::unexpected(edited.error());
  const auto patch = make_undo_patch(model.file(), *edited);
  if (!patch) return std::unexpected(patch.error());
  if (auto done = io::write_whole(file.draft(), std::as_bytes(std::span(*patch))); !done) return done;
  return file.deliver();
}

}  // namespace

Result<ExportReport> Workspace::export_to(OutputFile file, ExportOptions what, const Job& job) const try {
  const State& s = *state_;
  const Model& model = *s.model;
  const auto in_force = this->in_force();
  if (!in_force) return std::unexpected(in_force.error());
  const EditList edits = list_of(*in_force);
  if (edits.empty()) return fail(ErrorCode::usage, "no edit of this model is in force", model.file().path().string());
  const FileWriter writer(model, s.options.session, job);
  if (auto done = draft(writer, file, edits, model, s.options, what, job); !done) return std::unexpected(done.error());
  if (job.cancel.requested()) return fail(ErrorCode::cancelled, "stopped; nothing was written");
  if (what.undo_patch) {
    if (auto done = write_undo_patch(*what.undo_patch, model, file); !done) return std::unexpected(done.error());
  }
  if (auto same = model.file().unchanged(); !same) return std::unexpected(same.error());
  auto delivered = deliver(file, what.kind == OutputKind::adapter ? "lora" : "gguf");
  if (!delivered) return std::unexpected(delivered.error());
  ExportReport report{{}, std::move(*delivered)};
  for (const Edit* edit : edits) report.edits.push_back(edit->id);
  return report;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to export the edits");
}

}  // namespace mobiedit

// The workspace: one model, one store, and the edits in force; everything that a front end does with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/store/change.h"
#include "mobiedit/store/store.h"
#include "mobiedit/workspace/engine.h"
#include "mobiedit/workspace/make_editor.h"
#include "mobiedit/workspace/observer.h"
#include "mobiedit/workspace/output_file.h"
#include "mobiedit/workspace/teach.h"

namespace mobiedit {

struct WorkspaceOptions {
  /// The file that keeps the edits; empty: they live as long as the workspace, and their ids are 0.
  std::filesystem::path store;
  bool store_may_be_missing = true;  ///< a store that is missing counts as empty where it is read
  std::string program = "mobiedit";  ///< named to other programs that find the store locked
  std::string cache_folder;          ///< keeps statistics and layer choices; empty: nothing does
  SessionOptions session;            ///< for answers; threads and pool are the engine's
};

/// Edits made for another model, tried in this one.
struct ApplyReport {
  std::string source;                 ///< fingerprint of the model that they were made for
  std::vector<Edit> edits;            ///< edits of that model, in the order of ids
  std::vector<bool> applied;          ///< one per edit: it answers here and was kept
  std::vector<std::int64_t> new_ids;  ///< ids of the edits that were kept, in order
};

enum class OutputKind {
  adapter,    ///< a LoRA adapter beside the model
  model,      ///< the whole model; edited tensors in the smallest type that keeps the edits
  same_type,  ///< the whole model; every tensor keeps its type and size, integer codes change
};

struct ExportOptions {
  OutputKind kind = OutputKind::adapter;
  /// Every edit is asked again from the written file. False: an adapter is compared with the store, number by number.
  bool ask = true;
  std::optional<OutputFile> undo_patch;  ///< for same_type: gets the bytes that put the base back
};

struct ExportReport {
  std::vector<std::int64_t> edits;  ///< ids, in order
  WrittenFile file;
};

struct VerifyReport {
  std::vector<EditInfo> edits;       ///< edits that the file should hold
  std::vector<bool> answers;         ///< one per edit: the file gives its target
  std::vector<std::string> changed;  ///< tensors that differ from the base
  std::vector<std::string> faults;   ///< one sentence per fault; empty: the file is sound
};

/// Any thread may call any function: those that change edits wait for each other, those that read do not wait.
///
/// Store first, then files: a job adds its edits to the store before it puts any file in its place. If a file then
/// cannot be put there, the store has the edits, and the file can be exported.
class Workspace {
 public:
  /// `model` is one that `engine` opened. Reads nothing yet.
  Workspace(Engine engine, std::shared_ptr<const Model> model, WorkspaceOptions options = {});
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();

  [[nodiscard]] const Engine& engine() const;
  [[nodiscard]] const Model& model() const;
  [[nodiscard]] const WorkspaceOptions& options() const;

  /// The edits in force, read anew, in the order in which they were made. Errors: as Store::open and Store::in_force.
  [[nodiscard]] Result<std::vector<Edit>> in_force() const;

  /// A session with the edits in force, or without any, and with further adapters. The workspace must outlive it.
  /// Errors: as Session::create, Session::set_in_force and in_force.
  [[nodiscard]] Result<Session> session(bool with_edits = true, std::vector<LowRankDelta> adapters = {}) const;
  /// A session with these edits alone in force.
  [[nodiscard]] Result<Session> session(std::span<const Edit> edits) const;

  /// Asks each edit in force, with all of them in force. Errors: as in_force and Session::score.
  struct Answered {
    EditInfo edit;
    bool answers = false;
  };
  [[nodiscard]] Result<std::vector<Answered>> check(const Job& job = {}) const;

  /// Searches an edit for each request, measures it, and keeps those that pass: the answer is right, the limits hold,
  /// and no edit in force breaks, neither an earlier one nor one of this job. Each is searched with all edits in force
  /// that it does not replace. Every request is checked before the first search.
  /// Errors: as Editor::edit; locked (another program changes the store), cancelled, io, verification (a written file
  /// lost an edit), out_of_memory. After an error the store and the outputs are what they were.
  [[nodiscard]] Result<TeachReport> teach(std::span<const EditRequest> requests, TeachOptions options,
                                          const Job& job = {});

  /// Tries the edits of another model of this shape, and keeps those that answer here together with the edits in force.
  /// `source`: the other model's fingerprint, or its beginning; empty: the only other model in the store. Errors: usage
  /// (no such model, or several), bad_model (edits of another shape), and as teach.
  [[nodiscard]] Result<ApplyReport> apply(const std::string& source, const Job& job = {});

  /// Removes, disables or enables edits of the store. Where one neuron serves facts of a subject of which some stay, it
  /// is searched again for those. Errors: usage (no store, no such edit), locked, io, as Editor::edit, and verification
  /// (a fact that stays does not answer); then nothing changed.
  [[nodiscard]] Result<StoreChange> undo(std::span<const std::int64_t> ids, const Job& job = {});
  [[nodiscard]] Result<StoreChange> set_enabled(std::span<const std::int64_t> ids, bool enabled, const Job& job = {});

  /// Writes the edits in force. Errors: usage (there are none), verification (the file lost an edit), io, cancelled,
  /// out_of_memory. After an error the outputs are what they were.
  [[nodiscard]] Result<ExportReport> export_to(OutputFile file, ExportOptions options, const Job& job = {}) const;

  /// Checks an adapter or an edited model against this model, and asks it every edit that it should hold. Errors:
  /// bad_model, io, out_of_memory, cancelled.
  [[nodiscard]] Result<VerifyReport> verify(const std::filesystem::path& file, const Job& job = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit

#include "workspace/write_files.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/try.h"
#include "edit/write/neuron_slots.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/gguf/types.h"
#include "mobiedit/store/adapter.h"
#include "mobiedit/store/baked.h"
#include "mobiedit/store/same_type.h"
#include "workspace/answers.h"
#include "workspace/notes.h"
#include "workspace/percent.h"
#include "workspace/place_neurons.h"

namespace mobiedit {
namespace {

// Number of edits from which on asking an adapter takes long: for each edit it does as much work as the model.
constexpr std::size_t many_edits = 500;

std::string type_change(gguf::TensorType before, gguf::TensorType after) {
  return std::string(gguf::traits(before)->name) + " -> " + std::string(gguf::traits(after)->name);
}

/// A failed write names the output, not its draft.
Error at_output(Error error, const OutputFile& file) {
  if (error.code == ErrorCode::io) error.where = file.path().string();
  return error;
}

std::vector<RankOneUpdate> updates_of(const EditList& edits) {
  std::vector<RankOneUpdate> updates;
  for (const RankOneUpdate* update : rank_one_updates_of(edits)) updates.push_back(*update);
  return updates;
}

}  // namespace

Result<std::vector<LowRankDelta>> FileWriter::deltas_of(const EditList& edits) const {
  MOBIEDIT_TRY(auto changes, changes_of(edits));
  if (changes.neurons.empty()) return std::move(changes.adapters);
  MOBIEDIT_TRY(const auto placed, place_neurons(model_, changes.neurons, Places::anywhere, session_, job_.cancel));
  for (const PlacedNeurons& layer : placed) {
    MOBIEDIT_TRY(auto deltas, slot_deltas(model_.file(), layer.layer, layer.neurons, layer.slots));
    std::ranges::move(deltas, std::back_inserter(changes.adapters));
  }
  return join_deltas(changes.adapters);
}

Status FileWriter::draft_adapter(const OutputFile& file, const EditList& edits, Proof proof) const {
  const ModelConfig& config = model_.config();
  const std::string name = config.name.empty() ? "edits" : config.name + " edits";
  MOBIEDIT_TRY(auto deltas, deltas_of(edits));
  Adapter adapter{config.architecture, name, std::move(deltas), provenance_of(model_.fingerprint(), edits)};
  if (auto written = write_adapter(file.draft(), adapter); !written) {
    written.error().where = file.path().string();
    return written;
  }
  if (proof == Proof::compared) {
    if (auto fits = check_adapter(adapter, model_.file(), file.path().string()); !fits) return fits;
    const auto same = holds_adapter(file.draft(), adapter);
    if (!same) return std::unexpected(same.error());
    if (*same) return {};
    return fail(ErrorCode::verification, "what was written is not what the store has; it was removed again",
                file.path().string());
  }
  auto read = read_adapter(file.draft());
  if (!read) return std::unexpected(read.error());
  if (auto fits = check_adapter(*read, model_.file(), file.path().string()); !fits) return fits;
  adapter = {};
  if (edits.size() >= many_edits) note(job_, "asking all " + std::to_string(edits.size()) + " edits, which takes long");
  auto session = Session::create(model_, session_);
  if (!session) return std::unexpected(session.error());
  if (auto set = session->set_adapters(std::move(read->deltas)); !set) return set;
  return all_answer(*session, model_.tokenizer(), edits, file);
}

Status FileWriter::draft_model(const OutputFile& file, const EditList& edits) const {
  const std::vector<RankOneUpdate> updates = updates_of(edits);
  const bool neurons = updates.size() < edits.size();
  std::vector<LowRankDelta> deltas;
  if (neurons) {
    MOBIEDIT_TRY(deltas, deltas_of(edits));
  }
  const auto provenance = provenance_of(model_.fingerprint(), edits);
  Status held;
  for (const std::optional<gguf::TensorType> type :
       {std::optional<gguf::TensorType>{}, std::optional{gguf::TensorType::f16},
        std::optional{gguf::TensorType::f32}}) {
    const BakeOptions options{.type = type};
    const auto baked = neurons ? write_baked(file.draft(), model_.file(), deltas, provenance, options)
                               : write_baked(file.draft(), model_.file(), updates, provenance, options);
    if (!baked) return std::unexpected(at_output(baked.error(), file));
    for (const BakedTensor& tensor : *baked) {
      detail(job_, tensor.name + ": " + type_change(tensor.before, tensor.after) + ", off by " +
                       percent(100 * tensor.update_error, 2) + " % of the update");
    }
    held = model_answers(file, edits);
    if (held || held.error().code != ErrorCode::verification) return held;
  }
  return held;
}

Status FileWriter::draft_same_type(const OutputFile& file, const EditList& edits, std::span<const KeyMoment> moments,
                                   int threads) const {
  const std::vector<RankOneUpdate> updates = updates_of(edits);
  MOBIEDIT_TRY(const auto changes, changes_of(edits));
  MOBIEDIT_TRY(const auto placed, place_neurons(model_, changes.neurons, Places::whole_blocks, session_, job_.cancel));
  const auto flipped = write_same_type(file.draft(), model_.file(), updates, moments, threads, placed);
  if (!flipped) return std::unexpected(at_output(flipped.error(), file));
  for (const FlippedTensor& tensor : *flipped) {
    const double changed = 100.0 * static_cast<double>(tensor.changed) / static_cast<double>(tensor.codes);
    detail(job_, tensor.name + ": " + std::string(gguf::traits(tensor.type)->name) + ", " + percent(changed, 1) +
                     " % of the codes changed, off by " + percent(100 * tensor.update_error, 2) + " % of an update, " +
                     percent(100 * tensor.side_effect, 1) + " % elsewhere");
  }
  return model_answers(file, edits);
}

Status FileWriter::model_answers(const OutputFile& file, const EditList& edits) const {
  ModelOptions options;
  options.pool = session_.pool;
  const auto edited = Model::open(file.draft(), options);
  if (!edited) return std::unexpected(edited.error());
  auto session = Session::create(*edited, session_);
  if (!session) return std::unexpected(session.error());
  return all_answer(*session, edited->tokenizer(), edits, file);
}

Status FileWriter::all_answer(Session& session, const Tokenizer& tokenizer, const EditList& edits,
                              const OutputFile& file) const {
  const auto answers = answering(session, tokenizer, edits, job_.cancel);
  if (!answers) return std::unexpected(answers.error());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if ((*answers)[i]) continue;
    const Edit& edit = *edits[i];
    const std::string number = edit.id > 0 ? "edit " + std::to_string(edit.id) + ", " : "";
    return fail(ErrorCode::verification,
                "what was written does not answer \"" + edit.request.target_new + "\" for " + edit.request.subject +
                    " (" + number + filled_prompt(edit.request.prompt, "...") + "); it was removed again",
                file.path().string(), edit.id > 0 ? "undo or disable that edit, or make it anew" : "");
  }
  return {};
}

Result<WrittenFile> deliver(OutputFile& file, const char* kind) {
  if (auto done = file.deliver(); !done) return std::unexpected(done.error());
  std::error_code ignored;
  return WrittenFile{kind, file.path(), std::filesystem::file_size(file.path(), ignored)};
}

}  // namespace mobiedit

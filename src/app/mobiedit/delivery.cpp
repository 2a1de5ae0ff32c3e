#include "app/mobiedit/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "app/common/console.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/store/adapter.h"
#include "mobiedit/store/baked.h"
#include "mobiedit/store/same_type.h"

namespace mobiedit::cli {
namespace {

Provenance provenance_of(const Model& model, std::span<const StoredEdit> edits) {
  Provenance provenance{MOBIEDIT_VERSION, model.fingerprint(), {}};
  for (const StoredEdit& stored : edits) {
    const EditRequest& request = stored.edit.request;
    provenance.edits.push_back(
        {request.subject, request.prompt, request.target_new, stored.method, stored.edit.update.block, stored.seed});
  }
  return provenance;
}

// An adapter of so many takes as much work as the model under it, for each of so many questions.
constexpr std::size_t many_edits = 500;

}  // namespace

std::vector<RankOneUpdate> updates_of(std::span<const StoredEdit> edits) {
  std::vector<RankOneUpdate> updates;
  updates.reserve(edits.size());
  for (const StoredEdit& stored : edits) updates.push_back(stored.edit.update);
  return updates;
}

Result<std::vector<LowRankDelta>> deltas_of(std::span<const StoredEdit> edits) {
  if (edits.empty()) return std::vector<LowRankDelta>();
  std::vector<const RankOneUpdate*> updates;
  updates.reserve(edits.size());
  for (const StoredEdit& stored : edits) updates.push_back(&stored.edit.update);
  return stack_updates(updates);
}

Result<std::vector<bool>> answering(Session& session, const Tokenizer& tokenizer, std::span<const StoredEdit> edits,
                                    const CancelToken& cancel) {
  std::vector<ScoredText> texts;
  texts.reserve(edits.size());
  for (const StoredEdit& stored : edits) {
    const EditRequest& request = stored.edit.request;
    texts.push_back(
        scored_answer(tokenizer, filled_prompt(request.prompt, request.subject), trimmed(request.target_new)));
  }
  const auto scores = session.score(texts, cancel);
  if (!scores) return std::unexpected(scores.error());
  std::vector<bool> answers;
  for (const Score& score : *scores) answers.push_back(score.greedy);
  return answers;
}

Status Delivery::draft_adapter(const OutputFile& file, std::span<const StoredEdit> edits, Proof proof) const {
  const ModelConfig& config = model_.config();
  const std::string name = config.name.empty() ? "edits" : config.name + " edits";
  auto deltas = deltas_of(edits);
  if (!deltas) return std::unexpected(deltas.error());
  Adapter adapter{config.architecture, name, std::move(*deltas), provenance_of(model_, edits)};
  auto written = write_adapter(file.draft(), adapter);
  if (!written) {
    written.error().where = file.path().string();
    return written;
  }
  if (proof == Proof::read_back) {
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
  if (edits.size() >= many_edits) {
    say(fmt::format("asking all {} edits, which takes long; --no-ask compares the file with the store instead",
                    edits.size()));
  }
  auto session = Session::create(model_, run_.session());
  if (!session) return std::unexpected(session.error());
  if (auto set = session->set_adapters(std::move(read->deltas)); !set) return set;
  return all_answer(*session, model_.tokenizer(), edits, file);
}

Status Delivery::draft_model(const OutputFile& file, std::span<const StoredEdit> edits) const {
  const auto updates = updates_of(edits);
  const auto provenance = provenance_of(model_, edits);
  Status held;
  for (const std::optional<gguf::TensorType> type :
       {std::optional<gguf::TensorType>{}, std::optional{gguf::TensorType::f16},
        std::optional{gguf::TensorType::f32}}) {
    const auto baked = write_baked(file.draft(), model_.file(), updates, provenance, {.type = type});
    if (!baked) {
      Error error = baked.error();
      if (error.code == ErrorCode::io) error.where = file.path().string();
      return std::unexpected(error);
    }
    if (run_.verbose) {
      for (const BakedTensor& tensor : *baked) {
        say(fmt::format("{}: {} -> {}, off by {:.2f} % of the update", tensor.name, gguf::traits(tensor.before)->name,
                        gguf::traits(tensor.after)->name, 100 * tensor.update_error));
      }
    }
    held = model_answers(file, edits);
    if (held || held.error().code != ErrorCode::verification) return held;
  }
  return held;
}

Status Delivery::draft_same_type(const OutputFile& file, std::span<const StoredEdit> edits,
                                 std::span<const KeyMoment> moments) const {
  const auto flipped = write_same_type(file.draft(), model_.file(), updates_of(edits), moments, run_.threads);
  if (!flipped) {
    Error error = flipped.error();
    if (error.code == ErrorCode::io) error.where = file.path().string();
    return std::unexpected(error);
  }
  if (run_.verbose) {
    for (const FlippedTensor& tensor : *flipped) {
      say(fmt::format("{}: {}, {:.1f} % of the codes changed, off by {:.2f} % of an update, {:.1f} % elsewhere",
                      tensor.name, gguf::traits(tensor.type)->name,
                      100.0 * static_cast<double>(tensor.changed) / static_cast<double>(tensor.codes),
                      100 * tensor.update_error, 100 * tensor.side_effect));
    }
  }
  return model_answers(file, edits);
}

Status Delivery::model_answers(const OutputFile& file, std::span<const StoredEdit> edits) const {
  auto options = run_;
  options.model = file.draft().string();
  options.verbose = false;
  const auto edited = open_model(options);
  if (!edited) return std::unexpected(edited.error());
  auto session = Session::create(*edited, run_.session());
  if (!session) return std::unexpected(session.error());
  return all_answer(*session, edited->tokenizer(), edits, file);
}

Status Delivery::all_answer(Session& session, const Tokenizer& tokenizer, std::span<const StoredEdit> edits,
                            const OutputFile& file) const {
  const auto answers = answering(session, tokenizer, edits, cancel_);
  if (!answers) return std::unexpected(answers.error());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if ((*answers)[i]) continue;
    const EditRequest& request = edits[i].edit.request;
    const std::string which = edits[i].id > 0 ? fmt::format("edit {}, ", edits[i].id) : "";
    return fail(ErrorCode::verification,
                fmt::format("what was written does not answer \"{}\" for {} ({}{}); it was removed again",
                            request.target_new, request.subject, which, filled_prompt(request.prompt, "...")),
                file.path().string(), edits[i].id > 0 ? "undo or disable that edit, or make it anew" : "");
  }
  return {};
}

Result<DeliveredFile> deliver(OutputFile& file, const char* kind) {
  if (auto done = file.deliver(); !done) return std::unexpected(done.error());
  std::error_code ignored;
  return DeliveredFile{kind, file.path().string(), std::filesystem::file_size(file.path(), ignored)};
}

std::string delivered_text(const DeliveredFile& file, Proof proof) {
  return fmt::format("{}  {}, read back and {}\n", file.path, human_bytes(file.bytes),
                     proof == Proof::asked ? "asked again" : "equal to the store; no edit was asked");
}

}  // namespace mobiedit::cli

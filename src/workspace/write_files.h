// Writes edits into files: each file is drafted, read back and asked before it may take its place.
#pragma once

#include <functional>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/key_moment.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/workspace/observer.h"
#include "mobiedit/workspace/output_file.h"
#include "mobiedit/workspace/teach.h"
#include "workspace/edit_list.h"

namespace mobiedit {

/// The proof that a draft is what it should be.
enum class Proof {
  asked,     ///< read back, and every edit answers from it
  compared,  ///< read back, and every number in it is the edits'
};

/// Writes edits of one model into drafts. Borrows all that it is given.
class FileWriter {
 public:
  FileWriter(const Model& model, const SessionOptions& session, const Job& job)
      : model_(model), session_(session), job_(job) {}

  // Errors of all: verification (an edit got lost), io, out_of_memory, cancelled.
  [[nodiscard]] Status draft_adapter(const OutputFile& file, const EditList& edits, Proof proof) const;
  /// Tries the smallest tensor type that keeps the edits by calculation first, then finer ones, until all edits answer.
  [[nodiscard]] Status draft_model(const OutputFile& file, const EditList& edits) const;
  /// Changes integer codes; every tensor keeps its type and size.
  [[nodiscard]] Status draft_same_type(const OutputFile& file, const EditList& edits,
                                       std::span<const KeyMoment> moments, int threads) const;

 private:
  /// The changes of weights that a file holds: one delta per tensor, all of one rank.
  [[nodiscard]] Result<std::vector<LowRankDelta>> deltas_of(const EditList& edits) const;
  Status model_answers(const OutputFile& file, const EditList& edits) const;
  Status all_answer(Session& session, const Tokenizer& tokenizer, const EditList& edits, const OutputFile& file) const;

  const Model& model_;
  const SessionOptions& session_;
  const Job& job_;
};

/// Puts the draft in its place. Errors: io.
[[nodiscard]] Result<WrittenFile> deliver(OutputFile& file, const char* kind);

}  // namespace mobiedit

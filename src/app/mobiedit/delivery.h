// Edits on their way out: written beside their place, and asked again from what was written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/common/model_options.h"
#include "app/common/output_file.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/key_moment.h"
#include "mobiedit/model/session.h"
#include "mobiedit/store/store.h"

namespace mobiedit::cli {

struct DeliveredFile {
  std::string kind;  ///< "lora" or "gguf"
  std::string path;
  std::uint64_t bytes = 0;
};

/// The updates of edits, in their order.
[[nodiscard]] std::vector<RankOneUpdate> updates_of(std::span<const StoredEdit> edits);

/// The edits together as deltas for a session; none for none.
[[nodiscard]] Result<std::vector<LowRankDelta>> deltas_of(std::span<const StoredEdit> edits);

/// For each edit, whether greedy generation from its prompt gives its target, exactly.
[[nodiscard]] Result<std::vector<bool>> answering(Session& session, const Tokenizer& tokenizer,
                                                  std::span<const StoredEdit> edits, const CancelToken& cancel);

/// What is found out about a file before it is delivered.
enum class Proof {
  asked,      ///< read back, and every edit answers from it
  read_back,  ///< read back, and every number in it is the store's
};

/// Writes edits of one model. Borrows what it is given.
class Delivery {
 public:
  Delivery(const Model& model, const RunOptions& run, const CancelToken& cancel)
      : model_(model), run_(run), cancel_(cancel) {}

  // The draft of `file` is written and measured. Errors: verification (an edit got lost), io, out_of_memory, cancelled.
  [[nodiscard]] Status draft_adapter(const OutputFile& file, std::span<const StoredEdit> edits,
                                     Proof proof = Proof::asked) const;
  /// Tries the smallest type that keeps the edits on paper first, then finer ones, until the answers agree.
  [[nodiscard]] Status draft_model(const OutputFile& file, std::span<const StoredEdit> edits) const;
  /// Changes codes and keeps types and size.
  [[nodiscard]] Status draft_same_type(const OutputFile& file, std::span<const StoredEdit> edits,
                                       std::span<const KeyMoment> moments) const;

 private:
  Status model_answers(const OutputFile& file, std::span<const StoredEdit> edits) const;
  Status all_answer(Session& session, const Tokenizer& tokenizer, std::span<const StoredEdit> edits,
                    const OutputFile& file) const;

  const Model& model_;
  const RunOptions& run_;
  const CancelToken& cancel_;
};

/// Puts the draft in its place.
[[nodiscard]] Result<DeliveredFile> deliver(OutputFile& file, const char* kind);

/// "rome.gguf  45.1 MiB, read back and asked again"
[[nodiscard]] std::string delivered_text(const DeliveredFile& file, Proof proof = Proof::asked);

}  // namespace mobiedit::cli

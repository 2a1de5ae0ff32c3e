// Finds the rank-one update that makes a model know a fact, by forward passes alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/evidence.h"
#include "mobiedit/edit/key_moment.h"
#include "mobiedit/edit/methods.h"
#include "mobiedit/edit/request.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

class ThreadPool;

/// How evaluations are computed. For experiments: whatever is chosen, the edit is the same but for rounding.
struct EvaluationOptions {
  bool prefix_cache = true;                     ///< false: every token through every block, in every evaluation
  bool batched = true;                          ///< false: a forward pass for each context at each δ
  Activations activations = Activations::int8;  ///< what a search's products with integer weights read
};

struct EditOptions {
  std::string method = "subspace";  ///< a value search of all_methods()
  std::optional<int> layer;         ///< the edited block; none: by the model's shape (choose_layer measures)
  std::optional<double> clamp;      ///< ‖δ‖ at most this many ‖v₀‖; none: likewise
  int max_evaluations = 800;        ///< forward evaluations, each of all contexts at one δ
  std::uint64_t seed = 0;
  int threads = 0;                   ///< 0: one for each processor
  std::shared_ptr<ThreadPool> pool;  ///< shared worker threads (Engine::pool); none: `threads` of its own
  std::optional<std::vector<std::string>> prefixes;  ///< contexts besides the bare prompt; none: a fixed few sentences
  /// Where the two likeliest tokens after the bare prompt have at most this probability the model has no answer of its
  /// own: then the target is taught behind general wordings too ("{} is"), so that other wordings find it; other
  /// questions about that subject may then get it as well. 0: never, 1: always; none: by the model, and never where
  /// that was not measured (docs/method.md).
  std::optional<double> sure;
  std::vector<MethodSetting> settings;  ///< in place of the method's defaults; later ones win
  EvaluationOptions evaluation;
  /// Values are as short as can be in the metric of running text: where it looks least. For models that are to bear
  /// many edits. set_statistics learns it, with a backward pass of its own.
  bool text_metric = false;
  int blocks = 1;  ///< up to the edited one, that `together` may write to: set_statistics learns of the keys of each
  int keep_off =
      1000;  ///< of more kept edits than this a new one keeps off the nearest so many, as their keys take time
};

/// After each step of the search.
struct EditProgress {
  int step = 0;
  int evaluations = 0;
  int max_evaluations = 0;
  double loss = 0;                ///< mean NLL a target token + weighted KL
  double target_probability = 0;  ///< exp(−mean token NLL) over the contexts
  double seconds = 0;             ///< since the edit began
};
using EditProgressFn = std::function<void(const EditProgress&)>;

/// How many edits become one update, and how strongly what other keys give is held on to.
struct TogetherOptions {
  std::string method = "memit";  ///< a mass edit of all_methods()
  double memit_ridge = 30;       ///< λ: as many tokens of running text count as one key of an edit
  double alphaedit_ridge = 1;    ///< L2
  double alphaedit_share = 0.1;  ///< of the keys' variance that counts as unused
  int blocks = 1;  ///< so many blocks, up to the edited one, share each change; at most EditOptions::blocks
};

class Objective;

/// Borrows the model, which must outlive it and is never changed. One thread at a time.
class Editor {
 public:
  /// Errors: usage (unknown method or setting of it, a block, clamp or probability out of range).
  [[nodiscard]] static Result<Editor> create(const Model& model, EditOptions options = {});

  Editor(Editor&&) noexcept;
  Editor& operator=(Editor&&) noexcept;
  ~Editor();

  /// The second moment of keys at the edited block, from running text: makes updates touch other keys less.
  /// About 10·f tokens are enough. Without it the update is along the key itself. Cached in `cache_folder`, by model,
  /// block and text, if that is not empty. Errors: usage (too little text), io, cancelled, out_of_memory.
  [[nodiscard]] Status set_statistics(std::string_view text, const std::string& cache_folder = {},
                                      const CancelToken& cancel = {});

  /// Adapters in force underneath, in place of all that was so far. Errors: usage, as Session::set_adapters.
  [[nodiscard]] Status set_adapters(std::vector<LowRankDelta> adapters);

  /// An edit that was made before, or a block's part of one: in force underneath like an adapter, and later updates of
  /// that block keep off its keys, so that it still answers after many of them. Until set_adapters is called. Errors:
  /// as `edit`'s usage errors, out_of_memory; then nothing changed.
  [[nodiscard]] Status keep(const EditRequest& request, const RankOneUpdate& update);

  /// In place of EditOptions::evaluation, for later edits.
  void set_evaluation(const EvaluationOptions& evaluation);

  /// Whether a search for this request could begin: what `edit` would refuse is refused here, at once.
  /// Errors: as `edit`'s usage errors.
  [[nodiscard]] Status check(const EditRequest& request) const;

  /// Searches, builds the update, and measures it in memory; nothing is written and the model stays as it is.
  /// An edit that fell short is returned with evidence.success == false: the caller decides.
  /// Errors: usage (a prompt without {}, an empty or too long target, a subject that isn't found), cancelled.
  [[nodiscard]] Result<Edit> edit(const EditRequest& request, const EditProgressFn& progress = {},
                                  const CancelToken& cancel = {});

  /// One update of the block from edits that were found alone: their values stay, their directions are chosen anew so
  /// that each edit's keys get its value and the others' keys don't. In the edits' order; it is the sum of them that
  /// counts, and is to be measured by the caller. With several blocks each, from the first on, writes an equal share of
  /// what is still missing from what leaves the edited block, with keys as the earlier ones left them (MEMIT); the
  /// updates are then in order of blocks, and within a block of edits. Adapters in force stay underneath; memit keeps
  /// off what was kept, too. Errors: usage (an unknown method, no edits, edits of another block, alphaedit without
  /// statistics, more blocks than the editor was made for), cancelled, out_of_memory.
  [[nodiscard]] Result<std::vector<RankOneUpdate>> together(std::span<const Edit> edits,
                                                            const TogetherOptions& options = {},
                                                            const CancelToken& cancel = {});

  /// What set_statistics learnt of the edited block's keys; no values where it was not called.
  /// Errors: out_of_memory (f × f floats).
  [[nodiscard]] Result<KeyMoment> key_moment() const;

  /// For this library's own experiments: gives `work` the objective that `edit` would search, with a gradient. Errors:
  /// as `edit`'s, and work's own.
  [[nodiscard]] Status with_objective(const EditRequest& request, const std::function<Status(Objective&)>& work,
                                      const CancelToken& cancel = {});

  /// The block that is edited.
  [[nodiscard]] int layer() const;

 private:
  struct State;
  class Underneath;
  explicit Editor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The update as a delta of "blk.<block>.ffn_down.weight", for sessions and adapters.
[[nodiscard]] LowRankDelta to_low_rank(const RankOneUpdate& update);

}  // namespace mobiedit

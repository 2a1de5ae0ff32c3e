// Editor: finds the update, of rank one or a neuron, that makes a model know a fact, by forward passes alone.
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
#include "mobiedit/edit/edit.h"
#include "mobiedit/edit/key_moment.h"
#include "mobiedit/edit/mass_edit.h"
#include "mobiedit/model/changes.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/search/methods.h"

namespace mobiedit {

class ThreadPool;

/// How evaluations are computed. Every choice gives the same edit but for rounding; experiments compare their costs.
struct EvaluationOptions {
  bool prefix_cache = true;                     ///< false: every evaluation runs all tokens through all layers
  bool batched = true;                          ///< false: each forward pass has one context at one δ
  Activations activations = Activations::int8;  ///< bits of activations in products with integer weights
};

/// The way an edit is written into its layer.
enum class WriteKind : std::uint8_t {
  rank_one,  ///< a rank-one update of the down weight (ROME)
  neuron     ///< one neuron beside the layer's own, for one subject
};

/// Settings of a neuron and of the texts that its value is searched on.
struct NeuronOptions {
  double threshold = 0.6;  ///< θ: score below which the neuron adds nothing, between 0 and 1
  /// κ: weight of an input at a made-up name, where an input of running text has weight 1.
  double contrast_weight = 0.0015;
  int statements = 3;  ///< at most this many further statements of each fact, where its relation is known
  int own_words = 20;  ///< length of the model's own answer about the subject that the search preserves, in tokens
  double own_words_weight = 0.5;    ///< weight of that answer's divergence in the loss
  double other_facts_weight = 0.5;  ///< weight in the loss of the divergence of answers about the subject's other facts
  int refinement = 200;             ///< limit of evaluations of all texts, after a search on the statements alone
};

struct EditOptions {
  std::optional<WriteKind> write;  ///< none: rank-one here; a Workspace takes usual_write()
  NeuronOptions neuron;
  std::string method = "subspace";  ///< a value search of all_methods()
  /// The edited layer, from 0. None: the built-in table's, else a usual one (see choose_layer).
  std::optional<int> layer;
  std::optional<double> clamp;       ///< longest δ, in ‖v₀‖; none: the built-in table's, else 8
  int max_evaluations = 800;         ///< limit of forward evaluations, each of all contexts at one δ
  std::uint64_t seed = 0;            ///< seed of the search's random numbers
  int threads = 0;                   ///< worker threads; 0: one per processor
  std::shared_ptr<ThreadPool> pool;  ///< shared worker threads (Engine::pool); none: `threads` of its own
  std::optional<std::vector<std::string>>
      prefixes;  ///< sentences before the prompt, a context each; none: built-in ones
  /// Confidence, 0 to 1, up to which the model counts as having no answer of its own: the joint probability of the two
  /// tokens that it would say after the prompt. Such a subject is taught the target in general wordings too ("{} is"),
  /// so that other questions find it. Questions about other facts of the subject may then get it as well. 0: never, 1:
  /// always; none: the built-in table's, else 0.
  std::optional<double> confidence_threshold;
  std::vector<MethodSetting> settings;  ///< replace defaults of the method; of two with one name the later counts
  EvaluationOptions evaluation;
  /// Measures the length of δ in the Fisher metric of running text, so that an edit disturbs other text least; for
  /// models that get many edits. set_statistics then learns the metric, with a backward pass.
  bool fisher_metric = false;
  int layers = 1;             ///< limit of layers that mass_edit may spread an edit over, the edited one included
  int most_preserved = 1000;  ///< preserve at most this many earlier edits; beyond it, those whose keys are nearest
};

/// After each step of a search.
struct EditProgress {
  int step = 0;
  int evaluations = 0;
  int max_evaluations = 0;
  double loss = 0;                ///< mean negative log-likelihood per target token + weighted KL, nats
  double target_probability = 0;  ///< exp(mean log-likelihood per target token) over the contexts, 0 to 1
  double seconds = 0;             ///< since the edit began
};
using EditProgressFn = std::function<void(const EditProgress&)>;

/// Facts in force of a request's subject. A neuron is found for all of them and the request together; a rank-one
/// update, for the request alone.
struct SubjectFacts {
  /// Facts in the order in which they were made, without the one that the request replaces.
  std::vector<EditRequest> others;
  std::optional<Neuron>
      from;  ///< the neuron that has served them so far, not in force now; the search starts from its `down`
};

class Objective;

/// Borrows the model, which must outlive it and never changes. Use it from one thread at a time. set_statistics,
/// set_in_force and preserve may come in any order, and none of them has to; an edit uses what there is when it begins.
class Editor {
 public:
  /// Errors: usage (an unknown method or setting, a layer, clamp, count or probability out of range), out_of_memory.
  [[nodiscard]] static Result<Editor> create(const Model& model, EditOptions options = {});

  Editor(Editor&&) noexcept;
  Editor& operator=(Editor&&) noexcept;
  ~Editor();

  /// Learns the key covariance C = E[k kᵀ] of the layers that may be edited, the mean Jacobian, and the Fisher metric
  /// if it was asked for, from running text with the edits in force now. Updates then disturb keys of other text less.
  /// Ten times as many tokens as the feed-forward size are enough. Without it an update goes along the key itself.
  /// Results are cached in the existing folder `cache_folder`, unless that is empty, keyed by model, layer, text and
  /// the edits in force. Errors: usage (too little text), io, cancelled, out_of_memory; then the statistics are those
  /// from before.
  [[nodiscard]] Status set_statistics(std::string_view text, const std::string& cache_folder = {},
                                      const CancelToken& cancel = {});

  /// As set_statistics, for a user who gives no text: from a short built-in text and, for a chat model, from turns of
  /// its own chat template with its own answers. They are rougher than those of a long text, and take some seconds for
  /// a model of a hundred million weights. Returns their name in the cache, a fingerprint of 32 hexadecimal digits.
  /// `measuring` is called once where they are not cached; it may be empty. Errors: io, cancelled, out_of_memory; then
  /// the statistics are those from before.
  [[nodiscard]] Result<std::string> set_default_statistics(const std::string& cache_folder = {},
                                                           const std::function<void()>& measuring = {},
                                                           const CancelToken& cancel = {});

  /// Puts these changes in force under later edits, in place of all changes and preserved edits. Errors: usage, as
  /// Session::set_in_force; then nothing changed.
  [[nodiscard]] Status set_in_force(Changes changes);

  /// Puts an earlier edit in force. Later rank-one updates of a rank-one edit's layer then change the output at its
  /// keys as little as possible, so that it still answers after many of them; a neuron needs no such care. `update` is
  /// the edit's, or one layer's part of it. `general_wordings` is EditEvidence::wordings of that edit: its keys are
  /// taken from the contexts it was found on. Lasts until set_in_force. Errors: usage as those of edit(),
  /// out_of_memory; then nothing changed.
  [[nodiscard]] Status preserve(const EditRequest& request, const Update& update, int general_wordings);

  /// Replaces EditOptions::evaluation, for later edits.
  void set_evaluation(const EvaluationOptions& evaluation);

  /// Refuses at once each request that edit() would refuse. Errors: usage as those of edit().
  [[nodiscard]] Status check(const EditRequest& request) const;

  /// Searches δ, builds the update and measures it in memory. Writes nothing; the model and what is in force stay as
  /// they are. An edit that did not succeed is returned with evidence.success == false: the caller decides. The result
  /// depends on model, options, request, `together` and what is in force, not on the number of threads. Errors: usage
  /// (a prompt without {}, an empty or too long target, a subject that is not found), cancelled, out_of_memory.
  [[nodiscard]] Result<Edit> edit(const EditRequest& request, const EditProgressFn& progress = {},
                                  const CancelToken& cancel = {}, const SubjectFacts& together = {});

  /// Makes one update for many edits that edit() found alone (MEMIT, AlphaEdit). Each edit keeps its δ; their
  /// directions are solved jointly, so that an edit's keys get its δ and the others' keys get none of it. With several
  /// layers each one, in order, writes an equal share of what is still missing from the edited layer's output, with
  /// keys as the layers before left them. Edits in force stay in force; MEMIT also preserves the preserved ones.
  /// Returns updates in order of layers, within a layer in order of `edits`; only their sum has a meaning, and the
  /// caller measures it. Errors: usage (an unknown method, no edits, edits of another layer, neurons, a method that
  /// needs statistics without them, more layers than EditOptions::layers), cancelled, out_of_memory.
  [[nodiscard]] Result<std::vector<RankOneUpdate>> mass_edit(std::span<const Edit> edits,
                                                             const MassEditOptions& options = {},
                                                             const CancelToken& cancel = {});

  /// The edited layer's C as set_statistics learnt it; without values before that. Errors: out_of_memory (f × f
  /// floats).
  [[nodiscard]] Result<KeyMoment> key_moment() const;

  /// For experiments of this library: calls `work` with the objective that edit() would search, which has a gradient.
  /// Errors: those of edit(), and those of `work`.
  [[nodiscard]] Status with_objective(const EditRequest& request, const std::function<Status(Objective&)>& work,
                                      const CancelToken& cancel = {});

  /// The edited layer, from 0.
  [[nodiscard]] int layer() const;

  /// True where edit() finds neurons, false where it finds rank-one updates.
  [[nodiscard]] bool finds_neurons() const;

 private:
  struct State;
  explicit Editor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit

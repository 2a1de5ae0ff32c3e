// State of an editor: what it was made with, what it has learnt, and what is in force under it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "backend/cpu/tape.h"
#include "backend/forward_pass.h"
#include "base/thread_pool.h"
#include "edit/active_edits.h"
#include "edit/chat_format.h"
#include "edit/contexts.h"
#include "edit/edit_objective.h"
#include "edit/layer_choice.h"
#include "edit/statistics/statistics.h"
#include "edit/write/neuron_geometry.h"
#include "edit/write/preserved_edits.h"
#include "edit/write/write.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/search/methods.h"

namespace mobiedit {

struct Editor::State {
  State(const Model& model, EditOptions options, LayerChoice choice);

  const Model& model;
  EditOptions options;
  LayerChoice choice;
  const MethodInfo& method;
  std::shared_ptr<ThreadPool> pool;
  std::unique_ptr<ForwardPass> forward;
  double down_norm = 0;  ///< ‖W‖ of the edited layer's down weight, Frobenius
  Statistics statistics;
  std::unique_ptr<Tape> tape;  ///< made when a search first asks for a gradient
  ActiveEdits active;
  std::map<int, PreservedEdits> preserved;  ///< preserved edits by layer
  std::optional<ChatFormat> chat;           ///< for neurons: the model's chat format, if it has one
  std::optional<NeuronGeometry> geometry;   ///< for neurons: made by set_statistics

  /// Everything in force, in the arithmetic of searches; valid until the active edits change.
  [[nodiscard]] PassOptions pass() const;
  /// Everything in force, in the arithmetic of statistics, which does not depend on that of searches.
  [[nodiscard]] PassOptions statistics_pass() const;
  [[nodiscard]] bool writes_to(int layer) const {
    return layer <= choice.layer && layer > choice.layer - options.layers;
  }

  /// Contexts that an edit is searched on: with general wordings where the model has no answer of its own.
  [[nodiscard]] Result<ContextSet> contexts_of(const EditRequest& request);
  /// The contexts that an earlier edit was searched on. `general_wordings`: EditEvidence::wordings of that edit.
  [[nodiscard]] Result<ContextSet> contexts_as_found(const EditRequest& request, int general_wordings) const;
  /// S k of each of `keys` [n, f] of a layer: C⁻¹ k, or k itself without statistics, constrained by preserved edits.
  [[nodiscard]] std::vector<float> solved(int layer, const std::vector<float>& keys);

  struct Prepared {
    std::unique_ptr<Write> write;
    std::unique_ptr<EditObjective> objective;
  };
  /// The objective that a search gets, and the write it was made for. The state must not change while it is used.
  [[nodiscard]] Result<Prepared> prepare(const EditRequest& request, const SubjectFacts& together, bool gradient,
                                         const CancelToken& cancel);
  [[nodiscard]] Result<ContextSet> prepare_rank_one(const EditRequest& request, Prepared& prepared);
  [[nodiscard]] Result<ContextSet> prepare_neuron(const EditRequest& request, const SubjectFacts& together,
                                                  Prepared& prepared, const CancelToken& cancel);
  /// The model's answer, with what is in force, to a request to tell of the subject; empty where it does not chat.
  [[nodiscard]] Result<std::vector<Token>> own_words_about(const std::string& subject, const CancelToken& cancel);
  /// Learns the statistics of the way in which this editor writes; `source` says from what. Errors: those of
  /// Statistics::learn and of NeuronGeometry::create; then the statistics are those from before.
  [[nodiscard]] Status learn(StatisticsSource source, const CancelToken& cancel);
  [[nodiscard]] bool writes_neurons() const { return options.write.value_or(WriteKind::rank_one) == WriteKind::neuron; }
};

}  // namespace mobiedit

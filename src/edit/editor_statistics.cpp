// The editor's statistics: from a text that the user gives, or from its own rows.
#include <new>
#include <string>
#include <utility>

#include "base/try.h"
#include "edit/editor_state.h"
#include "edit/statistics/cache.h"
#include "edit/statistics/default_rows.h"
#include "edit/statistics/plain_text.h"

namespace mobiedit {
namespace {

// A rough mean Jacobian is enough for a search's first guess; the whole one takes longer than some edits together.
constexpr JacobianEffort default_effort{.sentences = 48, .probes = 16};

}  // namespace

Status Editor::State::learn(StatisticsSource source, const CancelToken& cancel) {
  // Neurons are silent on other text: statistics without them serve all edits.
  const Changes& in_force = active.changes();
  source.active_edits = edits_fingerprint(writes_neurons() ? Changes{in_force.adapters, {}} : in_force);
  source.layer = choice.layer;
  source.layers = options.layers;
  source.inputs = writes_neurons();
  source.keys = !writes_neurons();
  source.chat = chat ? &*chat : nullptr;
  // The metric's tape is dropped once it is used: it holds the weights of later layers in float32.
  if (options.fisher_metric) source.make_tape = [this] { return Tape::create(model, *pool, choice.layer + 1); };
  MOBIEDIT_TRY(Statistics learnt, Statistics::learn(model, *forward, statistics_pass(), source, cancel));
  std::optional<NeuronGeometry> made;
  if (const InputMoment* inputs = learnt.inputs()) {
    MOBIEDIT_TRY(made, NeuronGeometry::create(*inputs));
  }
  statistics = std::move(learnt);
  geometry = std::move(made);
  return {};
}

Status Editor::set_statistics(std::string_view text, const std::string& cache_folder, const CancelToken& cancel) try {
  MOBIEDIT_CHECK(state_->active.refresh());
  StatisticsSource source;
  source.text = text;
  source.cache_folder = cache_folder;
  return state_->learn(std::move(source), cancel);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the model's statistics");
}

Result<std::string> Editor::set_default_statistics(const std::string& cache_folder,
                                                   const std::function<void()>& measuring,
                                                   const CancelToken& cancel) try {
  State& s = *state_;
  MOBIEDIT_CHECK(s.active.refresh());
  MOBIEDIT_TRY(const StatisticsRows rows,
               default_statistics_rows(s.model, *s.forward, ChatRows::with_own_answers, cache_folder, cancel));
  const std::string text = plain_text();
  bool told = false;
  StatisticsSource source;
  source.text = text;
  source.rows = &rows;
  source.jacobian = default_effort;
  source.cache_folder = cache_folder;
  source.measuring = [&] {
    if (measuring && !std::exchange(told, true)) measuring();
  };
  MOBIEDIT_CHECK(s.learn(std::move(source), cancel));
  return rows.fingerprint;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the model's statistics");
}

}  // namespace mobiedit

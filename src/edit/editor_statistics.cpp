// The editor's own statistics, for a user who gives no text.
#include <new>
#include <string>
#include <utility>

#include "edit/editor_state.h"
#include "edit/statistics/cache.h"
#include "edit/statistics/default_rows.h"
#include "edit/statistics/plain_text.h"

namespace mobiedit {
namespace {

// A rough map is enough for a search's first guess, and the whole one takes longer than some edits together.
constexpr JacobianEffort default_effort{.sentences = 48, .probes = 16};

}  // namespace

Result<std::string> Editor::set_default_statistics(const std::string& cache_folder,
                                                   const std::function<void()>& measuring,
                                                   const CancelToken& cancel) try {
  State& s = *state_;
  if (auto ready = s.active.refresh(); !ready) return std::unexpected(ready.error());
  const auto rows = default_statistics_rows(s.model, *s.forward, ChatRows::with_own_answers, cache_folder, cancel);
  if (!rows) return std::unexpected(rows.error());
  const std::string text = plain_text();
  bool told = false;
  StatisticsSource source;
  source.text = text;
  source.rows = &*rows;
  source.jacobian = default_effort;
  source.cache_folder = cache_folder;
  source.active_edits = edits_fingerprint(s.active.changes());
  source.layer = s.choice.layer;
  source.layers = s.options.layers;
  source.measuring = [&] {
    if (measuring && !std::exchange(told, true)) measuring();
  };
  if (s.options.fisher_metric) source.make_tape = [&s] { return Tape::create(s.model, *s.pool, s.choice.layer + 1); };
  auto learnt = Statistics::learn(s.model, *s.forward, s.statistics_pass(), source, cancel);
  if (!learnt) return std::unexpected(learnt.error());
  s.statistics = std::move(*learnt);
  return rows->fingerprint;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the model's statistics");
}

}  // namespace mobiedit

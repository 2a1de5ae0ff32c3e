#include "lab/study/sequence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <new>
#include <utility>
#include <variant>

#include "edit/write/rank_one.h"
#include "lab/study/fact_edits.h"
#include "mobiedit/eval/perplexity.h"

namespace mobiedit {
namespace {

/// ‖Σ l rᵀ‖ of the rank-one updates, Frobenius, over all layers.
double norm_of_sum(std::span<const Update> updates) {
  std::map<int, std::vector<const RankOneUpdate*>> blocks;
  for (const Update& update : updates) {
    if (const auto* rank_one = std::get_if<RankOneUpdate>(&update)) blocks[rank_one->block].push_back(rank_one);
  }
  double square = 0;
  for (const auto& [block, some] : blocks) square += std::pow(norm_of(some), 2);
  return std::sqrt(square);
}

/// The updates that write the edit, layer by layer.
Result<std::vector<Update>> parts_of(Editor& editor, const Edit& edit, int blocks, const CancelToken& cancel) {
  if (blocks == 1) return std::vector{edit.update};
  const auto parts = editor.mass_edit({&edit, 1}, {.layers = blocks}, cancel);
  if (!parts) return std::unexpected(parts.error());
  return std::vector<Update>(parts->begin(), parts->end());
}

bool is_point(const SequenceOptions& options, std::size_t edits, std::size_t all) {
  return edits == all || std::ranges::count(options.points, edits) > 0;
}

}  // namespace

Result<Sequence> run_sequence(Editor& editor, const Model& model, std::span<const FactRecord> facts,
                              const SequenceOptions& options, const SessionOptions& session_options,
                              const ExperimentObserver& observer, const CancelToken& cancel) try {
  if (auto sound = check_all(editor, facts); !sound) return std::unexpected(sound.error());
  if (auto cleared = editor.set_in_force({}); !cleared) return std::unexpected(cleared.error());
  auto session = Session::create(model, session_options);
  if (!session) return std::unexpected(session.error());
  const auto measured_perplexity = [&]() -> Result<double> {
    if (options.running_text.empty()) return 0.0;
    return perplexity(*session, model.tokenizer(), options.running_text, cancel);
  };
  Sequence sequence;
  const auto before = measured_perplexity();
  if (!before) return std::unexpected(before.error());
  sequence.perplexity_before = *before;

  std::vector<EditEvidence> costs;
  std::vector<Update> updates;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    auto edit = editor.edit(request_of(facts[i]), progress_of(observer, i), cancel);
    if (!edit) return std::unexpected(at(facts[i], edit.error()));
    costs.push_back(edit->evidence);
    auto parts = parts_of(editor, *edit, options.blocks, cancel);
    if (!parts) return std::unexpected(at(facts[i], parts.error()));
    updates.insert(updates.end(), parts->begin(), parts->end());
    if (options.preserve) {
      for (const Update& part : *parts)
        if (auto kept = editor.preserve(edit->request, part, edit->evidence.wordings); !kept)
          return std::unexpected(at(facts[i], kept.error()));
    } else if (auto set = editor.set_in_force(changes_of(updates)); !set) {
      return std::unexpected(set.error());
    }
    const std::size_t edits = i + 1;
    if (!is_point(options, edits, facts.size())) continue;

    if (auto set = session->set_in_force(changes_of(updates)); !set) return std::unexpected(set.error());
    auto outcomes = measure_all(*session, model.tokenizer(), facts.first(edits), costs, cancel);
    if (!outcomes) return std::unexpected(outcomes.error());
    const auto now = measured_perplexity();
    if (!now) return std::unexpected(now.error());
    sequence.points.push_back({edits, summarise(*outcomes), *now, norm_of_sum(updates)});
    sequence.outcomes = std::move(*outcomes);
  }
  if (observer.measured)
    for (std::size_t i = 0; i < sequence.outcomes.size(); ++i) observer.measured(i, sequence.outcomes[i]);
  return sequence;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the experiment");
}

}  // namespace mobiedit

#include "workspace/drift_meter.h"

#include <cmath>
#include <new>
#include <numeric>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "edit/write/rank_one.h"
#include "mobiedit/eval/perplexity.h"

namespace mobiedit {
namespace {

// Names nothing that anyone would edit. Some 200 tokens take a small part of an edit's time.
constexpr const char* reference_text =
    "The path leads down through the wood to the river, and from there along the bank to an old stone bridge. In "
    "spring "
    "the water is high and the meadows beside it are often flooded; by the end of summer one can cross it on foot "
    "almost anywhere. People in the village still talk about the winter when the ice was thick enough to carry a cart. "
    "Most of them keep a few animals and grow what they need in the gardens behind their houses. There is a small "
    "shop, "
    "which is open in the morning, and a school with two rooms. Children who are older than twelve take the bus to the "
    "next town every day. When the weather is good, they walk home together and arrive late for supper. It was one of "
    "them who found the box, under the roots of a tree that the storm had torn out of the ground. There was not much "
    "in "
    "it: some coins, a letter that could no longer be read, and a key which did not fit any door that anyone knew of. ";
// perplexity() reads windows of this many tokens.
constexpr int shortest_context = 256;

double square(const std::vector<float>& x) {
  return std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
}

}  // namespace

Result<std::optional<DriftMeter>> DriftMeter::create(const Model& model, const SessionOptions& options) {
  if (model.config().context < shortest_context) return std::nullopt;
  auto session = Session::create(model, options);
  if (!session) return std::unexpected(session.error());
  return DriftMeter(model, std::move(*session));
}

Result<double> DriftMeter::perplexity(const EditList& edits, const CancelToken& cancel) {
  auto changes = changes_of(edits);
  if (!changes) return std::unexpected(changes.error());
  if (auto set = session_.set_in_force(std::move(*changes)); !set) return std::unexpected(set.error());
  return mobiedit::perplexity(session_, model_->tokenizer(), reference_text, cancel);
}

Result<std::map<int, double>> update_norms(const EditList& edits, const EditList& added) try {
  std::set<int> layers;
  for (const RankOneUpdate* update : rank_one_updates_of(added)) layers.insert(update->block);
  std::map<int, double> norms;
  for (const int layer : layers) {
    std::vector<const RankOneUpdate*> updates;
    double weight = 0;  // ‖W‖, computed from one edit's ratio
    for (const Edit* edit : edits) {
      const auto* update = std::get_if<RankOneUpdate>(&edit->update);
      if (update == nullptr || update->block != layer) continue;
      updates.push_back(update);
      const double ratio = edit->evidence.update_norm_ratio;
      if (ratio > 0) weight = std::sqrt(square(update->left) * square(update->right)) / ratio;
    }
    if (weight > 0) norms[layer] = norm_of(updates) / weight;
  }
  return norms;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the edits");
}

}  // namespace mobiedit

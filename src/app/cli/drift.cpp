#include "app/cli/drift.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "app/cli/delivery.h"
#include "mobiedit/eval/sequence.h"

namespace mobiedit::cli {
namespace {

// Of no one and nothing that anyone would edit; some 200 tokens, so that it takes a small part of an edit's time.
constexpr const char* running_text =
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

double dot(const std::vector<float>& x, const std::vector<float>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

}  // namespace

double growth(double before, double after) {
  return 100 * (after / before - 1);
}

Result<std::optional<DriftMeter>> DriftMeter::create(const Model& model, const SessionOptions& options) {
  if (model.config().context < shortest_context) return std::nullopt;
  auto session = Session::create(model, options);
  if (!session) return std::unexpected(session.error());
  return DriftMeter(model, std::move(*session));
}

Result<double> DriftMeter::perplexity(std::span<const StoredEdit> edits, const CancelToken& cancel) {
  auto deltas = deltas_of(edits);
  if (!deltas) return std::unexpected(deltas.error());
  if (auto set = session_.set_adapters(std::move(*deltas)); !set) return std::unexpected(set.error());
  return mobiedit::perplexity(session_, model_->tokenizer(), running_text, cancel);
}

std::map<int, double> update_norms(std::span<const StoredEdit> edits) {
  // ‖Σ lᵢ rᵢᵀ‖² is the sum of (lᵢ·lⱼ)(rᵢ·rⱼ); ‖W‖ follows from what one edit alone says.
  std::map<int, double> squares, weights;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const RankOneUpdate& x = edits[i].edit.update;
    const double own = dot(x.left, x.left) * dot(x.right, x.right);
    squares[x.block] += own;
    const double ratio = edits[i].edit.evidence.update_norm_ratio;
    if (ratio > 0) weights[x.block] = std::sqrt(own) / ratio;
    for (std::size_t j = 0; j < i; ++j) {
      const RankOneUpdate& y = edits[j].edit.update;
      if (y.block == x.block) squares[x.block] += 2 * dot(x.left, y.left) * dot(x.right, y.right);
    }
  }
  std::map<int, double> norms;
  for (const auto& [block, square] : squares) {
    const auto weight = weights.find(block);
    if (weight != weights.end() && weight->second > 0) norms[block] = std::sqrt(std::max(0.0, square)) / weight->second;
  }
  return norms;
}

}  // namespace mobiedit::cli

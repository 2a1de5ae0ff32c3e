#include "app/mobiedit/drift.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "app/mobiedit/delivery.h"
#include "edit/write/rank_one.h"
#include "mobiedit/eval/perplexity.h"

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

// Asking takes a forward pass an edit: these are some seconds' worth on the bundled model.
constexpr std::size_t always_asked = 300;
constexpr std::size_t nearest_asked = 200;
constexpr std::size_t others_asked = 100;

double dot(const std::vector<float>& x, const std::vector<float>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// The cosine of two directions along which keys are read, without its sign: how much of what one adds the other's
/// key sees.
double nearness(const RankOneUpdate& x, const RankOneUpdate& y) {
  if (x.block != y.block || x.right.size() != y.right.size()) return 0;
  const double lengths = std::sqrt(dot(x.right, x.right) * dot(y.right, y.right));
  return lengths > 0 ? std::abs(dot(x.right, y.right)) / lengths : 0;
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

Result<std::map<int, double>> update_norms(std::span<const StoredEdit> edits, const std::set<int>& blocks) try {
  std::map<int, double> norms;
  for (const int block : blocks) {
    std::vector<const RankOneUpdate*> updates;
    double weight = 0;  // ‖W‖, as it follows from what one edit alone says
    for (const StoredEdit& stored : edits) {
      const RankOneUpdate& update = stored.edit.update;
      if (update.block != block) continue;
      updates.push_back(&update);
      const double ratio = stored.edit.evidence.update_norm_ratio;
      if (ratio > 0) weight = std::sqrt(dot(update.left, update.left) * dot(update.right, update.right)) / ratio;
    }
    if (weight > 0) norms[block] = norm_of(updates) / weight;
  }
  return norms;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the edits");
}

std::vector<std::size_t> worth_asking(std::span<const StoredEdit> in_force, std::span<const StoredEdit* const> added) {
  std::vector<std::size_t> places(in_force.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (places.size() <= always_asked) return places;
  std::vector<double> near(in_force.size(), 0.0);
  for (std::size_t i = 0; i < in_force.size(); ++i) {
    for (const StoredEdit* edit : added) {
      const bool own = same_subject(in_force[i].edit.request, edit->edit.request);
      near[i] = std::max(near[i], own ? 2.0 : nearness(in_force[i].edit.update, edit->edit.update));
    }
  }
  std::ranges::stable_sort(places, [&](std::size_t x, std::size_t y) { return near[x] > near[y]; });
  std::size_t count = nearest_asked;
  while (count < places.size() && near[places[count]] > 1.5) ++count;
  // The rest by turns, in the order of nearness.
  const std::size_t rest = places.size() - count;
  std::vector<std::size_t> chosen(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < std::min(others_asked, rest); ++i)
    chosen.push_back(places[count + i * rest / std::min(others_asked, rest)]);
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace mobiedit::cli

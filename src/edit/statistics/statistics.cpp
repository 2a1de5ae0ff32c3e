#include "edit/statistics/statistics.h"

#include <new>
#include <span>
#include <utility>
#include <vector>

#include "edit/statistics/cache.h"

namespace mobiedit {
namespace {

template <class Statistic>
StatisticsKey key_of(const Model& model, const StatisticsSource& source, int layer) {
  return {.kind = Statistic::kind,
          .version = Statistic::version,
          .model = model.fingerprint(),
          .layer = layer,
          .text = source.rows != nullptr ? source.rows->fingerprint : text_fingerprint(source.text),
          .active_edits = source.active_edits};
}

template <class Statistic>
std::optional<Statistic> cached(const StatisticsCache& cache, const StatisticsKey& key, int size) {
  auto file = cache.find(key);
  return file ? Statistic::from_file(std::move(*file), size) : std::nullopt;
}

// A file that is missing or damaged is measured and written anew; only measuring and writing may fail.
template <class Statistic, class Measure>
Result<Statistic> cached_or_measured(const StatisticsCache& cache, const StatisticsKey& key, int size,
                                     const Measure& measure) {
  if (auto found = cached<Statistic>(cache, key, size)) return std::move(*found);
  Result<Statistic> made = measure();
  if (!made) return made;
  gguf::Writer values;
  made->add_to(values);
  if (auto written = cache.put(key, values); !written) return std::unexpected(written.error());
  // The statistic is read back, since it may take less memory mapped from its file.
  if (auto found = cached<Statistic>(cache, key, size)) return std::move(*found);
  return made;
}

// A model's folder may hold the mean Jacobian, made from whatever text: measuring it takes longer than an edit.
std::optional<MeanJacobian> jacobian_beside(const Model& model, StatisticsKey key) {
  if (!key.active_edits.empty()) return {};
  key.text.clear();
  const StatisticsCache beside(model.file().path().parent_path() / "statistics");
  return cached<MeanJacobian>(beside, key, model.config().d);
}

}  // namespace

Result<Statistics> Statistics::learn(const Model& model, ForwardPass& forward, const PassOptions& pass,
                                     const StatisticsSource& source, const CancelToken& cancel) try {
  const StatisticsCache cache(source.cache_folder);
  const ModelConfig& c = model.config();
  Statistics learnt;
  for (int layer = source.layer - source.layers + 1; source.keys && layer <= source.layer; ++layer) {
    auto covariance = cached_or_measured<KeyCovariance>(cache, key_of<KeyCovariance>(model, source, layer), c.f, [&] {
      if (source.measuring) source.measuring();
      if (source.rows == nullptr)
        return KeyCovariance::from_text(forward, pass, model.tokenizer(), source.text, layer, cancel);
      const std::vector<std::span<const Token>> rows(source.rows->rows.begin(), source.rows->rows.end());
      return KeyCovariance::from_rows(forward, pass, rows, layer, cancel);
    });
    if (!covariance) return std::unexpected(covariance.error());
    learnt.covariances_.emplace(layer, std::move(*covariance));
  }
  if (source.inputs) {
    auto inputs = cached_or_measured<InputMoment>(cache, key_of<InputMoment>(model, source, source.layer), c.d, [&] {
      if (source.measuring) source.measuring();
      if (source.rows != nullptr) return InputMoment::from_rows(forward, pass, source.rows->rows, source.layer, cancel);
      return InputMoment::from_text(forward, pass, model, source.chat, source.text, source.layer, cancel);
    });
    if (!inputs) return std::unexpected(inputs.error());
    learnt.inputs_ = std::move(*inputs);
  }
  if (source.make_tape) {
    auto metric = cached_or_measured<FisherMetric>(
        cache, key_of<FisherMetric>(model, source, source.layer), c.d, [&]() -> Result<FisherMetric> {
          if (source.measuring) source.measuring();
          const auto tape = source.make_tape();
          if (!tape) return std::unexpected(tape.error());
          return FisherMetric::from_text(forward, **tape, pass, model.tokenizer(), source.text, source.layer, cancel);
        });
    if (!metric) return std::unexpected(metric.error());
    learnt.metric_ = std::move(*metric);
  }
  const StatisticsKey key = key_of<MeanJacobian>(model, source, source.layer);
  learnt.jacobian_ = jacobian_beside(model, key);
  if (learnt.jacobian_) return learnt;
  auto jacobian = cached_or_measured<MeanJacobian>(cache, key, c.d, [&] {
    if (source.measuring) source.measuring();
    return MeanJacobian::from_text(forward, pass, model.tokenizer(), source.text, source.layer, cancel,
                                   source.jacobian);
  });
  // A text without names serves for the covariance; searches then begin without a first guess.
  if (!jacobian && jacobian.error().code != ErrorCode::usage) return std::unexpected(jacobian.error());
  if (jacobian) learnt.jacobian_ = std::move(*jacobian);
  return learnt;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the model's statistics");
}

const KeyCovariance* Statistics::covariance(int layer) const {
  const auto found = covariances_.find(layer);
  return found == covariances_.end() ? nullptr : &found->second;
}

}  // namespace mobiedit

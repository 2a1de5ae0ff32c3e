// Attention on the tape, forward and backward.
#include <cmath>

#include "backend/cpu/tape.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

// First position that a row of this many positions sees.
std::size_t first_seen(const LayerSpec& spec, std::size_t length) {
  const auto window = static_cast<std::size_t>(spec.window);
  return spec.window > 0 && length > window ? length - window : 0;
}

}  // namespace

void Tape::attend(int layer, Step& step, std::vector<float>& out) {
  const ModelConfig& c = model_.config();
  const auto dim = static_cast<std::size_t>(c.head_dim), width = static_cast<std::size_t>(c.kv_size());
  const auto heads = static_cast<std::size_t>(c.heads), share = heads / static_cast<std::size_t>(c.kv_heads);
  const LayerSpec& spec = c.spec(layer);
  const float scale = spec.attention_scale, cap = spec.attention_cap;
  const std::span<const int> asking = queries(layer);
  step.attention.resize(asking.size());
  out.assign(asking.size() * heads * dim, 0.0f);
  pool_.run(static_cast<int>(asking.size()), [&](int index, int) {
    const auto i = static_cast<std::size_t>(index);
    const BatchRow& row = rows_[static_cast<std::size_t>(asking[i])];
    const BatchSequence& sequence = sequences_[static_cast<std::size_t>(row.sequence)];
    const auto length = static_cast<std::size_t>(row.position) + 1;
    const auto prefix = static_cast<std::size_t>(sequence.prefix_length);
    const std::size_t begin = first_seen(spec, length);
    step.attention[i].resize(heads * length);
    for (std::size_t h = 0; h < heads; ++h) {
      const std::span<float> weights{step.attention[i].data() + h * length, length};
      const std::span<const float> query{step.q.data() + (i * heads + h) * dim, dim};
      const std::size_t kv = h / share * dim;
      const auto at = [&](std::size_t p) {
        return (static_cast<std::size_t>(row.first_row) + p - prefix) * width + kv;
      };
      for (std::size_t p = begin; p < length; ++p) {
        const float* key = p < prefix ? sequence.prefix->key(layer, static_cast<int>(p)) + kv : step.k.data() + at(p);
        weights[p] = scale * ops_.dot(query, {key, dim});
      }
      if (cap > 0) kernels::soft_cap(cap, weights.subspan(begin));
      ops_.softmax(weights.subspan(begin));
      for (std::size_t p = begin; p < length; ++p) {
        const float* value =
            p < prefix ? sequence.prefix->value(layer, static_cast<int>(p)) + kv : step.v.data() + at(p);
        ops_.axpy(weights[p], {value, dim}, {out.data() + (i * heads + h) * dim, dim});
      }
    }
  });
}

// K/V of the prefix don't depend on δ: what they would receive is dropped.
void Tape::attend_back(int layer, const Step& step, const std::vector<float>& g, std::vector<float>& gq,
                       std::vector<float>& gk, std::vector<float>& gv) {
  const ModelConfig& c = model_.config();
  const auto dim = static_cast<std::size_t>(c.head_dim), width = static_cast<std::size_t>(c.kv_size());
  const auto heads = static_cast<std::size_t>(c.heads), share = heads / static_cast<std::size_t>(c.kv_heads);
  const LayerSpec& spec = c.spec(layer);
  const float scale = spec.attention_scale, cap = spec.attention_cap;
  const std::span<const int> asking = queries(layer);
  gq.assign(asking.size() * heads * dim, 0.0f);
  gk.assign(rows_.size() * width, 0.0f);
  gv.assign(gk.size(), 0.0f);
  // One piece per sequence: queries of one sequence add to common keys.
  pool_.run(static_cast<int>(sequences_.size()), [&](int s, int) {
    std::vector<float> slope;
    for (std::size_t i = 0; i < asking.size(); ++i) {
      const BatchRow& row = rows_[static_cast<std::size_t>(asking[i])];
      if (row.sequence != s) continue;
      const BatchSequence& sequence = sequences_[static_cast<std::size_t>(s)];
      const auto length = static_cast<std::size_t>(row.position) + 1;
      const auto prefix = static_cast<std::size_t>(sequence.prefix_length);
      const std::size_t begin = first_seen(spec, length);
      slope.resize(length);
      for (std::size_t h = 0; h < heads; ++h) {
        const std::span<const float> weights{step.attention[i].data() + h * length, length};
        const std::size_t own = (i * heads + h) * dim, kv = h / share * dim;
        const std::span<const float> out{g.data() + own, dim};
        const auto at = [&](std::size_t p) {
          return (static_cast<std::size_t>(row.first_row) + p - prefix) * width + kv;
        };
        float mean = 0;
        for (std::size_t p = begin; p < length; ++p) {
          const float* value =
              p < prefix ? sequence.prefix->value(layer, static_cast<int>(p)) + kv : step.v.data() + at(p);
          slope[p] = ops_.dot(out, {value, dim});
          mean += weights[p] * slope[p];
        }
        for (std::size_t p = begin; p < length; ++p) {
          const float* key = p < prefix ? sequence.prefix->key(layer, static_cast<int>(p)) + kv : step.k.data() + at(p);
          float score = scale * weights[p] * (slope[p] - mean);
          if (cap > 0) {
            const float bend = std::tanh(scale * ops_.dot({step.q.data() + own, dim}, {key, dim}) / cap);
            score *= 1 - bend * bend;
          }
          ops_.axpy(score, {key, dim}, {gq.data() + own, dim});
          if (p < prefix) continue;
          ops_.axpy(score, {step.q.data() + own, dim}, {gk.data() + at(p), dim});
          ops_.axpy(weights[p], out, {gv.data() + at(p), dim});
        }
      }
    }
  });
}

}  // namespace mobiedit

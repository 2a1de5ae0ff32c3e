#include "edit/context_cache.h"

#include <algorithm>
#include <utility>

namespace mobiedit {

ContextCache::ContextCache(ForwardPass& forward, ContextSet contexts, int layer)
    : forward_(forward),
      contexts_(std::move(contexts)),
      layer_(layer),
      entries_(contexts_.prompts.size() + contexts_.preserved.size()) {
  for (int i = 0; i < size(); ++i) {
    Entry& entry = entries_[static_cast<std::size_t>(i)];
    entry.prefix = context(i).first_changed();
    entry.rows = static_cast<int>(context(i).tokens.size()) - entry.prefix;
  }
}

const Context& ContextCache::context(int i) const {
  return i < prompts() ? contexts_.prompts[static_cast<std::size_t>(i)]
                       : contexts_.preserved[static_cast<std::size_t>(i - prompts())];
}

Status ContextCache::fill(const PassOptions& pass, const CancelToken& cancel) {
  if (auto s = read_prefixes(pass, cancel); !s) return s;
  return read_rest(pass, cancel);
}

// Calls take(begin, end) for as many contexts at a time as fit a batch: each pass reads every weight.
template <class Take>
Status ContextCache::in_batches(const int Entry::* rows, const CancelToken& cancel, const Take& take) {
  for (int begin = 0, end = 0; begin < size(); begin = end) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    int total = 0;
    while (end < size() && (end == begin || total + entry(end).*rows <= static_cast<int>(batch_rows)))
      total += entry(end++).*rows;
    take(begin, end);
  }
  return {};
}

// Reads the tokens before s of every context, for their keys and values.
Status ContextCache::read_prefixes(const PassOptions& pass, const CancelToken& cancel) {
  const ModelConfig& c = forward_.config();
  for (Entry& entry : entries_) entry.kv = KvCache(0, c.layers, c.kv_size(), std::max(1, entry.prefix));
  return in_batches(&Entry::prefix, cancel, [&](int begin, int end) {
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    for (int i = begin; i < end; ++i) {
      Entry& entry = entries_[static_cast<std::size_t>(i)];
      if (entry.prefix == 0) continue;
      const std::vector<Token>& all = context(i).tokens;
      tokens.insert(tokens.end(), all.begin(), all.begin() + entry.prefix);
      sequences.push_back({nullptr, 0, entry.prefix, &entry.kv});
    }
    if (tokens.empty()) return;
    std::vector<float> residual(tokens.size() * static_cast<std::size_t>(c.d));
    forward_.embed(tokens, residual);
    // Only K/V are needed. The last layer's are known from its input, so a single output row is enough.
    const int row = 0;
    forward_.run_layers({0, c.layers}, residual, sequences, pass.with_outputs({&row, 1}));
  });
}

// Reads the other tokens, through the edited layer.
Status ContextCache::read_rest(const PassOptions& pass, const CancelToken& cancel) {
  const auto d = static_cast<std::size_t>(forward_.config().d), f = static_cast<std::size_t>(forward_.config().f);
  return in_batches(&Entry::rows, cancel, [&](int begin, int end) {
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    for (int i = begin; i < end; ++i) {
      const std::vector<Token>& all = context(i).tokens;
      tokens.insert(tokens.end(), all.begin() + entry(i).prefix, all.end());
      sequences.push_back({&entry(i).kv, entry(i).prefix, entry(i).rows, nullptr});
    }
    std::vector<float> residual(tokens.size() * d), keys(tokens.size() * f), values(tokens.size() * d),
        inputs(tokens.size() * d);
    forward_.embed(tokens, residual);
    const Capture capture{.layer = layer_, .keys = keys.data(), .values = values.data(), .inputs = inputs.data()};
    forward_.run_layers({0, layer_ + 1}, residual, sequences, pass.with_capture(capture));
    std::size_t row = 0;
    for (int i = begin; i < end; ++i) {
      Entry& entry = entries_[static_cast<std::size_t>(i)];
      const auto rows = static_cast<std::size_t>(entry.rows);
      const auto part = [&](const std::vector<float>& of, std::size_t width) {
        const auto from = of.begin() + static_cast<std::ptrdiff_t>(row * width);
        return std::vector<float>(from, from + static_cast<std::ptrdiff_t>(rows * width));
      };
      entry.residual = part(residual, d);
      entry.keys = part(keys, f);
      entry.values = part(values, d);
      entry.inputs = part(inputs, d);
      row += rows;
    }
    if (begin == 0) {
      const auto s = static_cast<std::size_t>(context(0).subject_last - entry(0).prefix);
      value_ = std::vector<float>(values.begin() + static_cast<std::ptrdiff_t>(s * d),
                                  values.begin() + static_cast<std::ptrdiff_t>((s + 1) * d));
    }
  });
}

}  // namespace mobiedit

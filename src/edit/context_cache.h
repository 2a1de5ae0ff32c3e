// Context cache: everything in an edit's contexts that δ cannot change, computed once (the exact cache of
// docs/method.md).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "backend/forward_pass.h"
#include "edit/contexts.h"
#include "mobiedit/base/cancel.h"

namespace mobiedit {

/// Rows per forward pass: enough for products at full speed, few enough for small scratch memory.
inline constexpr std::size_t batch_rows = 256;

/// Borrows the forward pass. One thread at a time.
class ContextCache {
 public:
  /// One context's share. Its first row is the subject's last token, s, or Context::first.
  struct Entry {
    KvCache kv;                   ///< tokens before that row, in every layer
    int prefix = 0;               ///< tokens before that row
    int rows = 0;                 ///< tokens from that row on
    std::vector<float> residual;  ///< [rows, d]: output of the edited layer
    std::vector<float> keys;      ///< [rows, f]: input of its down product
    std::vector<float> values;    ///< [rows, d]: output of its feed-forward, before any norm that follows
    std::vector<float> inputs;    ///< [rows, d]: input of its feed-forward
  };

  ContextCache(ForwardPass& forward, ContextSet contexts, int layer);

  /// Runs all contexts up to layer `layer`. A later call computes everything anew, with its own options. Errors:
  /// cancelled. Throws std::bad_alloc.
  [[nodiscard]] Status fill(const PassOptions& pass, const CancelToken& cancel);

  [[nodiscard]] int layer() const { return layer_; }
  [[nodiscard]] const ContextSet& contexts() const { return contexts_; }
  /// Contexts in order: the prompts, then the preserved ones.
  [[nodiscard]] int size() const { return static_cast<int>(entries_.size()); }
  [[nodiscard]] int prompts() const { return static_cast<int>(contexts_.prompts.size()); }
  [[nodiscard]] const Context& context(int i) const;
  [[nodiscard]] const Entry& entry(int i) const { return entries_[static_cast<std::size_t>(i)]; }
  /// v₀ [d]: the feed-forward's output at s in the bare prompt.
  [[nodiscard]] std::span<const float> value() const { return value_; }

 private:
  template <class Take>
  Status in_batches(const int Entry::* rows, const CancelToken& cancel, const Take& take);
  Status read_prefixes(const PassOptions& pass, const CancelToken& cancel);
  Status read_rest(const PassOptions& pass, const CancelToken& cancel);

  ForwardPass& forward_;
  ContextSet contexts_;
  int layer_;
  std::vector<Entry> entries_;
  std::vector<float> value_;
};

}  // namespace mobiedit

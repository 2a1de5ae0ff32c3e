// Write: how an edit goes into a layer. It says which positions get δ while a search looks for it, and makes the
// update.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/update.h"

namespace mobiedit {

/// The feed-forward of the edited layer in one context, from the subject's last token on, before any edit. Borrowed.
struct ContextRows {
  int rows = 0;
  std::span<const float> keys;    ///< [rows, f]: input of the down product
  std::span<const float> inputs;  ///< [rows, d]: input of the gate and up products
};

/// One edit's write. The objective calls fit() once, then strengths() for every context; the editor calls update() with
/// the δ that was found. One thread at a time.
class Write {
 public:
  virtual ~Write() = default;

  /// Computes everything of the write that does not depend on δ. Each of `prompts` begins with the subject's last
  /// token; the bare prompt comes first. Errors: usage (nothing to write to), out_of_memory.
  [[nodiscard]] virtual Status fit(std::span<const ContextRows> prompts) = 0;

  /// out [rows]: how much of δ each row of a context gets once the edit is written, 1 where the whole of it. Does not
  /// depend on δ. Call it after fit().
  virtual void strengths(const ContextRows& context, std::span<float> out) const = 0;

  /// The update that adds strength · δ [d] to the layer's output. Call it after fit(). Throws std::bad_alloc.
  [[nodiscard]] virtual Update update(std::span<const float> delta) const = 0;
};

}  // namespace mobiedit

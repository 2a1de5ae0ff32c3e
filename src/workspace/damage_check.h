// Damage check: measures edits with the damage gauge, and says in words what they would break.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/workspace/damage.h"
#include "workspace/edit_list.h"
#include "workspace/gauge/damage_gauge.h"

namespace mobiedit {

/// Borrows the model. One thread at a time.
class DamageCheck {
 public:
  /// Errors: as DamageGauge::create.
  [[nodiscard]] static Result<DamageCheck> create(const Model& model, const SessionOptions& options,
                                                  const std::filesystem::path& cache_folder, const CancelToken& cancel);

  /// Divergences with the edits in force. Where they come near `limit`, chat answers too. Errors: usage (an edit that
  /// doesn't fit the model), and as DamageGauge::measure.
  [[nodiscard]] Result<Damage> measure(const EditList& edits, double limit, const CancelToken& cancel);

  /// The largest divergence of a sound model, nats per token, where the user names none.
  [[nodiscard]] double usual_limit() const;

 private:
  DamageCheck(const Model& model, std::shared_ptr<ThreadPool> pool, std::unique_ptr<ForwardPass> forward,
              DamageGauge gauge)
      : model_(&model), pool_(std::move(pool)), forward_(std::move(forward)), gauge_(std::move(gauge)) {}

  const Model* model_;
  std::shared_ptr<ThreadPool> pool_;
  std::unique_ptr<ForwardPass> forward_;
  DamageGauge gauge_;
};

/// A sentence that says what edits would break, and why that is too much. Empty where they break nothing.
[[nodiscard]] std::string breakage(const Damage& damage, double limit);

}  // namespace mobiedit

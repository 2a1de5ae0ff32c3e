// Statistics of a model that edits use: key covariances, the mean Jacobian and the Fisher metric.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "backend/cpu/tape.h"
#include "backend/forward_pass.h"
#include "edit/statistics/default_rows.h"
#include "edit/statistics/fisher_metric.h"
#include "edit/statistics/input_moment.h"
#include "edit/statistics/key_covariance.h"
#include "edit/statistics/mean_jacobian.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// The text that statistics are learnt from, and the layers they are learnt of.
struct StatisticsSource {
  std::string_view text;  ///< running text, UTF-8
  /// Key covariances are learnt from these rows in place of the text. Null: from the text.
  const StatisticsRows* rows = nullptr;
  JacobianEffort jacobian;
  std::filesystem::path cache_folder;  ///< empty: nothing is cached
  std::string active_edits;            ///< edits_fingerprint() of all changes in force in the forward pass
  int layer = 0;                       ///< the edited layer; mean Jacobian and Fisher metric are of its output
  int layers = 1;                      ///< key covariances are of this many layers, up to the edited one
  /// A backward pass that begins at layer + 1, for the Fisher metric; empty: no Fisher metric is learnt.
  std::function<Result<std::unique_ptr<Tape>>()> make_tape;
  std::function<void()> measuring;   ///< called before each statistic that is not in the cache; may be empty
  bool inputs = false;               ///< learns the moment of the edited layer's inputs, for neurons
  bool keys = true;                  ///< learns key covariances, for updates of the down weight
  const ChatFormat* chat = nullptr;  ///< null: the model does not chat
};

class Statistics {
 public:
  /// Nothing is known: no covariance, no Jacobian, no metric.
  Statistics() = default;

  /// Takes each statistic from the cache, or measures it with the forward pass and caches it. A mean Jacobian may also
  /// lie in the folder `statistics` beside the model's file; a text without names leaves it out. Errors: usage (too
  /// little text), io (a result cannot be cached), cancelled, out_of_memory.
  [[nodiscard]] static Result<Statistics> learn(const Model& model, ForwardPass& forward, const PassOptions& pass,
                                                const StatisticsSource& source, const CancelToken& cancel);

  /// Null where it is not known. Owned by this object, and it stays where it is while the object is not changed.
  [[nodiscard]] const KeyCovariance* covariance(int layer) const;
  [[nodiscard]] const MeanJacobian* jacobian() const { return jacobian_ ? &*jacobian_ : nullptr; }
  [[nodiscard]] const InputMoment* inputs() const { return inputs_ ? &*inputs_ : nullptr; }
  [[nodiscard]] const FisherMetric* metric() const { return metric_ ? &*metric_ : nullptr; }

 private:
  std::map<int, KeyCovariance> covariances_;  // by layer
  std::optional<MeanJacobian> jacobian_;
  std::optional<FisherMetric> metric_;
  std::optional<InputMoment> inputs_;
};

}  // namespace mobiedit

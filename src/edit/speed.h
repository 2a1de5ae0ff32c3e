// Speed of a model on this machine, measured on its first layers.
#pragma once

#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "mobiedit/edit/plan.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

class Speed {
 public:
  /// Times passes of up to `rows` rows, the largest that seconds() will be asked about; takes about a second. `model`
  /// may hold its first layers alone.
  static Speed measure(const Model& model, ThreadPool& pool, int rows);

  /// Seconds of one pass, `times` not counted. `config`: the whole model's.
  [[nodiscard]] double seconds(const ModelConfig& config, const PlannedPass& pass) const;

 private:
  using Curve = std::vector<std::pair<int, double>>;  ///< rows and seconds, ascending
  static double at(const Curve& curve, int rows);

  Curve layer_;
  Curve output_;
};

}  // namespace mobiedit

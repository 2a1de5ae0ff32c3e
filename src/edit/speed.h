// How long a model's blocks take on this machine, measured on its first ones.
#pragma once

#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "mobiedit/edit/plan.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

class Speed {
 public:
  /// `model` may hold a few blocks alone. `rows`: the largest batch that will be asked about. About a second.
  static Speed measure(const Model& model, ThreadPool& pool, int rows);

  /// Of one pass, `times` not counted. `config`: the whole model's.
  [[nodiscard]] double seconds(const ModelConfig& config, const PlannedPass& pass) const;

 private:
  using Curve = std::vector<std::pair<int, double>>;  ///< rows and seconds, ascending
  static double at(const Curve& curve, int rows);

  Curve block_;
  Curve output_;
};

}  // namespace mobiedit

// Neurons in force as a forward pass reads them: packed per layer, so that many cost few products.
#pragma once

#include <map>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "kernels/linear.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/config.h"
#include "mobiedit/model/neuron.h"

namespace mobiedit {

/// Immutable once made. Copies share what was packed, and any number of passes may read it at once.
class ActiveNeurons {
 public:
  /// A layer's neurons, in the order in which they were given.
  struct Layer {
    int count = 0;
    kernels::PackedWeight gate, up;  ///< [count, d]
    kernels::PackedWeight down;      ///< [d, count]
  };

  ActiveNeurons() = default;
  /// Errors: usage (a layer that the model lacks, rows of another length, a number that is not finite), out_of_memory.
  static Result<ActiveNeurons> resolve(const ModelConfig& config, std::span<const Neuron> neurons, kernels::Isa isa,
                                       ThreadPool& pool);

  [[nodiscard]] bool empty() const { return layers_.empty(); }
  /// Null: the layer has none.
  [[nodiscard]] const Layer* at(int layer) const;

 private:
  std::map<int, std::shared_ptr<const Layer>> layers_;
};

}  // namespace mobiedit

// Backends: one row each.
#include "backend/cpu/cpu_forward.h"
#include "backend/forward_pass.h"

namespace mobiedit {

std::unique_ptr<ForwardPass> make_forward_pass(const Model& model, ThreadPool& pool) {
  return std::make_unique<CpuForward>(model, pool);
}

}  // namespace mobiedit

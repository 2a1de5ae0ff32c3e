// Backends: one row each. The first is the one in use.
#include <iterator>
#include <string_view>

#include "backend/cpu/cpu_forward.h"
#include "backend/forward_pass.h"

namespace mobiedit {
namespace {

template <class Pass>
std::unique_ptr<ForwardPass> make_pass(const Model& model, ThreadPool& pool) {
  return std::make_unique<Pass>(model, pool);
}

struct Backend {
  std::string_view name;
  std::unique_ptr<ForwardPass> (*make)(const Model& model, ThreadPool& pool);
};

constexpr Backend backends[] = {
    {"cpu", make_pass<CpuForward>},
};

}  // namespace

std::unique_ptr<ForwardPass> make_forward_pass(const Model& model, ThreadPool& pool) {
  return std::begin(backends)->make(model, pool);
}

}  // namespace mobiedit

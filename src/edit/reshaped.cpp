#include "edit/reshaped.h"

#include <algorithm>
#include <new>

namespace mobiedit {
namespace {

Error no_memory() {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit").error();
}

}  // namespace

std::vector<float> Reshaped::shaped(std::span<const float> z) const {
  std::vector<float> deltas(z.size());
  metric_.through(z, deltas);
  return deltas;
}

bool Reshaped::expect(int row, std::span<float> jacobian) const {
  if (!inner_.expect(row, jacobian)) return false;
  std::ranges::copy(shaped(jacobian), jacobian.begin());
  return true;
}

Result<Outputs> Reshaped::evaluate(std::span<const float> deltas, int n) try {
  return inner_.evaluate(shaped(deltas), n);
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Result<Outputs> Reshaped::probe(std::span<const float> deltas, int n) try {
  return inner_.probe(shaped(deltas), n);
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Gradient* Reshaped::gradient() {
  return inner_.gradient() ? this : nullptr;
}

Result<Outputs> Reshaped::record(std::span<const float> delta) try {
  return inner_.gradient()->record(shaped(delta));
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Result<std::vector<float>> Reshaped::pull_back(std::span<const float> slopes) try {
  auto by_delta = inner_.gradient()->pull_back(slopes);
  if (!by_delta) return by_delta;
  return shaped(*by_delta);
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

}  // namespace mobiedit

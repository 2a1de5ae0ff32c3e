#include "edit/preconditioned.h"

#include <algorithm>
#include <new>

namespace mobiedit {
namespace {

Error no_memory() {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit").error();
}

}  // namespace

std::vector<float> PreconditionedObjective::to_delta(std::span<const float> z) const {
  std::vector<float> deltas(z.size());
  metric_.through(z, deltas);
  return deltas;
}

bool PreconditionedObjective::expect(int row, std::span<float> jacobian) const {
  if (!inner_.expect(row, jacobian)) return false;
  std::ranges::copy(to_delta(jacobian), jacobian.begin());
  return true;
}

Result<Outputs> PreconditionedObjective::evaluate(std::span<const float> deltas, int n) try {
  return inner_.evaluate(to_delta(deltas), n);
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Result<Outputs> PreconditionedObjective::probe(std::span<const float> deltas, int n) try {
  return inner_.probe(to_delta(deltas), n);
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Gradient* PreconditionedObjective::gradient() {
  return inner_.gradient() ? this : nullptr;
}

Result<Outputs> PreconditionedObjective::record(std::span<const float> delta) try {
  return inner_.gradient()->record(to_delta(delta));
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Result<std::vector<float>> PreconditionedObjective::pull_back(std::span<const float> slopes) try {
  auto by_delta = inner_.gradient()->pull_back(slopes);
  if (!by_delta) return by_delta;
  return to_delta(*by_delta);
} catch (const std::bad_alloc&) {
  return std::unexpected(no_memory());
}

Approximations* PreconditionedObjective::approximations() {
  return inner_.approximations() ? this : nullptr;
}

Status PreconditionedObjective::use_static_activations(bool on) {
  return inner_.approximations()->use_static_activations(on);
}

Status PreconditionedObjective::freeze(std::span<const float> delta) {
  return inner_.approximations()->freeze(to_delta(delta));
}

void PreconditionedObjective::use_frozen(bool on) {
  inner_.approximations()->use_frozen(on);
}

Result<std::vector<double>> PreconditionedObjective::frozen_cosines(std::span<const float> delta) {
  return inner_.approximations()->frozen_cosines(to_delta(delta));
}

}  // namespace mobiedit

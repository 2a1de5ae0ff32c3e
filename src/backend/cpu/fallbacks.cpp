#include "backend/cpu/fallbacks.h"

#include <algorithm>

#include "backend/cpu/footprint.h"
#include "backend/cpu/weights.h"

namespace mobiedit {
namespace {

/// Weights that share a reason.
struct Group {
  std::string reason;
  int count = 0;
  std::string first;
};

/// Reason why a tensor has no kernel; empty if it has one.
std::string reason_of(const gguf::TensorInfo& t, Precision precision) {
  if (precision == Precision::float32) return {};
  const int columns = static_cast<int>(std::min<std::uint64_t>(t.columns(), 1u << 24));
  if (packed_kind(t.type, columns, precision) != kernels::WeightKind::f32) return {};
  if (precision == Precision::int8) return "whose rows do not divide into groups of 32 run in float32, not in integers";
  if (t.type == gguf::TensorType::f32) return {};
  return "of type " + gguf::type_name(t.type) + " have no kernel and run in float32, in twice the file's memory";
}

}  // namespace

std::vector<std::string> fallbacks(const gguf::File& file, const ModelConfig& config, kernels::Isa isa,
                                   Precision precision) {
  std::vector<std::string> sentences;
  if (isa == kernels::Isa::portable)
    sentences.push_back(
        "there are no kernels for this processor's instruction set; the portable ones are many times slower");
  std::vector<Group> groups;
  for (const gguf::TensorInfo& t : file.tensors()) {
    if (!is_packed(file, config, t) || t.rows() == 1) continue;
    std::string reason = reason_of(t, precision);
    if (reason.empty()) continue;
    auto group = std::ranges::find(groups, reason, &Group::reason);
    if (group == groups.end()) group = groups.insert(group, {std::move(reason), 0, t.name});
    ++group->count;
  }
  for (const Group& group : groups)
    sentences.push_back(std::to_string(group.count) + (group.count == 1 ? " weight " : " weights ") + group.reason +
                        " (the first: " + group.first + ")");
  return sentences;
}

}  // namespace mobiedit

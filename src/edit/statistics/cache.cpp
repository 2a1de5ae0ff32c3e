#include "edit/statistics/cache.h"

#include <utility>
#include <vector>

#include "base/fingerprint.h"

namespace mobiedit {
namespace {

constexpr std::size_t name_digits = 16;  // digits of a fingerprint in a file's name

// The key as metadata. Values of the file itself have names without this prefix.
std::vector<std::pair<std::string, std::string>> text_entries(const StatisticsKey& key) {
  return {{"mobiedit.statistics.kind", key.kind},
          {"mobiedit.statistics.model", key.model},
          {"mobiedit.statistics.layer", std::to_string(key.layer)},
          {"mobiedit.statistics.version", std::to_string(key.version)},
          {"mobiedit.statistics.text", key.text},
          {"mobiedit.statistics.active_edits", key.active_edits}};
}

template <class T>
std::string digest(std::span<const T> values) {
  return fingerprint(std::as_bytes(values));
}

}  // namespace

std::string StatisticsKey::file_name() const {
  std::string name = model + "-" + kind;
  if (layer >= 0) name += "-layer" + std::to_string(layer);
  if (!text.empty()) name += "-" + text.substr(0, name_digits);
  if (!active_edits.empty()) name += "-edits" + active_edits.substr(0, name_digits);
  return name + ".gguf";
}

std::string text_fingerprint(std::string_view text) {
  return digest(std::span<const char>(text));
}

std::string edits_fingerprint(const Changes& edits) {
  if (edits.empty()) return {};
  std::string all;
  for (const Neuron& neuron : edits.neurons)
    all += "neuron " + std::to_string(neuron.layer) + " " + digest(std::span<const float>(neuron.gate)) + " " +
           digest(std::span<const float>(neuron.up)) + " " + digest(std::span<const float>(neuron.down)) + "\n";
  for (const LowRankDelta& edit : edits.adapters)
    all += edit.tensor + " " + std::to_string(edit.rank) + " " + digest(std::span<const float>(&edit.scale, 1)) + " " +
           digest(std::span<const float>(edit.a)) + " " + digest(std::span<const float>(edit.b)) + "\n";
  return text_fingerprint(all);
}

std::optional<gguf::File> StatisticsCache::find(const StatisticsKey& key) const {
  if (folder_.empty()) return {};
  auto file = gguf::File::open(folder_ / key.file_name());
  if (!file) return {};
  for (const auto& [name, expected] : text_entries(key)) {
    const auto found = file->string(name);
    if (!found || !*found || **found != expected) return {};
  }
  return std::move(*file);
}

Status StatisticsCache::put(const StatisticsKey& key, gguf::Writer& values) const {
  if (folder_.empty()) return {};
  for (auto& [name, value] : text_entries(key)) values.set_string(name, std::move(value));
  return values.write(folder_ / key.file_name());
}

std::optional<std::span<const float>> float_values(const gguf::File& file, std::string_view tensor,
                                                   std::uint64_t count) {
  const gguf::TensorInfo* found = file.find_tensor(tensor);
  if (found == nullptr || found->type != gguf::TensorType::f32 || found->bytes != count * sizeof(float)) return {};
  return std::span(reinterpret_cast<const float*>(file.data(*found).data()), static_cast<std::size_t>(count));
}

void add_float_values(gguf::Writer& file, std::string tensor, std::span<const float> values) {
  file.add_tensor(std::move(tensor), gguf::TensorType::f32, {values.size()},
                  [bytes = std::as_bytes(values)]() -> Result<std::span<const std::byte>> { return bytes; });
}

}  // namespace mobiedit

#include "store/rewrite_neurons.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/try.h"
#include "gguf/codec/codec.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit {
namespace {

/// One tensor of the layer as it will be written.
class Rewriting {
 public:
  static Result<Rewriting> of(const gguf::File& base, const std::string& name, std::size_t columns,
                              std::map<std::string, NewTensor>& anew) {
    const gguf::TensorInfo* tensor = base.find_tensor(name);
    if (tensor == nullptr) return fail(ErrorCode::bad_model, "has no tensor " + name, base.path().string());
    if (tensor->columns() != columns)
      return fail(ErrorCode::bad_model, name + " is of another shape than a neuron", base.path().string());
    const gguf::Codec& codec = *gguf::find_codec(tensor->type);
    if (codec.encode == nullptr)
      return fail(ErrorCode::usage,
                  name + " is " + std::string(codec.traits.name) + ", a type in which neurons are not written",
                  base.path().string(), "write an adapter, or a model whose types may change");
    const auto source = base.data(*tensor);
    const auto [place, added] = anew.try_emplace(name, NewTensor{tensor->type, {}});
    if (added) place->second.bytes.assign(source.begin(), source.end());
    return Rewriting(*tensor, codec, place->second.bytes);
  }

  [[nodiscard]] std::size_t rows() const { return tensor_->rows(); }
  [[nodiscard]] std::size_t block() const { return codec_->traits.block_values; }

  /// Writes whole blocks of a row, from column `first` on.
  Status write(std::size_t row, std::size_t first, std::span<const float> values) {
    const std::size_t stride = gguf::row_bytes(tensor_->type, tensor_->columns());
    const std::size_t at = row * stride + gguf::row_bytes(tensor_->type, first);
    const auto bytes = std::span(*bytes_).subspan(at, gguf::row_bytes(tensor_->type, values.size()));
    std::vector<float> before(values.size()), written(values.size());
    gguf::dequantize(tensor_->type, bytes, before);
    MOBIEDIT_CHECK(gguf::quantize(tensor_->type, values, bytes));
    gguf::dequantize(tensor_->type, bytes, written);
    for (std::size_t i = 0; i < values.size(); ++i) {
      report_.changed += written[i] != before[i] ? 1u : 0u;
      missed_ += std::pow(double{written[i]} - values[i], 2);
      wanted_ += double{values[i]} * values[i];
    }
    return {};
  }

  [[nodiscard]] FlippedTensor report() const {
    FlippedTensor report = report_;
    report.update_error = wanted_ > 0 ? std::sqrt(missed_ / wanted_) : 0;
    return report;
  }

 private:
  Rewriting(const gguf::TensorInfo& tensor, const gguf::Codec& codec, std::vector<std::byte>& bytes)
      : tensor_(&tensor),
        codec_(&codec),
        bytes_(&bytes),
        report_{tensor.name, tensor.type, tensor.columns() * tensor.rows(), 0, 0, 0} {}

  const gguf::TensorInfo* tensor_;
  const gguf::Codec* codec_;
  std::vector<std::byte>* bytes_;
  FlippedTensor report_;
  double missed_ = 0, wanted_ = 0;
};

Status write_rows(Rewriting& tensor, const PlacedNeurons& layer, std::vector<float> Neuron::* wanted) {
  for (std::size_t i = 0; i < layer.neurons.size(); ++i)
    MOBIEDIT_CHECK(tensor.write(static_cast<std::size_t>(layer.slots[i]), 0, layer.neurons[i].*wanted));
  return {};
}

Status write_columns(Rewriting& tensor, const PlacedNeurons& layer) {
  const std::size_t block = tensor.block();
  std::map<std::size_t, std::vector<std::size_t>> blocks;  // the neurons in each
  for (std::size_t i = 0; i < layer.slots.size(); ++i)
    blocks[static_cast<std::size_t>(layer.slots[i]) / block].push_back(i);
  std::vector<float> values(block);
  for (std::size_t row = 0; row < tensor.rows(); ++row) {
    for (const auto& [number, neurons] : blocks) {
      std::ranges::fill(values, 0.0f);
      for (const std::size_t i : neurons)
        values[static_cast<std::size_t>(layer.slots[i]) % block] = layer.neurons[i].down[row];
      MOBIEDIT_CHECK(tensor.write(row, number * block, values));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<FlippedTensor>> rewrite_neurons(const gguf::File& base, const PlacedNeurons& layer,
                                                   std::map<std::string, NewTensor>& anew) {
  if (layer.neurons.empty() || layer.neurons.size() != layer.slots.size())
    return fail(ErrorCode::usage, "each neuron needs one slot, and there must be one");
  const std::string start = "blk." + std::to_string(layer.layer) + ".ffn_";
  const std::size_t d = layer.neurons.front().down.size();
  MOBIEDIT_TRY(auto gate, Rewriting::of(base, start + "gate.weight", d, anew));
  MOBIEDIT_TRY(auto up, Rewriting::of(base, start + "up.weight", d, anew));
  MOBIEDIT_TRY(auto down, Rewriting::of(base, start + "down.weight", gate.rows(), anew));
  for (std::size_t i = 0; i < layer.neurons.size(); ++i) {
    const Neuron& neuron = layer.neurons[i];
    const bool fits = neuron.gate.size() == d && neuron.up.size() == d && neuron.down.size() == d && down.rows() == d &&
                      layer.slots[i] >= 0 && static_cast<std::size_t>(layer.slots[i]) < gate.rows();
    if (!fits) return fail(ErrorCode::bad_model, "a neuron is of another shape than the model", base.path().string());
  }
  MOBIEDIT_CHECK(write_rows(gate, layer, &Neuron::gate));
  MOBIEDIT_CHECK(write_rows(up, layer, &Neuron::up));
  MOBIEDIT_CHECK(write_columns(down, layer));
  return std::vector{down.report(), gate.report(), up.report()};
}

}  // namespace mobiedit

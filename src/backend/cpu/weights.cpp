#include "backend/cpu/weights.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "backend/cpu/round_to.h"
#include "base/try.h"
#include "gguf/codec/codec.h"
#include "model/tensor_id.h"

namespace mobiedit {
namespace {

using gguf::TensorType;
using kernels::PackedWeight;
using kernels::WeightKind;

// Fills in the codes of a file's groups for a product. Signed codes stay exact. A type with minima has codes from 0 to
// 15; they are moved by −8, which rounds the offset once more.
void fill_groups(const gguf::Codec& codec, const std::byte* row, const PackedWeight::Groups& groups) {
  const std::size_t in_block = codec.traits.block_values / kernels::group_size;
  const gguf::GroupForm form = codec.group_form;
  const int moved = form.offsets && form.bits == 4 ? 8 : 0;
  for (std::size_t g = 0; g < groups.scales.size(); ++g) {
    const gguf::Group group = codec.group(row + g / in_block * codec.traits.block_bytes, g % in_block);
    std::int8_t* codes = groups.codes.data() + g * kernels::group_size;
    for (int i = 0; i < kernels::group_size; ++i) codes[i] = static_cast<std::int8_t>(group.codes[i] - moved);
    groups.scales[g] = group.scale;
    if (form.offsets) groups.offsets[g] = group.offset + static_cast<float>(moved) * group.scale;
  }
}

// Releases the file's pages as their rows are packed: a large tensor never lies in memory twice. Threads take rows
// nearly in order. A page of a thread that lags behind is read again when the thread comes to it.
class PagesBehind {
 public:
  PagesBehind(const gguf::File& file, std::span<const std::byte> rows, std::size_t stride)
      : file_(file), bytes_(rows), stride_(stride), chunk_(std::max<std::size_t>(1, chunk_bytes / stride)) {}

  void passed(int row) const {
    const auto r = static_cast<std::size_t>(row);
    if (r == 0 || r % chunk_ != 0 || r < 2 * chunk_) return;
    file_.release_pages(bytes_.subspan((r - 2 * chunk_) * stride_, chunk_ * stride_));
  }

 private:
  static constexpr std::size_t chunk_bytes = packing_pages / 3;  // two behind, and the one at hand
  const gguf::File& file_;
  std::span<const std::byte> bytes_;
  std::size_t stride_;
  std::size_t chunk_;
};

class Loader {
 public:
  Loader(const gguf::File& file, kernels::Isa isa, Precision precision, ThreadPool& pool, kernels::WeightMemory& memory)
      : file_(file), isa_(isa), precision_(precision), pool_(pool), memory_(memory) {}

  /// Rounds float32 weights that are read from now on to this format.
  void set_rounding(NumberFormat format) { rounding_ = format; }

  Result<const gguf::TensorInfo*> find(const std::string& name, int rows, int columns, bool required = true) const {
    const gguf::TensorInfo* t = file_.find_tensor(name);
    if (!t) {
      if (!required) return nullptr;
      return fail(ErrorCode::bad_model, "the tensor '" + name + "' is missing", file_.path().string());
    }
    if (t->columns() != static_cast<std::uint64_t>(columns) || t->rows() != static_cast<std::uint64_t>(rows))
      return fail(ErrorCode::bad_model,
                  "the tensor '" + name + "' is " + std::to_string(t->columns()) + " x " + std::to_string(t->rows()) +
                      ", expected " + std::to_string(columns) + " x " + std::to_string(rows),
                  file_.path().string());
    return t;
  }

  /// All values of a tensor, [rows, columns].
  Status vector(std::vector<float>& out, const std::string& name, int rows, int columns, bool required) const {
    MOBIEDIT_TRY(auto t, find(name, rows, columns, required));
    if (!t) return {};
    out.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    const std::size_t stride = gguf::row_bytes(t->type, static_cast<std::size_t>(columns));
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row)
      gguf::dequantize(
          t->type, file_.data(*t).subspan(row * stride, stride),
          std::span(out).subspan(row * static_cast<std::size_t>(columns), static_cast<std::size_t>(columns)));
    return {};
  }

  /// Reads one tensor into several matrices: `rows[i]` rows for outs[i], in order, all rows of the tensor together.
  Status matrices(std::span<PackedWeight* const> outs, std::span<const int> rows, const std::string& name,
                  int columns) const {
    MOBIEDIT_TRY(auto t, find(name, std::accumulate(rows.begin(), rows.end(), 0), columns));
    int first = 0;
    for (std::size_t i = 0; i < outs.size(); ++i) {
      MOBIEDIT_TRY(auto packed, pack(*t, first, rows[i], columns));
      *outs[i] = std::move(packed);
      first += rows[i];
    }
    file_.release_pages(*t);
    return {};
  }
  Status matrix(PackedWeight& out, const std::string& name, int rows, int columns) const {
    PackedWeight* const one = &out;
    return matrices({&one, 1}, {&rows, 1}, name, columns);
  }

  Status output(OutputWeight& out, const std::string& name, int rows, int columns) const {
    MOBIEDIT_TRY(auto t, find(name, rows, columns));
    for (int first = 0; first < rows; first += OutputWeight::slice_rows) {
      const int count = std::min(OutputWeight::slice_rows, rows - first);
      MOBIEDIT_TRY(auto packed, pack(*t, first, count, columns));
      out.slices.push_back(std::move(packed));
      file_.release_pages(rows_of(*t, first, count));
    }
    return {};
  }

 private:
  std::span<const std::byte> rows_of(const gguf::TensorInfo& t, int first, int rows) const {
    const std::size_t stride = gguf::row_bytes(t.type, static_cast<std::size_t>(t.columns()));
    return file_.data(t).subspan(static_cast<std::size_t>(first) * stride, static_cast<std::size_t>(rows) * stride);
  }

  Result<PackedWeight> pack(const gguf::TensorInfo& t, int first, int rows, int columns) const {
    const WeightKind kind = packed_kind(t.type, columns, precision_);
    const std::size_t stride = gguf::row_bytes(t.type, static_cast<std::size_t>(columns));
    const auto bytes = rows_of(t, first, rows);
    const PagesBehind behind(file_, bytes, stride);
    const gguf::Codec& codec = *gguf::find_codec(t.type);
    if (kind != WeightKind::f32 && codec.group != nullptr) {
      return PackedWeight::from_groups(
          isa_, kind, rows, columns, codec.group_form.offsets,
          [&](int row, const PackedWeight::Groups& groups) {
            fill_groups(codec, bytes.data() + static_cast<std::size_t>(row) * stride, groups);
            behind.passed(row);
          },
          pool_, &memory_);
    }
    return PackedWeight::from_floats(
        isa_, kind, rows, columns,
        [&](int row, std::span<float> values) {
          gguf::dequantize(t.type, bytes.subspan(static_cast<std::size_t>(row) * stride, stride), values);
          round_to(rounding_, values);
          behind.passed(row);
        },
        pool_, &memory_, packed_rest(t.type, kind));
  }

  const gguf::File& file_;
  kernels::Isa isa_;
  Precision precision_;
  ThreadPool& pool_;
  kernels::WeightMemory& memory_;
  NumberFormat rounding_ = NumberFormat::f32;
};

}  // namespace

WeightKind packed_kind(TensorType type, int columns, Precision precision) {
  if (columns % kernels::group_size != 0 || precision == Precision::float32) return WeightKind::f32;
  const gguf::Codec& codec = *gguf::find_codec(type);
  if (codec.exponent_bits != 0 && precision == Precision::automatic) return WeightKind::f32;
  return codec.group_form.bits == 4 ? WeightKind::int4_g32 : WeightKind::int8_g32;
}

PackedWeight::Rest packed_rest(TensorType type, WeightKind kind) {
  const gguf::Codec& codec = *gguf::find_codec(type);
  const bool rounded_anew = kind == WeightKind::int8_g32 && codec.exponent_bits == 0 && codec.group == nullptr;
  return rounded_anew ? PackedWeight::Rest::kept : PackedWeight::Rest::dropped;
}

namespace {

// Cuts [count, size] into one vector per expert.
void share_out(const std::vector<float>& all, std::vector<ExpertWeights>& experts,
               std::vector<float> ExpertWeights::* of) {
  const std::size_t size = all.size() / experts.size();
  for (std::size_t e = 0; e < experts.size(); ++e)
    experts[e].*of = {all.begin() + static_cast<std::ptrdiff_t>(e * size),
                      all.begin() + static_cast<std::ptrdiff_t>((e + 1) * size)};
}

Status load_tensor(const Loader& load, const ModelConfig& c, const TensorSpec& t, LayerWeights& w) {
  using enum TensorRole;
  const std::string name = tensor_name(t.id);
  const auto vector = [&](std::vector<float>& out) { return load.vector(out, name, t.rows, t.columns, t.required); };
  const auto matrix = [&](PackedWeight& out) { return load.matrix(out, name, t.rows, t.columns); };
  const auto each_expert = [&](PackedWeight ExpertWeights::* of) {
    std::vector<PackedWeight*> outs;
    for (ExpertWeights& expert : w.experts) outs.push_back(&(expert.*of));
    const std::vector<int> rows(outs.size(), t.rows / static_cast<int>(outs.size()));
    return load.matrices(outs, rows, name, t.columns);
  };
  const auto each_bias = [&](std::vector<float> ExpertWeights::* of) -> Status {
    std::vector<float> all;
    if (auto s = vector(all); !s) return s;
    share_out(all, w.experts, of);
    return {};
  };
  if (t.id.bias) {
    switch (t.id.role) {
      case q:
        return vector(w.q_bias);
      case k:
        return vector(w.k_bias);
      case v:
        return vector(w.v_bias);
      case qkv: {
        std::vector<float> all;
        if (auto s = vector(all); !s || all.empty()) return s;
        const auto keys = all.begin() + c.q_size(), values = keys + c.kv_size();
        w.q_bias = {all.begin(), keys};
        w.k_bias = {keys, values};
        w.v_bias = {values, all.end()};
        return {};
      }
      case o:
        return vector(w.o_bias);
      case router:
        return vector(w.router_bias);
      case expert_gate:
        return each_bias(&ExpertWeights::gate_bias);
      case expert_up:
        return each_bias(&ExpertWeights::up_bias);
      case expert_down:
        return each_bias(&ExpertWeights::down_bias);
      default:
        return {};
    }
  }
  switch (t.id.role) {
    case attention_norm:
      return vector(w.attn_norm);
    case attention_post_norm:
      return vector(c.spec(t.id.layer).ffn_norm_is_post_norm ? w.ffn_norm : w.attn_post_norm);
    case ffn_norm:
      return vector(w.ffn_norm);
    case ffn_post_norm:
      return vector(w.ffn_post_norm);
    case q_norm:
      return vector(w.q_norm);
    case k_norm:
      return vector(w.k_norm);
    case sinks:
      return vector(w.sinks);
    case q:
      return matrix(w.q);
    case k:
      return matrix(w.k);
    case v:
      return matrix(w.v);
    case qkv: {
      PackedWeight* const outs[] = {&w.q, &w.k, &w.v};
      const int rows[] = {c.q_size(), c.kv_size(), c.kv_size()};
      return load.matrices(outs, rows, name, t.columns);
    }
    case o:
      return matrix(w.o);
    case gate:
      return matrix(w.gate);
    case up: {
      if (!c.spec(t.id.layer).fused_gate_up) return matrix(w.up);
      PackedWeight* const outs[] = {&w.gate, &w.up};
      const int rows[] = {c.f, c.f};
      return load.matrices(outs, rows, name, t.columns);
    }
    case down:
      return matrix(w.down);
    case router:
      return matrix(w.router);
    case expert_gate:
      return each_expert(&ExpertWeights::gate);
    case expert_up:
      return each_expert(&ExpertWeights::up);
    case expert_down:
      return each_expert(&ExpertWeights::down);
  }
  return {};
}

}  // namespace

Result<Weights> load_weights(const gguf::File& file, const ModelConfig& c, kernels::Isa isa, Precision precision,
                             const Rounding& rounding, ThreadPool& pool) {
  kernels::WeightMemory memory;
  Loader load(file, isa, precision, pool, memory);
  Weights w;
  w.layers.resize(static_cast<std::size_t>(c.layers));
  for (int i = 0; i < c.layers; ++i) {
    load.set_rounding(i == rounding.edited_layer ? rounding.edited_weights : rounding.other_weights);
    LayerWeights& layer = w.layers[static_cast<std::size_t>(i)];
    layer.experts.resize(static_cast<std::size_t>(c.spec(i).experts.count));
    for (const TensorSpec& tensor : layer_tensors(c, i)) MOBIEDIT_CHECK(load_tensor(load, c, tensor, layer));
  }
  MOBIEDIT_CHECK(load.vector(w.output_norm, "output_norm.weight", 1, c.d, true));
  const bool short_factors = file.find_tensor("rope_factors_short.weight") != nullptr;
  if (auto s = load.vector(w.rope_factors, short_factors ? "rope_factors_short.weight" : "rope_freqs.weight", 1,
                           c.spec(0).rope.dimensions / 2, false);
      !s)
    return std::unexpected(s.error());
  for (const float factor : w.rope_factors)
    if (!(factor > 0))
      return fail(ErrorCode::bad_model, "a factor of its rotary positions is not above 0", file.path().string());

  MOBIEDIT_TRY(auto embedding, load.find("token_embd.weight", c.vocab, c.d));
  w.embedding = embedding;
  load.set_rounding(rounding.other_weights);
  const bool untied = file.find_tensor("output.weight") != nullptr;
  MOBIEDIT_CHECK(load.output(w.output, untied ? "output.weight" : "token_embd.weight", c.vocab, c.d));
  return w;
}

Result<PackedWeight> load_float_down(const gguf::File& file, const ModelConfig& c, int layer, kernels::Isa isa,
                                     const Rounding& rounding, ThreadPool& pool) {
  kernels::WeightMemory memory;
  Loader load(file, isa, Precision::float32, pool, memory);
  load.set_rounding(layer == rounding.edited_layer ? rounding.edited_weights : rounding.other_weights);
  PackedWeight down;
  MOBIEDIT_CHECK(load.matrix(down, tensor_name({layer, TensorRole::down}), c.d, c.f));
  return down;
}

}  // namespace mobiedit

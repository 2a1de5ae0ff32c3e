#include "backend/cpu/weights.h"

#include <algorithm>
#include <string>

#include "backend/cpu/round_to.h"
#include "gguf/codec/codec.h"

namespace mobiedit {
namespace {

using gguf::TensorType;
using kernels::PackedWeight;
using kernels::WeightKind;

// Codes of a file's groups as a product takes them. Signed codes stay exact; nibbles of a type with minima are moved by
// 8, which rounds the offset once more.
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

// The file's pages go as their rows are packed: a large tensor never lies in memory twice. Threads take rows nearly in
// order; the page of one that lags behind is read again when it comes to it.
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
  Loader(const gguf::File& file, kernels::Isa isa, Precision precision, ThreadPool& pool)
      : file_(file), isa_(isa), precision_(precision), pool_(pool) {}

  /// Of the weights that are read from now on; in float32 alone.
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

  Status vector(std::vector<float>& out, const std::string& name, int size, bool required) const {
    auto t = find(name, 1, size, required);
    if (!t) return std::unexpected(t.error());
    if (!*t) return {};
    out.resize(static_cast<std::size_t>(size));
    gguf::dequantize((*t)->type, file_.data(**t), out);
    return {};
  }

  Status matrix(PackedWeight& out, const std::string& name, int rows, int columns) const {
    auto t = find(name, rows, columns);
    if (!t) return std::unexpected(t.error());
    auto packed = pack(**t, 0, rows, columns);
    if (!packed) return std::unexpected(packed.error());
    out = std::move(*packed);
    file_.release_pages(**t);
    return {};
  }

  Status output(OutputWeight& out, const std::string& name, int rows, int columns) const {
    auto t = find(name, rows, columns);
    if (!t) return std::unexpected(t.error());
    for (int first = 0; first < rows; first += OutputWeight::slice_rows) {
      const int count = std::min(OutputWeight::slice_rows, rows - first);
      auto packed = pack(**t, first, count, columns);
      if (!packed) return std::unexpected(packed.error());
      out.slices.push_back(std::move(*packed));
      file_.release_pages(rows_of(**t, first, count));
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
          pool_);
    }
    return PackedWeight::from_floats(
        isa_, kind, rows, columns,
        [&](int row, std::span<float> values) {
          gguf::dequantize(t.type, bytes.subspan(static_cast<std::size_t>(row) * stride, stride), values);
          round_to(rounding_, values);
          behind.passed(row);
        },
        pool_);
  }

  const gguf::File& file_;
  kernels::Isa isa_;
  Precision precision_;
  ThreadPool& pool_;
  NumberFormat rounding_ = NumberFormat::f32;
};

}  // namespace

WeightKind packed_kind(TensorType type, int columns, Precision precision) {
  if (columns % kernels::group_size != 0 || precision == Precision::float32) return WeightKind::f32;
  const gguf::Codec& codec = *gguf::find_codec(type);
  if (codec.exponent_bits != 0 && precision == Precision::automatic) return WeightKind::f32;
  return codec.group_form.bits == 4 ? WeightKind::int4_g32 : WeightKind::int8_g32;
}

Result<Weights> load_weights(const gguf::File& file, const ModelConfig& c, kernels::Isa isa, Precision precision,
                             const Rounding& rounding, ThreadPool& pool) {
  Loader load(file, isa, precision, pool);
  Weights w;
  w.layers.resize(static_cast<std::size_t>(c.layers));
  Status s;
  for (int i = 0; i < c.layers && s; ++i) {
    load.set_rounding(i == rounding.edited_layer ? rounding.edited_weights : rounding.other_weights);
    LayerWeights& b = w.layers[static_cast<std::size_t>(i)];
    const std::string p = "blk." + std::to_string(i) + ".";
    const auto vector = [&](std::vector<float>& out, const char* name, int size, bool required) {
      if (s) s = load.vector(out, p + name, size, required);
    };
    const auto matrix = [&](PackedWeight& out, const char* name, int rows, int columns) {
      if (s) s = load.matrix(out, p + name, rows, columns);
    };
    vector(b.attn_norm, "attn_norm.weight", c.d, true);
    vector(b.ffn_norm, "ffn_norm.weight", c.d, true);
    vector(b.q_bias, "attn_q.bias", c.q_size(), false);
    vector(b.k_bias, "attn_k.bias", c.kv_size(), false);
    vector(b.v_bias, "attn_v.bias", c.kv_size(), false);
    vector(b.o_bias, "attn_output.bias", c.d, false);
    if (c.qk_norm) {
      vector(b.q_norm, "attn_q_norm.weight", c.head_dim, true);
      vector(b.k_norm, "attn_k_norm.weight", c.head_dim, true);
    }
    matrix(b.q, "attn_q.weight", c.q_size(), c.d);
    matrix(b.k, "attn_k.weight", c.kv_size(), c.d);
    matrix(b.v, "attn_v.weight", c.kv_size(), c.d);
    matrix(b.o, "attn_output.weight", c.d, c.q_size());
    matrix(b.gate, "ffn_gate.weight", c.f, c.d);
    matrix(b.up, "ffn_up.weight", c.f, c.d);
    matrix(b.down, "ffn_down.weight", c.d, c.f);
  }
  if (s) s = load.vector(w.output_norm, "output_norm.weight", c.d, true);
  if (s) s = load.vector(w.rope_factors, "rope_freqs.weight", c.rope_dimensions / 2, false);
  if (!s) return std::unexpected(s.error());

  auto embedding = load.find("token_embd.weight", c.vocab, c.d);
  if (!embedding) return std::unexpected(embedding.error());
  w.embedding = *embedding;
  load.set_rounding(rounding.other_weights);
  const bool untied = file.find_tensor("output.weight") != nullptr;
  if (s = load.output(w.output, untied ? "output.weight" : "token_embd.weight", c.vocab, c.d); !s)
    return std::unexpected(s.error());
  return w;
}

Result<PackedWeight> load_float_down(const gguf::File& file, const ModelConfig& c, int layer, kernels::Isa isa,
                                     const Rounding& rounding, ThreadPool& pool) {
  Loader load(file, isa, Precision::float32, pool);
  load.set_rounding(layer == rounding.edited_layer ? rounding.edited_weights : rounding.other_weights);
  PackedWeight down;
  if (auto s = load.matrix(down, "blk." + std::to_string(layer) + ".ffn_down.weight", c.d, c.f); !s)
    return std::unexpected(s.error());
  return down;
}

}  // namespace mobiedit

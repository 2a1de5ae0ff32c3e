#include "mobiedit/model/config.h"

#include <array>
#include <limits>
#include <string_view>

#include "mobiedit/gguf/file.h"
#include "model/rope_scaling.h"

namespace mobiedit {
namespace {

struct Architecture {
  std::string_view name;
  bool rope_neox;
  bool qk_norm;
};

// A family that differs from these in more than a row says so in its layer function.
constexpr std::array architectures{
    Architecture{"llama", false, false},
    Architecture{"qwen2", true, false},
    Architecture{"qwen3", true, true},
};

// Far above any model there is, far below where products of two of them overflow.
constexpr std::uint64_t largest_size = 1u << 24;

class Reader {
 public:
  Reader(const gguf::File& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  Result<std::uint64_t> size(std::string_view key, std::optional<std::uint64_t> otherwise = {}) const {
    const std::string full = prefix_ + std::string(key);
    auto value = file_.integer(full);
    if (!value) return std::unexpected(value.error());
    if (!*value && !otherwise) return fail(ErrorCode::bad_model, "the key '" + full + "' is missing", where());
    const std::uint64_t n = *value ? **value : *otherwise;
    if (n == 0 || n > largest_size)
      return fail(ErrorCode::bad_model, "'" + full + "' is " + std::to_string(n) + ", which no model has", where());
    return n;
  }

  Result<double> number(std::string_view key, double otherwise) const {
    auto value = file_.number(prefix_ + std::string(key));
    if (!value) return std::unexpected(value.error());
    return value->value_or(otherwise);
  }

  Result<std::optional<std::uint64_t>> integer(std::string_view key) const {
    return file_.integer(prefix_ + std::string(key));
  }
  [[nodiscard]] std::string where() const { return file_.path().string(); }

 private:
  const gguf::File& file_;
  std::string prefix_;
};

}  // namespace

Result<ModelConfig> ModelConfig::from_file(const gguf::File& file) {
  const std::string where = file.path().string();
  auto architecture = file.string("general.architecture");
  if (!architecture) return std::unexpected(architecture.error());
  if (!*architecture)
    return fail(ErrorCode::bad_model, "the key 'general.architecture' is missing", where, "not a model?");

  auto kind = file.string("general.type");
  if (!kind) return std::unexpected(kind.error());
  if (*kind && **kind != "model")
    return fail(ErrorCode::bad_model, "this file is of type '" + **kind + "', not a model", where,
                **kind == "adapter" ? "give the base model with -m and this file with --lora" : "");

  const Architecture* row = nullptr;
  std::string known;
  for (const Architecture& a : architectures) {
    if (a.name == **architecture) row = &a;
    known += (known.empty() ? "" : ", ") + std::string(a.name);
  }
  if (!row)
    return fail(ErrorCode::bad_model, "the architecture '" + **architecture + "' is not supported", where,
                "supported are " + known);

  const Reader read(file, **architecture);
  ModelConfig c;
  c.architecture = **architecture;
  c.rope_neox = row->rope_neox;
  c.qk_norm = row->qk_norm;
  auto name = file.string("general.name");
  if (!name) return std::unexpected(name.error());
  c.name = name->value_or("");

  auto experts = read.integer("expert_count");
  if (!experts) return std::unexpected(experts.error());
  if (experts->value_or(0) > 0) return fail(ErrorCode::bad_model, "mixture-of-experts models are not supported", where);

  const auto take = [&](int& field, std::string_view key, std::optional<std::uint64_t> otherwise = {}) -> Status {
    auto value = read.size(key, otherwise);
    if (!value) return std::unexpected(value.error());
    field = static_cast<int>(*value);
    return {};
  };
  if (auto s = take(c.layers, "block_count"); !s) return std::unexpected(s.error());
  if (auto s = take(c.context, "context_length"); !s) return std::unexpected(s.error());
  if (auto s = take(c.d, "embedding_length"); !s) return std::unexpected(s.error());
  if (auto s = take(c.f, "feed_forward_length"); !s) return std::unexpected(s.error());
  if (auto s = take(c.heads, "attention.head_count"); !s) return std::unexpected(s.error());
  const auto heads = static_cast<std::uint64_t>(c.heads);
  if (auto s = take(c.kv_heads, "attention.head_count_kv", heads); !s) return std::unexpected(s.error());
  if (auto s =
          take(c.head_dim, "attention.key_length", std::max<std::uint64_t>(1, static_cast<std::uint64_t>(c.d) / heads));
      !s)
    return std::unexpected(s.error());
  int value_length = 0;
  if (auto s = take(value_length, "attention.value_length", static_cast<std::uint64_t>(c.head_dim)); !s)
    return std::unexpected(s.error());
  if (auto s = take(c.rope_dimensions, "rope.dimension_count", static_cast<std::uint64_t>(c.head_dim)); !s)
    return std::unexpected(s.error());

  constexpr int most_heads = 4096;
  if (value_length != c.head_dim || c.heads > most_heads || c.kv_heads > c.heads || c.heads % c.kv_heads != 0 ||
      c.head_dim > 4096 || c.rope_dimensions > c.head_dim || c.rope_dimensions % 2 != 0 || c.layers > 4096)
    return fail(ErrorCode::bad_model,
                "the sizes of its attention don't fit together (" + std::to_string(c.heads) + " heads, " +
                    std::to_string(c.kv_heads) + " of keys and values, " + std::to_string(c.head_dim) + " wide)",
                where);

  auto epsilon = read.number("attention.layer_norm_rms_epsilon", 1e-5);
  if (!epsilon) return std::unexpected(epsilon.error());
  auto base = read.number("rope.freq_base", 10000.0);
  if (!base) return std::unexpected(base.error());
  if (!(*epsilon >= 0 && *epsilon < 1) || !(*base >= 1 && *base < 1e12))
    return fail(ErrorCode::bad_model, "its norm epsilon or rope base is out of range", where);
  c.norm_epsilon = static_cast<float>(*epsilon);
  c.rope_base = *base;

  if (auto scaled = read_rope_scaling(file, c); !scaled) return std::unexpected(scaled.error());

  const gguf::TensorInfo* embedding = file.find_tensor("token_embd.weight");
  if (!embedding) return fail(ErrorCode::bad_model, "the tensor 'token_embd.weight' is missing", where);
  if (embedding->rows() == 0 || embedding->rows() > largest_size)
    return fail(ErrorCode::bad_model, "its vocabulary has an impossible size", where);
  c.vocab = static_cast<int>(embedding->rows());
  return c;
}

}  // namespace mobiedit

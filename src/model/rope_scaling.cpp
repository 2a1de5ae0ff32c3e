#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>

#include "base/try.h"

namespace mobiedit {
namespace {

/// Numbers of `ARCHITECTURE.rope.scaling.*`. The first key that is wrong leaves its error.
class ScalingKeys {
 public:
  ScalingKeys(const gguf::File& file, const std::string& architecture)
      : file_(file), prefix_(architecture + ".rope.scaling.") {}

  Status status;

  [[nodiscard]] std::string name(std::string_view key) const { return prefix_ + std::string(key); }

  /// A missing key gives `otherwise`; the value must lie in [least, most].
  double number(std::string_view key, double otherwise, double least, double most) {
    const auto value = file_.number(name(key));
    if (!value) return keep(std::unexpected(value.error()), otherwise);
    if (!*value) return otherwise;
    if (!(**value >= least && **value <= most))
      return keep(fail(ErrorCode::bad_model, "'" + name(key) + "' is " + std::to_string(**value) + ", out of range",
                       file_.path().string()),
                  otherwise);
    return **value;
  }

 private:
  double keep(Status error, double otherwise) {
    if (status) status = std::move(error);
    return otherwise;
  }

  const gguf::File& file_;
  std::string prefix_;
};

/// Pair of a head that turns `turns` times within `context` positions.
double pair_of(const RopeSpec& rope, double context, double turns) {
  return rope.dimensions * std::log(context / (turns * 2 * std::numbers::pi)) / (2 * std::log(rope.base));
}

}  // namespace

Status read_rope_scaling(const gguf::File& file, const ModelConfig& c, RopeSpec& rope) {
  ScalingKeys keys(file, c.architecture);
  MOBIEDIT_TRY(const auto named, file.string(keys.name("type")));
  const std::string type = named.value_or("linear");
  if (type != "none" && type != "linear" && type != "yarn")
    return fail(ErrorCode::bad_model, "'" + keys.name("type") + "' is '" + type + "'; expected none, linear or yarn",
                file.path().string());

  const double given = keys.number("factor", 1, 0, 1e6);
  const double factor = type == "none" || given == 0 ? 1 : given;
  const double attention = keys.number("attn_factor", 1, 1e-3, 1e3);
  const double original = keys.number("original_context_length", 0, 0, 1e9);
  const double fast = keys.number("yarn_beta_fast", 32, 1e-3, 1e6);
  const double slow = keys.number("yarn_beta_slow", 1, 1e-3, 1e6);
  const double mix = keys.number("yarn_ext_factor", 1, -1e3, 1e3);
  const double attention_too = keys.number("yarn_attn_factor", 1, 1e-3, 1e3);
  if (!keys.status) return keys.status;
  if (factor < 1e-3)
    return fail(ErrorCode::bad_model, "'" + keys.name("factor") + "' is " + std::to_string(factor) + ", out of range",
                file.path().string());
  rope.scale = 1.0 / factor;
  rope.magnitude = static_cast<float>(attention);
  if (type != "yarn") return {};

  if ((mix >= 0 && mix != 1) || attention_too != 1)
    return fail(
        ErrorCode::bad_model,
        "'" + keys.name("yarn_ext_factor") + "' or '" + keys.name("yarn_attn_factor") + "' is not 1; expected 1",
        file.path().string());
  if (rope.base <= 1)
    return fail(ErrorCode::bad_model, "YaRN scaling needs a rope base above 1; found " + std::to_string(rope.base),
                file.path().string());
  const double context = original == 0 ? c.context : original;
  rope.yarn = true;
  rope.yarn_first = std::max(0.0, std::floor(pair_of(rope, context, fast)));
  rope.yarn_last = std::min(rope.dimensions - 1.0, std::ceil(pair_of(rope, context, slow)));
  if (factor > 1) rope.magnitude = static_cast<float>(attention * (1 + 0.1 * std::log(factor)));
  return {};
}

}  // namespace mobiedit

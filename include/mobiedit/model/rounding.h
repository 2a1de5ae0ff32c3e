// Coarser numbers than a model's own, to see what they do to an edit.
#pragma once

namespace mobiedit {

/// Integers have a scale for each group of 32 values along a row, whose largest magnitude is the greatest code: 32767,
/// 127 or 7.
enum class NumberFormat { f32, f16, int16, int8, int4 };

/// Values are rounded to the format and then computed with in float32: what the rounding alone costs, whatever the
/// processor has products for. A change that is under way, δ or an adapter, is not rounded.
struct Rounding {
  int edited_layer = -1;  ///< the layer with formats of its own; −1: there is none
  NumberFormat edited_weights = NumberFormat::f32, edited_activations = NumberFormat::f32;  ///< in the edited layer
  NumberFormat other_weights = NumberFormat::f32, other_activations = NumberFormat::f32;    ///< in all others, and of
                                                                                            ///< the output weight

  [[nodiscard]] friend bool operator==(const Rounding&, const Rounding&) = default;
};

}  // namespace mobiedit

// Layer specification: everything in which one layer of a decoder-only transformer may differ from another.
#pragma once

namespace mobiedit {

/// y = act(gate) · up.
enum class GateActivation {
  silu,
  gelu_tanh,     ///< GELU in its tanh form
  clamped_silu,  ///< gpt-oss: x = min(gate, 7), x sigmoid(1.702 x) (clamp(up, −7, 7) + 1)
};

/// Pairs of a head's numbers that rotary positions turn.
enum class RopePairs {
  none,        ///< the layer has no rotary positions
  neighbours,  ///< (2i, 2i + 1)
  halves,      ///< (i, i + half)
};

enum class HeadNorm {
  none,
  each_head,  ///< RMSNorm of every head's query and key
  whole_row,  ///< RMSNorm of all heads of a row together
};

/// Rotary positions, with linear or YaRN scaling (arXiv 2309.00071).
struct RopeSpec {
  RopePairs pairs = RopePairs::halves;
  int dimensions = 0;  ///< even, at most head_dim
  double base = 10000.0;
  double scale = 1.0;      ///< positions are multiplied by this
  bool factors = true;     ///< the file's tensor of factors, if there is one, divides the frequencies
  float magnitude = 1.0f;  ///< multiplies cosines and sines
  bool yarn = false;       ///< pairs below yarn_first keep their frequency, those from yarn_last on are scaled
  double yarn_first = 0.0, yarn_last = 0.0;  ///< pairs between which a ramp goes from one to the other

  [[nodiscard]] friend bool operator==(const RopeSpec&, const RopeSpec&) = default;
};

/// Mixture of experts in place of one feed-forward.
struct ExpertSpec {
  int count = 0;                ///< 0: a plain feed-forward
  int used = 0;                 ///< experts that are used per token
  int f = 0;                    ///< feed-forward size of one expert
  bool biases = false;          ///< the router and each expert's three products have biases
  bool softmax_chosen = false;  ///< weights are a softmax over the chosen alone; else over all, normalised to sum 1
  float scale = 1.0f;           ///< multiplies the weights
};

struct LayerSpec {
  bool attention_norm = true, attention_post_norm = false;  ///< norms of attention's input and of its output
  bool ffn_norm = true, ffn_post_norm = false;              ///< norms of the feed-forward's input and of its output
  HeadNorm head_norm = HeadNorm::none;
  RopeSpec rope;
  int window = 0;                ///< positions that a row sees, itself included; 0: all
  float attention_scale = 1.0f;  ///< multiplies the scores
  float attention_cap = 0.0f;    ///< 0: none; else scores become cap · tanh(score / cap)
  /// Attention sinks: the file has one more score per head, which takes weight and gives no value.
  bool sinks = false;
  GateActivation activation = GateActivation::silu;
  float residual_scale = 1.0f;  ///< multiplies the output of attention and of the feed-forward
  ExpertSpec experts;
  // Spelling of the file.
  bool fused_qkv = false;              ///< queries, keys and values in one tensor
  bool fused_gate_up = false;          ///< gate and up in one tensor, ffn_up
  bool ffn_norm_is_post_norm = false;  ///< the norm of the feed-forward's input is named post_attention_norm
};

}  // namespace mobiedit

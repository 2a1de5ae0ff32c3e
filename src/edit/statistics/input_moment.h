// Second moment of a feed-forward's inputs, C = E[n nᵀ], and their mean.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/forward_pass.h"
#include "edit/chat_format.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {

/// Sums over inputs n [d] of one layer, in double. Copyable; one thread at a time.
class InputMoment {
 public:
  /// Version of the measurement and of the layout of add_to().
  static constexpr const char* kind = "input-moment";
  static constexpr std::uint32_t version = 1;

  explicit InputMoment(int d);

  /// Moment of running text, and, where the model chats, of its sentences as questions and answers in equal share.
  /// Errors: usage (fewer than d tokens), cancelled, out_of_memory.
  [[nodiscard]] static Result<InputMoment> from_text(ForwardPass& forward, const PassOptions& pass, const Model& model,
                                                     const ChatFormat* chat, std::string_view text, int layer,
                                                     const CancelToken& cancel);
  /// Moment of all positions of these rows. Errors: usage (fewer than d tokens), cancelled, out_of_memory.
  [[nodiscard]] static Result<InputMoment> from_rows(ForwardPass& forward, const PassOptions& pass,
                                                     std::span<const std::vector<Token>> rows, int layer,
                                                     const CancelToken& cancel);
  /// Reads add_to()'s values; nothing if they are missing or damaged. Throws std::bad_alloc.
  [[nodiscard]] static std::optional<InputMoment> from_file(const gguf::File& file, int d);
  /// Adds mean products and mean to a file, in float32. Throws std::bad_alloc.
  void add_to(gguf::Writer& file) const;

  /// Adds inputs [rows, d], each with weight 1.
  void add(std::span<const float> inputs);

  /// Weighted mean of two moments of the same d: (1 − share) a + share b. A moment without inputs counts for nothing.
  [[nodiscard]] static InputMoment mixed(const InputMoment& a, const InputMoment& b, double share);

  [[nodiscard]] int dimension() const { return static_cast<int>(sum_.size()); }
  [[nodiscard]] double count() const { return count_; }  ///< inputs added
  [[nodiscard]] Eigen::MatrixXd second() const;          ///< C [d, d]; zero without inputs
  [[nodiscard]] Eigen::VectorXd mean() const;            ///< μ [d]; zero without inputs

 private:
  double count_ = 0;
  Eigen::MatrixXd products_;          // Σ n nᵀ, lower triangle
  Eigen::VectorXd sum_;               // Σ n
  mutable std::vector<float> filed_;  // what a file borrows until it is written
};

}  // namespace mobiedit

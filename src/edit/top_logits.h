// Top logits: of each row a few logits one by one, the rest of the vocabulary as its log-sum-exp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// The tokens of each row whose logits are kept one by one. Once chosen they stay. Several threads may read at once.
class TopLogits {
 public:
  /// Keeps `count` tokens per row; the vocabulary has at least that many.
  TopLogits(int count, int rows)
      : count_(count), tokens_(static_cast<std::size_t>(count) * static_cast<std::size_t>(rows)) {}

  [[nodiscard]] int count() const { return count_; }
  /// Tokens of a row, the largest logit first.
  [[nodiscard]] std::span<const Token> tokens(std::size_t row) const {
    return std::span(tokens_).subspan(row * static_cast<std::size_t>(count_), static_cast<std::size_t>(count_));
  }

  /// Chooses the largest of a row's `logits` [vocab], and `target` too if it is not −1. Returns the target's place
  /// among them, or −1. Throws std::bad_alloc.
  int choose(std::size_t row, std::span<const float> logits, Token target);
  /// Gives a row the tokens of another.
  void copy(std::size_t from, std::size_t to);

  /// Moves a row's top logits out of a slice of the vocabulary that begins with token `first`, into out [count + 1],
  /// and adds what is left to the log-sum-exp out[count] and to `rest_max`. Call it for every slice, in order.
  void take(std::size_t row, Token first, std::span<float> slice, std::span<float> out, float& rest_max) const;

  /// Turns `logits` [vocab] into the derivative by all logits, from `slopes` [count + 1], the derivative by what take()
  /// gives: the slope of the log-sum-exp is spread over the tokens behind it.
  void spread(std::size_t row, std::span<const float> slopes, std::span<float> logits) const;

 private:
  int count_;
  std::vector<Token> tokens_;  // [rows, count]
};

}  // namespace mobiedit

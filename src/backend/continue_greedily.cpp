#include "backend/continue_greedily.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace mobiedit {
namespace {

// Prompts at once: enough for products at nearly full speed, few enough that their KV caches stay small.
constexpr std::size_t group_size = 20;
constexpr std::size_t prefill_rows = 256;

class Group {
 public:
  Group(ForwardPass& forward, const PassOptions& pass, const Tokenizer& tokenizer,
        std::span<const std::vector<Token>> prompts, int most, std::span<Continuation> continuations)
      : forward_(forward),
        pass_(pass),
        tokenizer_(tokenizer),
        prompts_(prompts),
        most_(most),
        continuations_(continuations),
        caches_(prompts.size()),
        next_(prompts.size(), 0),
        full_(prompts.size(), false) {
    const ModelConfig& c = forward.config();
    for (std::size_t i = 0; i < prompts.size(); ++i)
      caches_[i] = KvCache(0, c.layers, c.kv_size(), std::min(c.context, length_of(i) + most));
  }

  Status run(const CancelToken& cancel) {
    for (std::size_t begin = 0, end = 0; begin < prompts_.size(); begin = end) {
      if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
      std::size_t rows = 0;
      while (end < prompts_.size() && (end == begin || rows + prompts_[end].size() <= prefill_rows))
        rows += prompts_[end++].size();
      read_prompts(begin, end);
    }
    while (read_next()) {
      if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    }
    return {};
  }

 private:
  [[nodiscard]] int length_of(std::size_t i) const { return static_cast<int>(prompts_[i].size()); }

  void read_prompts(std::size_t begin, std::size_t end) {
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    std::vector<std::size_t> members;
    for (std::size_t i = begin; i < end; ++i) {
      tokens.insert(tokens.end(), prompts_[i].begin(), prompts_[i].end());
      sequences.push_back({nullptr, 0, length_of(i), &caches_[i]});
      members.push_back(i);
    }
    read(tokens, sequences, members);
  }

  /// One more token of each that goes on; false once there is none.
  bool read_next() {
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < prompts_.size(); ++i) {
      Continuation& c = continuations_[i];
      if (c.end || full_[i]) continue;
      if (tokenizer_.is_end(next_[i])) {
        c.end = next_[i];
        continue;
      }
      c.tokens.push_back(next_[i]);
      const int position = length_of(i) + static_cast<int>(c.tokens.size()) - 1;
      full_[i] = static_cast<int>(c.tokens.size()) == most_ || position >= caches_[i].capacity();
      if (full_[i]) continue;
      tokens.push_back(next_[i]);
      sequences.push_back({&caches_[i], position, 1, &caches_[i]});
      members.push_back(i);
    }
    if (tokens.empty()) return false;
    read(tokens, sequences, members);
    return true;
  }

  /// Reads the tokens and notes the likeliest next one of each member.
  void read(std::span<const Token> tokens, std::span<const BatchSequence> sequences,
            std::span<const std::size_t> members) {
    const ModelConfig& c = forward_.config();
    const auto d = static_cast<std::size_t>(c.d), vocab = static_cast<std::size_t>(c.vocab);
    std::vector<int> last;
    int rows = 0;
    for (const BatchSequence& sequence : sequences) last.push_back((rows += sequence.rows) - 1);
    residual_.resize(tokens.size() * d);
    forward_.embed(tokens, residual_);
    forward_.run_layers({0, c.layers}, residual_, sequences, pass_.with_outputs(last));
    logits_.resize(last.size() * vocab);
    forward_.logits(std::span(residual_).first(last.size() * d), logits_, pass_);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::span<const float> row = std::span(logits_).subspan(i * vocab, vocab);
      next_[members[i]] = static_cast<Token>(std::ranges::max_element(row) - row.begin());
    }
  }

  ForwardPass& forward_;
  const PassOptions& pass_;
  const Tokenizer& tokenizer_;
  std::span<const std::vector<Token>> prompts_;
  int most_;
  std::span<Continuation> continuations_;
  std::vector<KvCache> caches_;
  std::vector<Token> next_;
  std::vector<bool> full_;  // at its limit, or at the end of the context
  std::vector<float> residual_, logits_;
};

}  // namespace

Result<std::vector<Continuation>> continue_greedily(ForwardPass& forward, const PassOptions& pass,
                                                    const Tokenizer& tokenizer,
                                                    std::span<const std::vector<Token>> prompts, int most,
                                                    const CancelToken& cancel) {
  const auto longest = static_cast<std::size_t>(forward.config().context);
  for (const std::vector<Token>& prompt : prompts)
    if (prompt.empty() || prompt.size() > longest)
      return fail(ErrorCode::usage, "a prompt of " + std::to_string(prompt.size()) +
                                        " tokens cannot be continued; expected 1 to " + std::to_string(longest));
  std::vector<Continuation> continuations(prompts.size());
  if (most < 1) return continuations;
  for (std::size_t begin = 0; begin < prompts.size(); begin += group_size) {
    const std::size_t count = std::min(group_size, prompts.size() - begin);
    Group group(forward, pass, tokenizer, prompts.subspan(begin, count), most,
                std::span(continuations).subspan(begin, count));
    if (auto run = group.run(cancel); !run) return std::unexpected(run.error());
  }
  return continuations;
}

}  // namespace mobiedit

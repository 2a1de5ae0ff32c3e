#include "backend/continue_greedily.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "backend/kv_cache.h"

namespace mobiedit {
namespace {

constexpr std::size_t most_rows = 256;            // rows of one pass, unless a single prompt is longer
constexpr std::size_t most_sequences = 64;        // products gain little from more rows
constexpr std::size_t most_cache = 256u << 20;    // bytes of all KV caches, unless a single prompt needs more
constexpr std::ptrdiff_t shortest_beginning = 8;  // tokens that are worth a pass of their own

KvCache cache_for(const ModelConfig& config, int positions) {
  return {0, config.layers, config.kv_size(), positions};
}

std::size_t cache_bytes(const ModelConfig& config, int positions) {
  return 2 * sizeof(float) * static_cast<std::size_t>(config.layers) * static_cast<std::size_t>(config.kv_size()) *
         static_cast<std::size_t>(positions);
}

/// Number of tokens at the beginning that all prompts share. At least one token of each prompt is left over.
std::ptrdiff_t common_beginning(std::span<const GenerationPrompt> prompts) {
  const std::vector<Token>& first = prompts.front().tokens;
  auto common = static_cast<std::ptrdiff_t>(first.size()) - 1;
  for (const GenerationPrompt& prompt : prompts) {
    const auto [differs, ignored] = std::ranges::mismatch(first, prompt.tokens);
    common = std::min({common, differs - first.begin(), static_cast<std::ptrdiff_t>(prompt.tokens.size()) - 1});
  }
  return common;
}

/// The likeliest token of a row, from slices of its logits.
struct Likeliest {
  float logit = -std::numeric_limits<float>::infinity();
  Token token = 0;

  void see(Token first, std::span<const float> logits) {
    const auto best = std::ranges::max_element(logits);
    if (best == logits.end() || !(*best > logit)) return;
    logit = *best;
    token = first + static_cast<Token>(best - logits.begin());
  }
};

/// A prompt under way.
struct Underway {
  std::size_t index = 0;  ///< index among the prompts
  KvCache cache;
  int position = 0;           ///< tokens in the cache
  std::vector<Token> unread;  ///< tokens that the next pass reads
  int left = 0;               ///< tokens that it may still generate
  Continuation said = {};

  [[nodiscard]] bool over() const { return said.end || left == 0 || position == cache.capacity(); }

  void take(Token next, bool ends) {
    if (ends) {
      said.end = next;
      return;
    }
    said.tokens.push_back(next);
    unread.push_back(next);
    --left;
  }
};

/// A prompt that waits takes the place of one that is over, so that passes stay full.
class Continuer {
 public:
  Continuer(ForwardPass& forward, const PassOptions& pass, const Tokenizer& tokenizer, int context)
      : forward_(forward), config_(forward.config()), pass_(pass), tokenizer_(tokenizer), context_(context) {}

  Result<std::vector<Continuation>> run(std::span<const GenerationPrompt> prompts, const CancelToken& cancel) {
    std::vector<Continuation> continuations(prompts.size());
    read_beginning(prompts);
    std::vector<Underway> live;
    for (std::size_t next = 0; next < prompts.size() || !live.empty();) {
      if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
      next = admit(prompts, next, live);
      if (live.empty()) continue;
      read(live);
      for (Underway& prompt : live)
        if (prompt.over()) continuations[prompt.index] = prompt.said;
      std::erase_if(live, [](const Underway& prompt) { return prompt.over(); });
    }
    return continuations;
  }

 private:
  /// Positions that the prompt's cache needs: the last generated token is never read.
  [[nodiscard]] int positions_of(const GenerationPrompt& prompt) const {
    const auto length = static_cast<int>(prompt.tokens.size());
    return length + std::clamp(prompt.max_tokens - 1, 0, context_ - length);
  }

  void read_beginning(std::span<const GenerationPrompt> prompts) {
    if (prompts.size() < 2) return;
    const auto common = common_beginning(prompts);
    if (common < shortest_beginning) return;
    shared_ = static_cast<int>(common);
    beginning_ = cache_for(config_, shared_);
    const std::span<const Token> tokens(prompts.front().tokens);
    for (int done = 0, rows = 0; done < shared_; done += rows) {
      rows = std::min(shared_ - done, static_cast<int>(most_rows));
      residual_.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(config_.d));
      forward_.embed(tokens.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(rows)), residual_);
      const BatchSequence sequence{&beginning_, done, rows, &beginning_};
      const int last = rows - 1;
      forward_.run_layers({0, config_.layers}, residual_, {&sequence, 1}, pass_.with_outputs({&last, 1}));
    }
  }

  /// Begins as many prompts, from `next` on, as a pass has room for. Returns the first that waits.
  std::size_t admit(std::span<const GenerationPrompt> prompts, std::size_t next, std::vector<Underway>& live) const {
    std::size_t rows = live.size(), bytes = 0;
    for (const Underway& prompt : live) bytes += cache_bytes(config_, prompt.cache.capacity());
    for (; next < prompts.size() && live.size() < most_sequences; ++next) {
      const GenerationPrompt& prompt = prompts[next];
      if (prompt.max_tokens < 1) continue;
      rows += prompt.tokens.size() - static_cast<std::size_t>(shared_);
      bytes += cache_bytes(config_, positions_of(prompt));
      if (!live.empty() && (rows > most_rows || bytes > most_cache)) break;
      live.push_back(begin(prompt, next));
    }
    return next;
  }

  [[nodiscard]] Underway begin(const GenerationPrompt& prompt, std::size_t index) const {
    Underway begun{.index = index,
                   .cache = cache_for(config_, positions_of(prompt)),
                   .position = shared_,
                   .unread = {prompt.tokens.begin() + shared_, prompt.tokens.end()},
                   .left = prompt.max_tokens};
    const auto kept = static_cast<std::size_t>(shared_) * static_cast<std::size_t>(config_.kv_size());
    for (int layer = 0; layer < config_.layers && shared_ > 0; ++layer) {
      std::copy_n(beginning_.key(layer, 0), kept, begun.cache.key(layer, 0));
      std::copy_n(beginning_.value(layer, 0), kept, begun.cache.value(layer, 0));
    }
    return begun;
  }

  /// Reads what each prompt has not read, and lets each take its likeliest next token.
  void read(std::vector<Underway>& live) {
    std::vector<Token> tokens;
    std::vector<BatchSequence> batch;
    std::vector<int> last;
    for (Underway& prompt : live) {
      const auto rows = static_cast<int>(prompt.unread.size());
      tokens.insert(tokens.end(), prompt.unread.begin(), prompt.unread.end());
      batch.push_back({&prompt.cache, prompt.position, rows, &prompt.cache});
      last.push_back(static_cast<int>(tokens.size()) - 1);
      prompt.position += rows;
      prompt.unread.clear();
    }
    const auto d = static_cast<std::size_t>(config_.d);
    residual_.resize(tokens.size() * d);
    forward_.embed(tokens, residual_);
    forward_.run_layers({0, config_.layers}, residual_, batch, pass_.with_outputs(last));
    std::vector<Likeliest> next(live.size());
    forward_.logits_by_slice(
        std::span(residual_).first(live.size() * d), pass_,
        [&](int row, Token first, std::span<float> logits) { next[static_cast<std::size_t>(row)].see(first, logits); });
    for (std::size_t i = 0; i < live.size(); ++i) live[i].take(next[i].token, tokenizer_.is_end(next[i].token));
  }

  ForwardPass& forward_;
  const ModelConfig& config_;
  const PassOptions& pass_;
  const Tokenizer& tokenizer_;
  int context_;
  KvCache beginning_;  // keys and values of the tokens that begin all prompts
  int shared_ = 0;     // number of the tokens that begin all prompts
  std::vector<float> residual_;
};

}  // namespace

Result<std::vector<Continuation>> continue_greedily(ForwardPass& forward, const PassOptions& pass,
                                                    const Tokenizer& tokenizer,
                                                    std::span<const GenerationPrompt> prompts, int context,
                                                    const CancelToken& cancel) {
  for (const GenerationPrompt& prompt : prompts) {
    if (prompt.tokens.empty() || prompt.tokens.size() > static_cast<std::size_t>(context))
      return fail(ErrorCode::usage, "a prompt of " + std::to_string(prompt.tokens.size()) +
                                        " tokens cannot be continued; expected 1 to " + std::to_string(context));
    for (const Token token : prompt.tokens)
      if (token < 0 || token >= forward.config().vocab)
        return fail(ErrorCode::usage, "token " + std::to_string(token) + " is outside the vocabulary");
  }
  return Continuer(forward, pass, tokenizer, context).run(prompts, cancel);
}

}  // namespace mobiedit

#include "mobiedit/model/session.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "backend/continue_greedily.h"
#include "backend/cpu/contents.h"
#include "backend/forward_pass.h"
#include "base/thread_pool.h"
#include "kernels/vector_ops.h"
#include "model/sampling.h"
#include "model/text_stream.h"

namespace mobiedit {
namespace {

// Rows per batch: enough for products at full speed, few enough that scratch memory stays small.
constexpr int batch_rows = 256;

}  // namespace

struct Session::State {
  State(const Model& m, const SessionOptions& options, int capacity)
      : model(m),
        pool(options.pool ? options.pool : std::make_shared<ThreadPool>(options.threads)),
        forward(make_forward_pass(m, *pool)),
        limit(capacity) {
    pass.activations = options.activations;
  }

  // The cache grows by doubling: a long context costs memory only once it is used.
  void reserve(int positions) {
    if (positions <= cache.capacity()) return;
    const ModelConfig& c = model.config();
    KvCache larger(0, c.layers, c.kv_size(), std::min(limit, std::max(positions, 2 * std::max(64, cache.capacity()))));
    const std::size_t kept = static_cast<std::size_t>(position) * static_cast<std::size_t>(c.kv_size());
    for (int b = 0; b < c.layers && position > 0; ++b) {
      std::copy_n(cache.key(b, 0), kept, larger.key(b, 0));
      std::copy_n(cache.value(b, 0), kept, larger.value(b, 0));
    }
    cache = std::move(larger);
  }

  void put_in_force(ActiveNeurons given) {
    neurons = std::move(given);
    pass.neurons = neurons.empty() ? nullptr : &neurons;
  }

  const Model& model;
  std::shared_ptr<ThreadPool> pool;
  std::unique_ptr<ForwardPass> forward;
  PassOptions pass;
  int limit;
  KvCache cache;
  int position = 0;
  std::vector<float> residual, logits;
  std::vector<LowRankDelta> deltas;
  ActiveDeltas active;
  ActiveNeurons neurons;
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::create(const Model& model, const SessionOptions& options) try {
  const int longest = model.config().context;
  if (options.context < 0 || options.context > longest)
    return fail(ErrorCode::usage, "a context of " + std::to_string(options.context) +
                                      " tokens; this model was made for " + std::to_string(longest));
  return Session(std::make_unique<State>(model, options, options.context > 0 ? options.context : longest));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a session");
}

Status Session::set_adapters(std::vector<LowRankDelta> adapters) {
  auto active = ActiveDeltas::resolve(state_->model.config(), adapters);
  if (!active) return std::unexpected(active.error());
  // The look-up borrows the deltas' places, which moving the vector keeps.
  state_->deltas = std::move(adapters);
  state_->active = std::move(*active);
  state_->active.merge(state_->model.contents().isa, *state_->pool);
  state_->pass.deltas = state_->deltas.empty() ? nullptr : &state_->active;
  clear();
  return {};
}

Status Session::set_neurons(std::span<const Neuron> neurons) {
  State& s = *state_;
  auto active = ActiveNeurons::resolve(s.model.config(), neurons, s.model.contents().isa, *s.pool);
  if (!active) return std::unexpected(active.error());
  s.put_in_force(std::move(*active));
  clear();
  return {};
}

Status Session::set_in_force(Changes changes) {
  State& s = *state_;
  auto neurons = ActiveNeurons::resolve(s.model.config(), changes.neurons, s.model.contents().isa, *s.pool);
  if (!neurons) return std::unexpected(neurons.error());
  if (auto set = set_adapters(std::move(changes.adapters)); !set) return set;
  s.put_in_force(std::move(*neurons));
  return {};
}

void Session::clear() {
  state_->position = 0;
  state_->logits.clear();
}

Status Session::rewind(int position) {
  if (position < 0 || position > state_->position)
    return fail(ErrorCode::usage,
                "cannot go back to token " + std::to_string(position) + " of " + std::to_string(state_->position));
  state_->position = position;
  state_->logits.clear();
  return {};
}

int Session::position() const {
  return state_->position;
}
std::span<const float> Session::logits() const {
  return state_->logits;
}

Status Session::append(std::span<const Token> tokens, const CancelToken& cancel) try {
  State& s = *state_;
  const ModelConfig& c = s.model.config();
  if (tokens.empty()) return fail(ErrorCode::usage, "no tokens to read");
  for (const Token t : tokens)
    if (t < 0 || t >= c.vocab)
      return fail(ErrorCode::usage, "token " + std::to_string(t) + " is outside the vocabulary");
  if (tokens.size() > static_cast<std::size_t>(s.limit - s.position))
    return fail(ErrorCode::usage,
                std::to_string(tokens.size()) + " tokens after " + std::to_string(s.position) +
                    " are more than the context of " + std::to_string(s.limit),
                {}, "shorten the text");
  s.reserve(s.position + static_cast<int>(tokens.size()));
  const auto d = static_cast<std::size_t>(c.d);
  int done = 0;
  const int count = static_cast<int>(tokens.size());
  while (done < count) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    const int rows = std::min(batch_rows, count - done);
    s.residual.resize(static_cast<std::size_t>(rows) * d);
    s.forward->embed(tokens.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(rows)), s.residual);
    const BatchSequence sequence{&s.cache, s.position + done, rows, &s.cache};
    const int last = rows - 1;
    s.forward->run_layers({0, c.layers}, s.residual, {&sequence, 1}, s.pass.with_outputs({&last, 1}));
    done += rows;
  }
  s.position += count;
  s.logits.resize(static_cast<std::size_t>(c.vocab));
  s.forward->logits(std::span(s.residual).first(d), s.logits, s.pass);
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for so long a text");
}

Result<Generation> Session::generate(const GenerateOptions& options,
                                     const std::function<void(std::string_view)>& on_text,
                                     const CancelToken& cancel) try {
  State& s = *state_;
  if (s.logits.empty()) return fail(ErrorCode::usage, "nothing was read yet");
  Sampler sampler(options);
  Generation g;
  TextStream stream(options.stop);
  const auto give = [&](std::string_view text) {
    if (on_text && !text.empty()) on_text(text);
  };
  for (int i = 0; i < options.max_tokens; ++i) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    const Token next = sampler.pick(s.logits);
    if (s.model.tokenizer().is_end(next)) {
      g.ended = true;
      break;
    }
    g.tokens.push_back(next);
    give(stream.push(s.model.tokenizer().piece(next)));
    g.stopped = stream.stopped();
    if (g.stopped || i + 1 == options.max_tokens || s.position == s.limit) break;
    if (auto status = append({&next, 1}, cancel); !status) return std::unexpected(status.error());
  }
  give(stream.finish());
  g.text = stream.take();
  return g;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to generate");
}

Result<std::vector<Generation>> Session::continue_all(std::span<const GenerationPrompt> prompts,
                                                      const CancelToken& cancel) try {
  const State& s = *state_;
  const auto continuations = continue_greedily(*s.forward, s.pass, s.model.tokenizer(), prompts, s.limit, cancel);
  if (!continuations) return std::unexpected(continuations.error());
  std::vector<Generation> generations;
  for (const Continuation& continuation : *continuations) {
    Generation& generation = generations.emplace_back();
    for (const Token token : continuation.tokens) generation.text += s.model.tokenizer().piece(token);
    generation.tokens = continuation.tokens;
    generation.ended = continuation.end.has_value();
  }
  return generations;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to continue so many prompts at once");
}

Result<std::vector<Score>> Session::score(std::span<const ScoredText> texts, const CancelToken& cancel) try {
  State& s = *state_;
  const ModelConfig& c = s.model.config();
  const auto d = static_cast<std::size_t>(c.d);
  const auto vocab = static_cast<std::size_t>(c.vocab);
  for (const ScoredText& t : texts) {
    const int length = static_cast<int>(t.tokens.size());
    if (t.first < 1 || t.first > length || length - 1 > s.limit)
      return fail(ErrorCode::usage, "a text of " + std::to_string(length) + " tokens cannot be scored from token " +
                                        std::to_string(t.first) + " in a context of " + std::to_string(s.limit));
    for (const Token token : t.tokens)
      if (token < 0 || token >= c.vocab)
        return fail(ErrorCode::usage, "token " + std::to_string(token) + " is outside the vocabulary");
  }

  std::vector<Score> scores(texts.size());
  std::vector<Token> tokens;
  std::vector<BatchSequence> sequences;
  std::vector<int> wanted;
  std::vector<float> residual, logits;
  for (std::size_t begin = 0, end = 0; begin < texts.size(); begin = end) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    tokens.clear();
    sequences.clear();
    wanted.clear();
    while (end < texts.size() && (end == begin || tokens.size() + texts[end].tokens.size() <= batch_rows)) {
      const ScoredText& t = texts[end++];
      const int base = static_cast<int>(tokens.size());
      const int rows = static_cast<int>(t.tokens.size()) - 1;
      if (t.first > rows) continue;  // nothing to score
      tokens.insert(tokens.end(), t.tokens.begin(), t.tokens.end() - 1);
      sequences.push_back({nullptr, 0, rows, nullptr});
      for (int p = t.first - 1; p < rows; ++p) wanted.push_back(base + p);
    }
    if (tokens.empty()) continue;
    residual.resize(tokens.size() * d);
    s.forward->embed(tokens, residual);
    s.forward->run_layers({0, c.layers}, residual, sequences, s.pass.with_outputs(wanted));

    std::size_t row = 0;
    constexpr std::size_t logit_rows = 16;
    std::size_t known = 0;
    logits.resize(logit_rows * vocab);
    for (std::size_t i = begin; i < end; ++i) {
      Score& score = scores[i];
      score.greedy = true;
      for (std::size_t p = static_cast<std::size_t>(texts[i].first); p < texts[i].tokens.size(); ++p, ++row) {
        if (row == known) {
          const std::size_t count = std::min(logit_rows, wanted.size() - known);
          s.forward->logits(std::span(residual).subspan(known * d, count * d), logits, s.pass);
          known += count;
        }
        const std::span<const float> l{logits.data() + (row - (known - 1) / logit_rows * logit_rows) * vocab, vocab};
        const auto token = static_cast<std::size_t>(texts[i].tokens[p]);
        score.log_probabilities.push_back(l[token] - kernels::log_sum_exp(l));
        score.best.push_back(static_cast<Token>(std::ranges::max_element(l) - l.begin()));
        score.greedy = score.greedy && score.best.back() == texts[i].tokens[p];
      }
    }
  }
  return scores;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to score so many texts at once");
}

}  // namespace mobiedit

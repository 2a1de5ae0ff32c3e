#include "edit/statistics/input_moment.h"

#include <algorithm>
#include <new>
#include <string>

#include "base/try.h"
#include "edit/statistics/cache.h"
#include "edit/write/neuron_inputs.h"

namespace mobiedit {
namespace {

constexpr std::size_t text_window = 256;                       // tokens
constexpr std::size_t inputs_per_dimension = 20;               // inputs per dimension of C; ten are enough
constexpr std::size_t shortest_line = 20, longest_line = 200;  // bytes of a sentence that serves as a chat message
constexpr const char* moment_tensor = "moment";                // [d + 1, d]: E[n nᵀ], then E[n]

// Windows of the text, spread evenly over it, of about `wanted` tokens in all.
std::vector<std::vector<Token>> text_windows(const Model& model, std::string_view text, std::size_t wanted) {
  const Tokenizer& tokenizer = model.tokenizer();
  const std::vector<Token> tokens = tokenizer.encode(text, {.add_special = false});
  const std::vector<Token> start =
      tokenizer.adds_bos() && tokenizer.bos() ? std::vector<Token>{*tokenizer.bos()} : std::vector<Token>();
  const std::size_t length =
      std::min({text_window, static_cast<std::size_t>(model.config().context) - 1, tokens.size()});
  const std::size_t windows = length == 0 ? 0 : tokens.size() / length,
                    used = length == 0 ? 0 : std::min(windows, wanted / length + 1);
  std::vector<std::vector<Token>> texts;
  for (std::size_t i = 0; i < used; ++i) {
    std::vector<Token>& window = texts.emplace_back(start);
    const auto from = tokens.begin() + static_cast<std::ptrdiff_t>(i * windows / used * length);
    window.insert(window.end(), from, from + static_cast<std::ptrdiff_t>(length));
  }
  return texts;
}

// Neighbouring sentences of the text as question and answer, of about `wanted` tokens in all.
Result<std::vector<std::vector<Token>>> chat_turns(const ChatFormat& chat, std::string_view text, std::size_t wanted) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(".\n", at), text.size() - 1) + 1;
    std::string_view line = text.substr(at, end - at);
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r\n="), line.size()));
    if (line.size() >= shortest_line && line.size() <= longest_line) lines.push_back(line);
    at = end;
  }
  std::vector<std::vector<Token>> turns;
  std::size_t tokens = 0;
  // A stride spreads the pairs over the text.
  const std::size_t pairs = lines.size() / 2,
                    stride = std::max<std::size_t>(1, pairs * 40 / std::max<std::size_t>(wanted, 1));
  for (std::size_t i = 0; i < pairs && tokens < wanted; i += stride) {
    MOBIEDIT_TRY(ChatTurn turn, chat.turn(lines[2 * i], lines[2 * i + 1]));
    tokens += turn.tokens.size();
    turns.push_back(std::move(turn.tokens));
  }
  return turns;
}

Status check_count(const InputMoment& moment) {
  if (moment.count() >= moment.dimension()) return {};
  return fail(ErrorCode::usage,
              "the text has " + std::to_string(static_cast<std::size_t>(moment.count())) +
                  " tokens; statistics of inputs of length " + std::to_string(moment.dimension()) +
                  " need at least as many, better ten times that",
              {}, "give a longer text");
}

Status add_inputs(InputMoment& moment, ForwardPass& forward, const PassOptions& pass,
                  std::span<const std::vector<Token>> texts, int layer, const CancelToken& cancel) {
  constexpr std::size_t at_once = 16;  // texts whose inputs are in memory
  for (std::size_t begin = 0; begin < texts.size(); begin += at_once) {
    std::vector<std::span<const Token>> some;
    for (std::size_t i = begin; i < std::min(begin + at_once, texts.size()); ++i) some.emplace_back(texts[i]);
    MOBIEDIT_TRY(const auto inputs, neuron_inputs(forward, pass, some, layer, cancel));
    for (const std::vector<float>& rows : inputs) moment.add(rows);
  }
  return {};
}

}  // namespace

InputMoment::InputMoment(int d) : products_(Eigen::MatrixXd::Zero(d, d)), sum_(Eigen::VectorXd::Zero(d)) {}

void InputMoment::add(std::span<const float> inputs) {
  const Eigen::Index d = sum_.size();
  const auto rows = static_cast<Eigen::Index>(inputs.size()) / d;
  const Eigen::MatrixXd columns = Eigen::Map<const Eigen::MatrixXf>(inputs.data(), d, rows).cast<double>();
  products_.selfadjointView<Eigen::Lower>().rankUpdate(columns);
  sum_ += columns.rowwise().sum();
  count_ += static_cast<double>(rows);
}

InputMoment InputMoment::mixed(const InputMoment& a, const InputMoment& b, double share) {
  if (b.count_ == 0) return a;
  if (a.count_ == 0) return b;
  InputMoment both(a.dimension());
  both.count_ = 1;
  both.products_ = (1 - share) / a.count_ * a.products_ + share / b.count_ * b.products_;
  both.sum_ = (1 - share) / a.count_ * a.sum_ + share / b.count_ * b.sum_;
  return both;
}

Result<InputMoment> InputMoment::from_rows(ForwardPass& forward, const PassOptions& pass,
                                           std::span<const std::vector<Token>> rows, int layer,
                                           const CancelToken& cancel) try {
  InputMoment moment(forward.config().d);
  MOBIEDIT_CHECK(add_inputs(moment, forward, pass, rows, layer, cancel));
  MOBIEDIT_CHECK(check_count(moment));
  return moment;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the second moment of a layer's inputs");
}

Result<InputMoment> InputMoment::from_text(ForwardPass& forward, const PassOptions& pass, const Model& model,
                                           const ChatFormat* chat, std::string_view text, int layer,
                                           const CancelToken& cancel) try {
  const auto d = static_cast<std::size_t>(forward.config().d);
  const std::size_t wanted = inputs_per_dimension * d;
  InputMoment running(forward.config().d), chatting(forward.config().d);
  MOBIEDIT_CHECK(add_inputs(running, forward, pass, text_windows(model, text, wanted), layer, cancel));
  MOBIEDIT_CHECK(check_count(running));
  if (chat != nullptr) {
    MOBIEDIT_TRY(const auto turns, chat_turns(*chat, text, wanted));
    MOBIEDIT_CHECK(add_inputs(chatting, forward, pass, turns, layer, cancel));
  }
  return mixed(running, chatting, 0.5);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the second moment of a layer's inputs");
}

void InputMoment::add_to(gguf::Writer& file) const {
  const Eigen::MatrixXf c = second().cast<float>();
  const Eigen::VectorXf mu = mean().cast<float>();
  filed_.assign(c.data(), c.data() + c.size());
  filed_.insert(filed_.end(), mu.data(), mu.data() + mu.size());
  add_float_values(file, moment_tensor, filed_);
}

std::optional<InputMoment> InputMoment::from_file(const gguf::File& file, int d) {
  const auto n = static_cast<std::uint64_t>(d);
  const auto values = float_values(file, moment_tensor, (n + 1) * n);
  if (!values) return {};
  const Eigen::Map<const Eigen::MatrixXf> read(values->data(), d, d + 1);
  if (!read.allFinite()) return {};
  InputMoment moment(d);
  moment.products_ = read.leftCols(d).cast<double>();
  moment.sum_ = read.col(d).cast<double>();
  moment.count_ = 1;
  return moment;
}

Eigen::MatrixXd InputMoment::second() const {
  Eigen::MatrixXd c = products_.selfadjointView<Eigen::Lower>();
  return count_ > 0 ? Eigen::MatrixXd(c / count_) : c;
}

Eigen::VectorXd InputMoment::mean() const {
  return count_ > 0 ? Eigen::VectorXd(sum_ / count_) : sum_;
}

}  // namespace mobiedit

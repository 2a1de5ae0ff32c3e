#include "edit/statistics/mean_jacobian.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <new>

#include "base/random.h"
#include "edit/statistics/cache.h"
#include "kernels/float_product.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;

constexpr std::size_t fewest_sentences = 32;
constexpr std::size_t longest_sentence = 40;  // tokens
constexpr float probe_length = 0.5f;          // length of a probe, in ‖v₀‖, as in the searches
constexpr float probe_ridge = 0.3f;           // ridge as a share of the mean diagonal of the probes' second moment

constexpr const char* jacobian_tensor = "mean_jacobian";  // [d, d], row by row

struct Sample {
  std::vector<Token> tokens;  // sentence without its last word
  int name_last = 0;          // the last token of its longest name
};

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// The end of the longest run of capitalised words in [begin, end), or npos.
std::size_t longest_name(std::string_view text) {
  std::size_t best = std::string_view::npos, best_words = 0, words = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t stop = std::min(text.find(' ', at), text.size());
    words = stop > at && is_upper(text[at]) ? words + 1 : 0;
    if (words > best_words) {
      best_words = words;
      best = stop;
    }
    at = stop + 1;
  }
  return best;
}

std::vector<Sample> collect(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<Sample> samples;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t stop = text.find_first_of(".\n", at);
    stop = std::min(stop, text.size());
    std::string_view sentence = text.substr(at, stop - at);
    at = stop + 1;
    sentence.remove_prefix(std::min(sentence.find_first_not_of(' '), sentence.size()));
    const std::size_t last_word = sentence.rfind(' ');
    if (last_word == std::string_view::npos) continue;
    sentence = sentence.substr(0, last_word);
    const std::size_t name_end = longest_name(sentence);
    // At least one token must lie between the name and the predicted word.
    if (name_end == std::string_view::npos || name_end + 2 >= sentence.size()) continue;
    Sample s;
    s.tokens = tokenizer.encode(sentence);
    s.name_last = static_cast<int>(tokenizer.encode(sentence.substr(0, name_end)).size()) - 1;
    if (s.tokens.size() < 4 || s.tokens.size() > longest_sentence ||
        s.name_last + 1 >= static_cast<int>(s.tokens.size()))
      continue;
    samples.push_back(std::move(s));
  }
  return samples;
}

}  // namespace

Result<MeanJacobian> MeanJacobian::from_text(ForwardPass& forward, const PassOptions& pass, const Tokenizer& tokenizer,
                                             std::string_view text, int layer, const CancelToken& cancel,
                                             JacobianEffort effort) try {
  const ModelConfig& c = forward.config();
  const auto d = static_cast<std::size_t>(c.d);
  const auto samples = collect(tokenizer, text);
  if (samples.size() < fewest_sentences)
    return fail(ErrorCode::usage,
                "the text has " + std::to_string(samples.size()) + " sentences with a name in them; " +
                    std::to_string(fewest_sentences) + " are needed",
                {}, "give a longer text");
  const std::size_t used = std::min(samples.size(), effort.sentences);

  Matrix inputs = Matrix::Zero(c.d, c.d), products = Matrix::Zero(c.d, c.d);
  std::vector<float> residual, batch, added, values, keys;
  for (std::size_t i = 0; i < used; ++i) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    const Sample& sample = samples[i * samples.size() / used];
    const std::span<const Token> tokens = sample.tokens;
    const int prefix = sample.name_last;
    const int rows = static_cast<int>(tokens.size()) - prefix;
    KvCache cache(0, c.layers, c.kv_size(), std::max(1, prefix));
    if (prefix > 0) {
      residual.resize(static_cast<std::size_t>(prefix) * d);
      forward.embed(tokens.first(static_cast<std::size_t>(prefix)), residual);
      const BatchSequence sequence{nullptr, 0, prefix, &cache};
      const int row = 0;
      forward.run_layers({0, c.layers}, residual, {&sequence, 1}, pass.with_outputs({&row, 1}));
    }
    residual.resize(static_cast<std::size_t>(rows) * d);
    values.resize(residual.size());
    keys.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(c.f));
    forward.embed(tokens.subspan(static_cast<std::size_t>(prefix)), residual);
    const BatchSequence sequence{&cache, prefix, rows, nullptr};
    const Capture capture{layer, keys.data(), values.data(), false};
    forward.run_layers({0, layer + 1}, residual, {&sequence, 1}, pass.with_capture(capture));
    const float length = probe_length * Eigen::Map<const Eigen::VectorXf>(values.data(), c.d).norm();

    // The last column stays zero: the sentence without δ.
    Matrix z(c.d, effort.probes + 1);
    Random random(i, 2);
    random.fill_normal({z.data(), static_cast<std::size_t>(z.size())});
    z.colwise().normalize();
    z.col(effort.probes).setZero();
    std::vector<BatchSequence> sequences;
    std::vector<int> wanted;
    batch.clear();
    added.clear();
    std::vector<Injection> probed;
    for (Eigen::Index p = 0; p <= effort.probes; ++p) {
      const auto base = static_cast<Eigen::Index>(batch.size());
      batch.insert(batch.end(), residual.begin(), residual.end());
      added.insert(added.end(), values.begin(), values.end());
      probed.push_back({static_cast<int>(base / c.d), static_cast<int>(p), 1.0f});
      sequences.push_back(sequence);
      wanted.push_back(static_cast<int>(p + 1) * rows - 1);
    }
    const Matrix vectors = length * z;
    const Injections probes{layer, {vectors.data(), static_cast<std::size_t>(vectors.size())}, probed, added.data()};
    forward.run_layers({layer + 1, c.layers}, batch, sequences, pass.with_outputs(wanted).with_injections(probes));
    Matrix h(c.d, effort.probes + 1);
    forward.final_norm(std::span(batch).first(wanted.size() * d), {h.data(), static_cast<std::size_t>(h.size())});
    const Matrix moved = (h.leftCols(effort.probes).colwise() - h.col(effort.probes)) / length;
    const auto directions = z.leftCols(effort.probes);
    products.noalias() += moved * directions.transpose();
    inputs.selfadjointView<Eigen::Lower>().rankUpdate(directions);
  }
  inputs.diagonal().array() += probe_ridge * inputs.diagonal().mean();
  const Eigen::MatrixXf m = inputs.selfadjointView<Eigen::Lower>().llt().solve(products.transpose());  // Mᵀ, by columns
  return MeanJacobian({m.data(), m.data() + m.size()});
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the mean Jacobian");
}

void MeanJacobian::through(std::span<const float> rows, std::span<float> out) const {
  const auto d = static_cast<Eigen::Index>(std::lround(std::sqrt(static_cast<double>(m_.size()))));
  // The stored rows are the columns of Mᵀ for Eigen; out = rows (Mᵀ)ᵀ.
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> transposed =
      Eigen::Map<const Matrix>(m_.data(), d, d);
  kernels::float_product(rows, {transposed.data(), m_.size()}, static_cast<int>(d), out);
}

void MeanJacobian::add_to(gguf::Writer& file) const {
  add_float_values(file, jacobian_tensor, m_);
}

std::optional<MeanJacobian> MeanJacobian::from_file(const gguf::File& file, int d) {
  const auto n = static_cast<std::uint64_t>(d);
  const auto values = float_values(file, jacobian_tensor, n * n);
  if (!values ||
      !Eigen::Map<const Eigen::ArrayXf>(values->data(), static_cast<Eigen::Index>(values->size())).allFinite())
    return {};
  return MeanJacobian({values->begin(), values->end()});
}

}  // namespace mobiedit

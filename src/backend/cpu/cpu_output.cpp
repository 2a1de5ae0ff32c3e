// Both ends of the forward pass: embeddings, final norm, logits.
#include "backend/cpu/contents.h"
#include "backend/cpu/cpu_forward.h"
#include "backend/cpu/scratch.h"

namespace mobiedit {

void CpuForward::embed(std::span<const Token> tokens, std::span<float> residual) const {
  const auto& contents = model_.contents();
  const gguf::TensorInfo& table = *contents.weights.embedding;
  const auto d = static_cast<std::size_t>(contents.config.d);
  const std::size_t stride = gguf::row_bytes(table.type, d);
  const auto bytes = contents.file.data(table);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    gguf::dequantize(table.type, bytes.subspan(static_cast<std::size_t>(tokens[i]) * stride, stride),
                     residual.subspan(i * d, d));
  if (contents.config.embedding_scale != 1.0f)
    for (float& x : residual.first(tokens.size() * d)) x *= contents.config.embedding_scale;
}

void CpuForward::final_norm_row(const float* residual, int row, float* h) const {
  const auto d = static_cast<std::size_t>(config().d);
  const std::size_t at = static_cast<std::size_t>(row) * d;
  ops_.rms_norm({residual + at, d}, model_.contents().weights.output_norm, config().norm_epsilon, {h + at, d});
}

void CpuForward::final_norm(std::span<const float> residual, std::span<float> h) {
  for_rows(rows_of(residual), [&](int row) { final_norm_row(residual.data(), row, h.data()); });
}

void CpuForward::output_row(Token token, std::span<float> row) const {
  const OutputWeight& output = model_.contents().weights.output;
  output.slices[static_cast<std::size_t>(token / OutputWeight::slice_rows)].row(token % OutputWeight::slice_rows, row);
  if (config().logit_scale != 1.0f)
    for (float& x : row) x *= config().logit_scale;
}

void CpuForward::finish_logits(std::span<float> logits) const {
  if (config().logit_scale != 1.0f)
    for (float& x : logits) x *= config().logit_scale;
  if (config().logit_cap > 0) kernels::soft_cap(config().logit_cap, logits);
}

void CpuForward::read_output(const PassOptions& options, const float* residual, int rows) {
  const ModelConfig& c = config();
  const auto d = static_cast<std::size_t>(c.d);
  ensure(normed_, static_cast<std::size_t>(rows) * d);
  set_activations(options, output_reader(), normed_.data(), rows, c.d,
                  {&model_.contents().weights.output.slices.front()},
                  [&](int row) { final_norm_row(residual, row, normed_.data()); });
}

void CpuForward::logits(std::span<const float> residual, std::span<float> logits, const PassOptions& options) {
  const int rows = rows_of(residual);
  float* out = logits.data();
  read_output(options, residual.data(), rows);
  for (const kernels::PackedWeight& slice : model_.contents().weights.output.slices) {
    kernels::linear(slice, activations_, nullptr, out, static_cast<std::size_t>(config().vocab), pool_);
    count(slice, rows);
    out += slice.n();
  }
  if (config().logit_scale == 1.0f && config().logit_cap == 0) return;
  for_rows(rows, [&](int row) {
    const auto vocab = static_cast<std::size_t>(config().vocab);
    finish_logits(logits.subspan(static_cast<std::size_t>(row) * vocab, vocab));
  });
}

void CpuForward::logits_by_slice(std::span<const float> residual, const PassOptions& options, const LogitsFn& work) {
  const int rows = rows_of(residual);
  read_output(options, residual.data(), rows);
  int first = 0;
  for (const kernels::PackedWeight& slice : model_.contents().weights.output.slices) {
    const auto width = static_cast<std::size_t>(slice.n());
    ensure(slice_logits_, static_cast<std::size_t>(rows) * width);
    kernels::linear(slice, activations_, nullptr, slice_logits_.data(), width, pool_);
    count(slice, rows);
    pool_.run(rows, [&](int row, int) {
      const std::span<float> some{slice_logits_.data() + static_cast<std::size_t>(row) * width, width};
      finish_logits(some);
      work(row, first, some);
    });
    first += slice.n();
  }
}

}  // namespace mobiedit

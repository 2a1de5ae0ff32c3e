#include "mobiedit/store/baked.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <new>
#include <utility>

#include "base/fingerprint.h"
#include "gguf/codec/codec.h"
#include "mobiedit/gguf/writer.h"
#include "store/model_copy.h"
#include "store/provenance.h"

namespace mobiedit {
namespace {

using gguf::TensorType;

// An update with a relative error of 1/20 still moves every logit by the wanted amount within 1/20. The margin of an
// edit is far larger.
constexpr double largest_update_error = 0.05;

/// The updates of one tensor, with the vectors that measure their rounding error.
struct TensorUpdates {
  std::vector<const RankOneUpdate*> updates;
  std::vector<double> right_norms;
};

struct Written {
  NewTensor tensor;
  double update_error;
};

/// Types to try for a tensor, smallest first, none coarser than its own.
std::vector<TensorType> candidates(TensorType base, std::uint64_t columns) {
  std::vector<TensorType> types;
  for (const TensorType type : {TensorType::q8_0, TensorType::f16, TensorType::f32}) {
    const gguf::Codec& codec = *gguf::find_codec(type);
    if (columns % codec.traits.block_values == 0 && gguf::as_fine_as(codec, *gguf::find_codec(base)))
      types.push_back(type);
  }
  return types;
}

Result<Written> write_as(TensorType type, const gguf::File& base, const gguf::TensorInfo& tensor,
                         const TensorUpdates& edit) {
  const std::size_t f = tensor.columns();
  const std::size_t d = tensor.rows();
  const std::size_t source_row = gguf::row_bytes(tensor.type, f);
  const std::size_t target_row = gguf::row_bytes(type, f);
  const auto source = base.data(tensor);

  Written written{{type, std::vector<std::byte>(d * target_row)}, 0};
  std::vector<float> wanted(f);
  std::vector<float> stored(f);
  std::vector<double> error(edit.updates.size());
  std::vector<double> change(edit.updates.size());
  for (std::size_t i = 0; i < d; ++i) {
    gguf::dequantize(tensor.type, source.subspan(i * source_row, source_row), wanted);
    for (const RankOneUpdate* update : edit.updates) {
      for (std::size_t j = 0; j < f; ++j) wanted[j] += update->left[i] * update->right[j];
    }
    const auto row = std::span(written.tensor.bytes).subspan(i * target_row, target_row);
    if (auto done = gguf::quantize(type, wanted, row); !done) return std::unexpected(done.error());
    gguf::dequantize(type, row, stored);
    for (std::size_t u = 0; u < edit.updates.size(); ++u) {
      double along = 0;
      for (std::size_t j = 0; j < f; ++j) along += (double{stored[j]} - wanted[j]) * edit.updates[u]->right[j];
      along /= edit.right_norms[u];
      error[u] += along * along;
      const double step = edit.updates[u]->left[i] * edit.right_norms[u];
      change[u] += step * step;
    }
  }
  for (std::size_t u = 0; u < error.size(); ++u) {
    const double relative = change[u] > 0 ? std::sqrt(error[u] / change[u]) : 0;
    written.update_error = std::max(written.update_error, relative);
  }
  return written;
}

Result<Written> rewrite(const gguf::File& base, const gguf::TensorInfo& tensor, const TensorUpdates& edit,
                        const BakeOptions& options) {
  const auto types = options.type ? std::vector{*options.type} : candidates(tensor.type, tensor.columns());
  for (const TensorType type : types) {
    auto written = write_as(type, base, tensor, edit);
    const bool sound = written && written->update_error <= largest_update_error;
    if (sound || type == types.back()) return written;
  }
  return fail(ErrorCode::other, "no type to write", tensor.name);
}

Result<std::map<std::string, TensorUpdates>> by_tensor(const gguf::File& base, std::span<const RankOneUpdate> updates) {
  if (updates.empty()) return fail(ErrorCode::usage, "there is no update to write");
  std::map<std::string, TensorUpdates> tensors;
  for (const RankOneUpdate& update : updates) {
    const std::string name = edited_tensor(update.block);
    const gguf::TensorInfo* tensor = base.find_tensor(name);
    if (tensor == nullptr) return fail(ErrorCode::bad_model, "has no tensor " + name, base.path().string());
    if (tensor->columns() != update.right.size() || tensor->rows() != update.left.size()) {
      return fail(ErrorCode::bad_model,
                  name + " is of another shape than the update [" + std::to_string(update.right.size()) + ", " +
                      std::to_string(update.left.size()) + "]",
                  base.path().string());
    }
    double norm = 0;
    for (const float x : update.right) norm += double{x} * x;
    if (!std::isfinite(norm) || norm <= 0) return fail(ErrorCode::usage, "an update that is zero or not finite", name);
    auto& edit = tensors[name];
    edit.updates.push_back(&update);
    edit.right_norms.push_back(std::sqrt(norm));
  }
  return tensors;
}

Result<std::vector<BakedTensor>> write(const std::filesystem::path& path, const gguf::File& base,
                                       std::span<const RankOneUpdate> updates, const Provenance& provenance,
                                       const BakeOptions& options) {
  const auto same = base.is_at(path);
  if (!same) return std::unexpected(same.error());
  if (*same) return fail(ErrorCode::usage, "is the base model itself, which is never written", path.string());
  const auto edits = by_tensor(base, updates);
  if (!edits) return std::unexpected(edits.error());
  // A base that was edited before keeps its history.
  auto history = get_provenance(base);
  if (!history) return std::unexpected(history.error());
  history->version = provenance.version;
  history->base_fingerprint = provenance.base_fingerprint;
  std::ranges::copy(provenance.edits, std::back_inserter(history->edits));

  auto hashes = get_hashes(base);
  if (!hashes) return std::unexpected(hashes.error());

  // The new types decide the layout, so the edited tensors are made first.
  std::map<std::string, NewTensor> rewritten;
  std::vector<BakedTensor> report;
  for (const auto& [name, edit] : *edits) {
    const gguf::TensorInfo& tensor = *base.find_tensor(name);
    auto written = rewrite(base, tensor, edit, options);
    if (!written) return std::unexpected(written.error());
    report.push_back({name, tensor.type, written->tensor.type, written->update_error});
    (*hashes)[name] = fingerprint(written->tensor.bytes);
    rewritten.emplace(name, std::move(written->tensor));
  }

  gguf::Writer writer;
  copy_keys(writer, base);
  set_provenance(writer, *history);
  set_hashes(writer, *hashes);
  copy_tensors(writer, base, rewritten);
  if (auto done = writer.write(path); !done) return std::unexpected(done.error());
  return report;
}

}  // namespace

Result<std::vector<BakedTensor>> write_baked(const std::filesystem::path& path, const gguf::File& base,
                                             std::span<const RankOneUpdate> updates, const Provenance& provenance,
                                             const BakeOptions& options) try {
  return write(path, base, updates, provenance, options);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the edited model", path.string());
}

}  // namespace mobiedit

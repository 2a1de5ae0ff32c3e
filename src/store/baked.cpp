#include "mobiedit/store/baked.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <new>
#include <optional>
#include <utility>

#include "base/fingerprint.h"
#include "base/try.h"
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

/// One update of a tensor, W += left rightᵀ, borrowed.
struct TensorUpdate {
  const float* left = nullptr;  // value i lies at i·stride
  std::size_t stride = 1;
  std::span<const float> right;    // [columns]
  std::size_t first = 0, end = 0;  // right is zero outside
  double norm = 0;                 // ‖right‖

  [[nodiscard]] float at_row(std::size_t row) const { return left[row * stride]; }
};

/// None for an update that is zero. Errors: usage (not finite).
Result<std::optional<TensorUpdate>> measured(TensorUpdate update, const std::string& tensor) {
  double square = 0;
  for (const float x : update.right) square += double{x} * x;
  if (!std::isfinite(square)) return fail(ErrorCode::usage, "an update that is not finite", tensor);
  if (square <= 0) return std::nullopt;
  update.norm = std::sqrt(square);
  update.end = update.right.size();
  while (update.right[update.first] == 0) ++update.first;
  while (update.right[update.end - 1] == 0) --update.end;
  return update;
}

using Updates = std::map<std::string, std::vector<TensorUpdate>>;  // by tensor

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
                         std::span<const TensorUpdate> updates) {
  const std::size_t f = tensor.columns();
  const std::size_t d = tensor.rows();
  const std::size_t source_row = gguf::row_bytes(tensor.type, f);
  const std::size_t target_row = gguf::row_bytes(type, f);
  const auto source = base.data(tensor);

  Written written{{type, std::vector<std::byte>(d * target_row)}, 0};
  std::vector<float> wanted(f);
  std::vector<float> stored(f);
  std::vector<double> error(updates.size());
  std::vector<double> change(updates.size());
  for (std::size_t i = 0; i < d; ++i) {
    const auto before = source.subspan(i * source_row, source_row);
    const auto row = std::span(written.tensor.bytes).subspan(i * target_row, target_row);
    const bool same = std::ranges::all_of(updates, [&](const TensorUpdate& update) { return update.at_row(i) == 0; });
    if (same && type == tensor.type) {
      std::ranges::copy(before, row.begin());
      continue;
    }
    gguf::dequantize(tensor.type, before, wanted);
    for (const TensorUpdate& update : updates) {
      const float left = update.at_row(i);
      for (std::size_t j = update.first; left != 0 && j < update.end; ++j) wanted[j] += left * update.right[j];
    }
    MOBIEDIT_CHECK(gguf::quantize(type, wanted, row));
    if (same) continue;
    gguf::dequantize(type, row, stored);
    for (std::size_t u = 0; u < updates.size(); ++u) {
      const TensorUpdate& update = updates[u];
      double along = 0;
      for (std::size_t j = update.first; j < update.end; ++j)
        along += (double{stored[j]} - wanted[j]) * update.right[j];
      along /= update.norm;
      error[u] += along * along;
      const double step = update.at_row(i) * update.norm;
      change[u] += step * step;
    }
  }
  for (std::size_t u = 0; u < error.size(); ++u) {
    const double relative = change[u] > 0 ? std::sqrt(error[u] / change[u]) : 0;
    written.update_error = std::max(written.update_error, relative);
  }
  return written;
}

Result<Written> rewrite(const gguf::File& base, const gguf::TensorInfo& tensor, std::span<const TensorUpdate> updates,
                        const BakeOptions& options) {
  const auto types = options.type ? std::vector{*options.type} : candidates(tensor.type, tensor.columns());
  for (const TensorType type : types) {
    auto written = write_as(type, base, tensor, updates);
    const bool sound = written && written->update_error <= largest_update_error;
    if (sound || type == types.back()) return written;
  }
  return fail(ErrorCode::other, "no type to write", tensor.name);
}

/// The tensor of an update with these sizes.
Status check_sizes(const gguf::File& base, const std::string& name, std::size_t columns, std::size_t rows) {
  const gguf::TensorInfo* tensor = base.find_tensor(name);
  if (tensor == nullptr) return fail(ErrorCode::bad_model, "has no tensor " + name, base.path().string());
  if (tensor->columns() == columns && tensor->rows() == rows) return {};
  return fail(
      ErrorCode::bad_model,
      name + " is of another shape than the update [" + std::to_string(columns) + ", " + std::to_string(rows) + "]",
      base.path().string());
}

Result<Updates> by_tensor(const gguf::File& base, std::span<const RankOneUpdate> updates) {
  if (updates.empty()) return fail(ErrorCode::usage, "there is no update to write");
  Updates tensors;
  for (const RankOneUpdate& update : updates) {
    const std::string name = edited_tensor(update.block);
    MOBIEDIT_CHECK(check_sizes(base, name, update.right.size(), update.left.size()));
    MOBIEDIT_TRY(const auto found, measured({.left = update.left.data(), .right = update.right}, name));
    if (!found) return fail(ErrorCode::usage, "an update that is zero or not finite", name);
    tensors[name].push_back(*found);
  }
  return tensors;
}

Result<Updates> by_tensor(const gguf::File& base, std::span<const LowRankDelta> deltas) {
  Updates tensors;
  for (const LowRankDelta& delta : deltas) {
    const auto rank = static_cast<std::size_t>(std::max(delta.rank, 0));
    if (rank == 0 || delta.scale != 1.0f)
      return fail(ErrorCode::usage, "a delta without a rank, or with a scale", delta.tensor);
    const std::size_t columns = delta.a.size() / rank;
    MOBIEDIT_CHECK(check_sizes(base, delta.tensor, columns, delta.b.size() / rank));
    for (std::size_t r = 0; r < rank; ++r) {
      const auto right = std::span(delta.a).subspan(r * columns, columns);
      MOBIEDIT_TRY(const auto found, measured({.left = &delta.b[r], .stride = rank, .right = right}, delta.tensor));
      if (found) tensors[delta.tensor].push_back(*found);
    }
  }
  if (tensors.empty()) return fail(ErrorCode::usage, "there is no update to write");
  return tensors;
}

Result<std::vector<BakedTensor>> write(const std::filesystem::path& path, const gguf::File& base,
                                       const Result<Updates>& edits, const Provenance& provenance,
                                       const BakeOptions& options) {
  MOBIEDIT_TRY(const auto same, base.is_at(path));
  if (same) return fail(ErrorCode::usage, "is the base model itself, which is never written", path.string());
  if (!edits) return std::unexpected(edits.error());
  // A base that was edited before keeps its history.
  MOBIEDIT_TRY(auto history, get_provenance(base));
  history.version = provenance.version;
  history.base_fingerprint = provenance.base_fingerprint;
  std::ranges::copy(provenance.edits, std::back_inserter(history.edits));

  MOBIEDIT_TRY(auto hashes, get_hashes(base));

  // The new types decide the layout, so the edited tensors are made first.
  std::map<std::string, NewTensor> rewritten;
  std::vector<BakedTensor> report;
  for (const auto& [name, edit] : *edits) {
    const gguf::TensorInfo& tensor = *base.find_tensor(name);
    MOBIEDIT_TRY(auto written, rewrite(base, tensor, edit, options));
    report.push_back({name, tensor.type, written.tensor.type, written.update_error});
    (hashes)[name] = fingerprint(written.tensor.bytes);
    rewritten.emplace(name, std::move(written.tensor));
  }

  gguf::Writer writer;
  copy_keys(writer, base);
  set_provenance(writer, history);
  set_hashes(writer, hashes);
  copy_tensors(writer, base, rewritten);
  MOBIEDIT_CHECK(writer.write(path));
  return report;
}

}  // namespace

Result<std::vector<BakedTensor>> write_baked(const std::filesystem::path& path, const gguf::File& base,
                                             std::span<const RankOneUpdate> updates, const Provenance& provenance,
                                             const BakeOptions& options) try {
  return write(path, base, by_tensor(base, updates), provenance, options);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the edited model", path.string());
}

Result<std::vector<BakedTensor>> write_baked(const std::filesystem::path& path, const gguf::File& base,
                                             std::span<const LowRankDelta> deltas, const Provenance& provenance,
                                             const BakeOptions& options) try {
  return write(path, base, by_tensor(base, deltas), provenance, options);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the edited model", path.string());
}

}  // namespace mobiedit

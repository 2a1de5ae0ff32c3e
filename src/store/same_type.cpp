#include "mobiedit/store/same_type.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <utility>

#include "base/thread_pool.h"
#include "base/try.h"
#include "gguf/codec/codec.h"
#include "io/write_whole.h"
#include "store/model_copy.h"
#include "store/provenance.h"
#include "store/rewrite_neurons.h"
#include "store/row_change.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;
using Vector = Eigen::VectorXf;

// Weight of an edit's own key against a key of running text. High enough that the remaining error there is far below an
// edit's margin, low enough that floats still resolve the other terms.
constexpr float key_weight = 300.0f;

/// The updates of one tensor as matrices, and the quadratic form that weighs their errors.
struct Task {
  const gguf::TensorInfo* tensor = nullptr;
  Matrix left;    // [d, n]
  Matrix right;   // [f, n]
  Matrix moment;  // [f, f]
  Matrix keys;    // [f, n]: right·key = 1, up to what other updates do
  Matrix h;       // moment + key_weight Σ key keyᵀ
};

Result<std::map<int, Task>> tasks_of(const gguf::File& base, std::span<const RankOneUpdate> updates,
                                     std::span<const KeyMoment> moments) {
  std::map<int, std::vector<const RankOneUpdate*>> blocks;
  for (const RankOneUpdate& update : updates) blocks[update.block].push_back(&update);
  std::map<int, Task> tasks;
  for (const auto& [block, list] : blocks) {
    Task& task = tasks[block];
    const std::string name = edited_tensor(block);
    task.tensor = base.find_tensor(name);
    if (task.tensor == nullptr) return fail(ErrorCode::bad_model, "has no tensor " + name, base.path().string());
    const auto f = static_cast<Eigen::Index>(task.tensor->columns());
    const auto d = static_cast<Eigen::Index>(task.tensor->rows());
    const auto n = static_cast<Eigen::Index>(list.size());
    task.left.resize(d, n);
    task.right.resize(f, n);
    for (Eigen::Index e = 0; e < n; ++e) {
      const RankOneUpdate& update = *list[static_cast<std::size_t>(e)];
      if (static_cast<Eigen::Index>(update.left.size()) != d || static_cast<Eigen::Index>(update.right.size()) != f)
        return fail(ErrorCode::bad_model, name + " is of another shape than an update", base.path().string());
      task.left.col(e) = Eigen::Map<const Vector>(update.left.data(), d);
      task.right.col(e) = Eigen::Map<const Vector>(update.right.data(), f);
    }
    const auto known = std::ranges::find(moments, block, &KeyMoment::layer);
    if (known != moments.end() && known->values.size() == static_cast<std::size_t>(f) * static_cast<std::size_t>(f)) {
      task.moment = Eigen::Map<const Matrix>(known->values.data(), f, f);
    } else {
      task.moment = Matrix::Identity(f, f);
    }
    // right is parallel to C⁻¹ key, so C right is parallel to the key. No other record of the search is needed.
    task.keys = task.moment * task.right;
    for (Eigen::Index e = 0; e < n; ++e) {
      const float along = task.keys.col(e).dot(task.right.col(e));
      if (!std::isfinite(along) || along <= 0)
        return fail(ErrorCode::usage, "an update that is zero or not finite", name);
      task.keys.col(e) /= along;
    }
    task.h = task.moment;
    task.h.noalias() += key_weight * task.keys * task.keys.transpose();
  }
  return tasks;
}

struct Flipped {
  std::vector<std::byte> bytes;
  FlippedTensor report;
};

Result<Flipped> flip(const gguf::File& base, const Task& task, ThreadPool& pool) {
  const gguf::TensorInfo& tensor = *task.tensor;
  const gguf::Codec& codec = *gguf::find_codec(tensor.type);
  const std::size_t f = tensor.columns(), d = tensor.rows();
  const std::size_t stride = gguf::row_bytes(tensor.type, f);
  const auto source = base.data(tensor);
  Flipped written{{source.begin(), source.end()}, {tensor.name, tensor.type, f * d, 0, 0, 0}};
  const auto n = task.left.cols();
  Eigen::VectorXd missed = Eigen::VectorXd::Zero(n);
  double felt = 0, wanted = 0;
  std::mutex sums;
  Status failed;
  pool.run(static_cast<int>(d), [&](int piece, int) {
    const auto row = static_cast<std::size_t>(piece);
    const auto bytes = std::span(written.bytes).subspan(row * stride, stride);
    const Vector change = task.right * task.left.row(piece).transpose();
    const auto row_change = change_row(codec, task.h, {change.data(), f}, bytes);
    if (!row_change) {
      const std::lock_guard lock(sums);
      failed = std::unexpected(row_change.error());
      return;
    }
    const Vector& residual = row_change->residual;
    const Vector at_keys = task.keys.transpose() * residual;
    const Vector moved = task.moment.selfadjointView<Eigen::Lower>() * residual;
    const Vector meant = task.moment.selfadjointView<Eigen::Lower>() * change;
    const std::lock_guard lock(sums);
    written.report.changed += row_change->changed;
    missed += at_keys.cast<double>().cwiseAbs2();
    felt += double{residual.dot(moved)};
    wanted += double{change.dot(meant)};
  });
  if (!failed) return std::unexpected(failed.error());
  for (Eigen::Index e = 0; e < n; ++e) {
    const double size = double{task.left.col(e).norm()};
    if (size > 0) written.report.update_error = std::max(written.report.update_error, std::sqrt(missed[e]) / size);
  }
  written.report.side_effect = wanted > 0 ? std::sqrt(std::max(0.0, felt) / wanted) : 0;
  return written;
}

/// Writes the base's bytes with the bytes of some tensors replaced.
Status write_in_place(const std::filesystem::path& path, const gguf::File& base,
                      const std::map<std::string, NewTensor>& anew) {
  // In the order in which they lie in the file.
  std::map<std::uint64_t, std::span<const std::byte>> replaced;
  for (const auto& [name, tensor] : anew) replaced.emplace(base.find_tensor(name)->offset, tensor.bytes);
  const auto bytes = base.bytes();
  return io::write_whole(path, bytes.size(), [&](io::PendingFile& file) -> Status {
    std::size_t at = 0;
    for (const auto& [offset, tensor] : replaced) {
      if (auto s = file.write(bytes.subspan(at, offset - at)); !s) return s;
      if (auto s = file.write(tensor); !s) return s;
      at = static_cast<std::size_t>(offset) + tensor.size();
    }
    return file.write(bytes.subspan(at));
  });
}

/// Writes a split model as one file.
Status write_joined(const std::filesystem::path& path, const gguf::File& base,
                    const std::map<std::string, NewTensor>& anew) {
  gguf::Writer writer;
  copy_keys(writer, base);
  copy_tensors(writer, base, anew);
  return writer.write(path);
}

Result<std::vector<FlippedTensor>> write(const std::filesystem::path& path, const gguf::File& base,
                                         std::span<const RankOneUpdate> updates, std::span<const KeyMoment> moments,
                                         int threads, std::span<const PlacedNeurons> neurons) {
  MOBIEDIT_TRY(const auto same, base.is_at(path));
  if (same) return fail(ErrorCode::usage, "is the base model itself, which is never written", path.string());
  if (updates.empty() && neurons.empty()) return fail(ErrorCode::usage, "there is no update to write");
  MOBIEDIT_TRY(const auto tasks, tasks_of(base, updates, moments));
  ThreadPool pool(threads);
  std::map<std::string, NewTensor> anew;
  std::vector<FlippedTensor> report;
  for (const auto& [block, task] : tasks) {
    MOBIEDIT_TRY(auto written, flip(base, task, pool));
    report.push_back(std::move(written.report));
    anew.emplace(task.tensor->name, NewTensor{task.tensor->type, std::move(written.bytes)});
  }
  for (const PlacedNeurons& layer : neurons) {
    MOBIEDIT_TRY(auto rewritten, rewrite_neurons(base, layer, anew));
    std::ranges::move(rewritten, std::back_inserter(report));
  }
  const Status done = base.pieces() == 1 ? write_in_place(path, base, anew) : write_joined(path, base, anew);
  if (!done) return std::unexpected(done.error());
  return report;
}

}  // namespace

Result<std::vector<FlippedTensor>> write_same_type(const std::filesystem::path& path, const gguf::File& base,
                                                   std::span<const RankOneUpdate> updates,
                                                   std::span<const KeyMoment> moments, int threads,
                                                   std::span<const PlacedNeurons> neurons) try {
  return write(path, base, updates, moments, threads, neurons);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the edited model", path.string());
}

}  // namespace mobiedit

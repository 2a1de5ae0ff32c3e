#include "mobiedit/workspace/engine.h"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "backend/cpu/footprint.h"
#include "base/thread_pool.h"
#include "base/try.h"
#include "io/file_system.h"
#include "mobiedit/edit/plan.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {
namespace {}  // namespace

struct Engine::State {
  /// One file as it is now, whatever its path.
  struct FileKey {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    time_t seconds = 0;
    long nanoseconds = 0;
    Precision precision = Precision::automatic;

    bool operator==(const FileKey&) const = default;
  };

  struct OpenFile {
    FileKey key;
    std::mutex opening;
    std::weak_ptr<const Model> model;
  };

  std::shared_ptr<ThreadPool> pool;
  std::mutex mutex;
  std::vector<std::shared_ptr<OpenFile>> files;

  std::shared_ptr<OpenFile> find(const FileKey& key) {
    const std::lock_guard lock(mutex);
    // An entry that only this list holds cannot be in use by another thread.
    std::erase_if(files, [](const auto& file) { return file.use_count() == 1 && file->model.expired(); });
    const auto found = std::ranges::find_if(files, [&](const auto& file) { return file->key == key; });
    if (found != files.end()) return *found;
    auto file = std::make_shared<OpenFile>();
    file->key = key;
    files.push_back(file);
    return file;
  }
};

Engine::Engine(int threads) : state_(std::make_shared<State>()) {
  state_->pool = std::make_shared<ThreadPool>(threads);
}

Result<std::shared_ptr<const Model>> Engine::open(const std::filesystem::path& path, Precision precision) const try {
  ModelOptions options;
  options.precision = precision;
  options.pool = state_->pool;
  const auto load = [&]() -> Result<std::shared_ptr<const Model>> {
    MOBIEDIT_TRY(auto model, Model::open(path, options));
    return std::make_shared<const Model>(std::move(model));
  };
  struct ::stat info{};
  // Model::open says what is wrong with the path.
  if (io::FileSystem::real().status(path, info) < 0) return load();
  const auto file =
      state_->find({info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, precision});
  const std::lock_guard lock(file->opening);
  if (auto known = file->model.lock()) return known;
  auto model = load();
  if (model) file->model = *model;
  return model;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to open the model", path.string());
}

Status Engine::check_memory(const std::filesystem::path& model, const EditOptions& options) {
  MOBIEDIT_TRY(const auto file, gguf::File::open(model));
  MOBIEDIT_TRY(const auto config, ModelConfig::from_file(file));
  return mobiedit::check_memory(edit_memory(file, config, {}, options).total(), "the edit", model.string());
}

const std::shared_ptr<ThreadPool>& Engine::pool() const {
  return state_->pool;
}

int Engine::threads() const {
  return state_->pool->threads();
}

}  // namespace mobiedit

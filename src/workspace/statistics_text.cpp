#include "mobiedit/workspace/statistics_text.h"

#include <string_view>
#include <system_error>
#include <utility>

#include "base/fingerprint.h"
#include "io/mapped_file.h"
#include "io/write_whole.h"
#include "mobiedit/gguf/file.h"
#include "workspace/notes.h"

namespace mobiedit {
namespace {

std::string_view contents_of(const io::MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::filesystem::path remembered_text(const std::string& folder, const Model& model) {
  return std::filesystem::path(folder) / (model.fingerprint() + ".txt");
}

bool has_statistics(const std::string& folder, const Model& model) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().native().starts_with(model.fingerprint() + "-key-covariance")) return true;
  }
  return false;
}

/// Path of the text that statistics are made of; empty where there is none.
std::filesystem::path text_for(const Model& model, const StatisticsSource& source, const std::string& folder) {
  if (!source.text.empty()) return source.text;
  std::error_code ignored;
  if (!folder.empty()) {
    if (auto path = remembered_text(folder, model); std::filesystem::exists(path, ignored)) return path;
  }
  if (auto path = model.file().path().parent_path() / "covariance-text.txt"; std::filesystem::exists(path, ignored))
    return path;
  return {};
}

}  // namespace

Result<StatisticsUsed> use_statistics(Editor& editor, const Model& model, const StatisticsSource& source,
                                      const std::string& cache_folder, const Job& job) {
  if (source.none) return StatisticsUsed();
  const std::filesystem::path path = text_for(model, source, cache_folder);
  if (path.empty()) {
    const auto measuring = [&] { note(job, "learning the model's statistics from the built-in text, this once"); };
    auto made = editor.set_default_statistics(cache_folder, measuring, job.cancel);
    if (!made) return std::unexpected(made.error());
    return StatisticsUsed{"built-in text", std::move(*made)};
  }
  const auto text = io::MappedFile::open(path);
  if (!text) return std::unexpected(text.error());
  if (!cache_folder.empty() && !has_statistics(cache_folder, model))
    note(job, "making key statistics of " + path.string() + ", this once");
  const auto made = editor.set_statistics(contents_of(*text), cache_folder, job.cancel);
  if (!made) return std::unexpected(made.error());
  return StatisticsUsed{path.filename().string(), fingerprint(text->bytes())};
}

Status remember_statistics(Editor& editor, const Model& model, const std::filesystem::path& text,
                           const std::string& cache_folder, const Job& job) {
  const auto file = io::MappedFile::open(text);
  if (!file) return std::unexpected(file.error());
  if (cache_folder.empty()) return fail(ErrorCode::io, "there is no folder to keep the statistics in");
  if (auto made = editor.set_statistics(contents_of(*file), cache_folder, job.cancel); !made) return made;
  // Keeps the text itself, not its path: the file may change or vanish.
  return io::write_whole(remembered_text(cache_folder, model), file->bytes());
}

}  // namespace mobiedit

#include "app/common/statistics.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "app/common/cache_folder.h"
#include "app/common/console.h"
#include "io/mapped_file.h"
#include "io/write_whole.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::cli {
namespace {

std::string_view text_of(const io::MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::filesystem::path remembered_text(const std::filesystem::path& folder, const Model& model) {
  return folder / (model.fingerprint() + ".txt");
}

/// Whether anything was made of this model before.
bool has_statistics(const std::filesystem::path& folder, const Model& model) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().native().starts_with(model.fingerprint() + "-key-covariance")) return true;
  }
  return false;
}

/// A model may bring a text with it.
std::filesystem::path text_beside(const Model& model) {
  return model.file().path().parent_path() / "covariance-text.txt";
}

}  // namespace

Status remember_statistics(Editor& editor, const Model& model, const std::string& text_path,
                           const CancelToken& cancel) {
  const auto text = io::MappedFile::open(text_path);
  if (!text) return std::unexpected(text.error());
  const auto folder = cache_folder();
  if (!folder) return std::unexpected(folder.error());
  if (folder->empty())
    return fail(ErrorCode::io, "there is no folder to keep the statistics in", "", "set MOBIEDIT_CACHE");
  if (auto made = editor.set_statistics(text_of(*text), folder->string(), cancel); !made) return made;
  // The text itself, not its path: the file may change or go.
  return io::write_whole(remembered_text(*folder, model), text->bytes());
}

Result<bool> use_statistics(Editor& editor, const Model& model, const StatisticsOptions& options,
                            const CancelToken& cancel) {
  if (options.none) return false;
  const auto folder = cache_folder();
  const bool kept = folder && !folder->empty();
  std::filesystem::path path = options.text;
  std::error_code ignored;
  if (path.empty() && kept) path = remembered_text(*folder, model);
  if (options.text.empty() && !std::filesystem::exists(path, ignored)) path = text_beside(model);
  if (options.text.empty() && !std::filesystem::exists(path, ignored)) return false;
  const auto text = io::MappedFile::open(path);
  if (!text) return std::unexpected(text.error());
  if (kept && !has_statistics(*folder, model)) say("making key statistics of " + path.string() + ", this once");
  const auto made = editor.set_statistics(text_of(*text), kept ? folder->string() : "", cancel);
  if (!made) return std::unexpected(made.error());
  return true;
}

}  // namespace mobiedit::cli

#include "mobiedit/store/undo_patch.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/fingerprint.h"
#include "base/try.h"
#include "io/file_info.h"
#include "io/write_whole.h"
#include "store/base64.h"

namespace mobiedit {
namespace {

using Json = nlohmann::json;

constexpr const char* patch_schema = "mobiedit.undo-patch/1";
// A gap of equal bytes shorter than this is cheaper than a new entry.
constexpr std::size_t shortest_gap = 32;

struct Run {
  std::size_t offset;
  std::vector<std::byte> bytes;
};

Result<std::vector<Run>> runs_of(const Json& json, std::size_t size, const std::string& where) {
  const auto damaged = [&] { return fail(ErrorCode::usage, "is not an undo patch of mobiedit, or damaged", where); };
  std::vector<Run> runs;
  const auto changes = json.find("changes");
  if (changes == json.end() || !changes->is_array()) return damaged();
  std::size_t end = 0;
  for (const Json& change : *changes) {
    if (!change.is_array() || change.size() != 2 || !change[0].is_number_unsigned() || !change[1].is_string())
      return damaged();
    const auto offset = change[0].get<std::uint64_t>();
    auto bytes = from_base64(change[1].get<std::string>());
    if (!bytes || offset < end || offset > size || bytes->size() > size - offset) return damaged();
    end = static_cast<std::size_t>(offset) + bytes->size();
    runs.push_back({static_cast<std::size_t>(offset), std::move(*bytes)});
  }
  return runs;
}

}  // namespace

Result<std::string> make_undo_patch(const gguf::File& base, const gguf::File& edited) try {
  if (base.pieces() > 1 || edited.pieces() > 1)
    return fail(ErrorCode::usage, "is a split model; an undo patch needs a model in one file",
                (base.pieces() > 1 ? base : edited).path().string());
  const auto old = base.bytes(), now = edited.bytes();
  if (old.size() != now.size())
    return fail(ErrorCode::usage, "is of another size than its base", edited.path().string());
  nlohmann::ordered_json changes = nlohmann::ordered_json::array();
  std::size_t at = 0;
  while (true) {
    at = static_cast<std::size_t>(std::ranges::mismatch(old.subspan(at), now.subspan(at)).in1 - old.begin());
    if (at == old.size()) break;
    std::size_t end = at + 1;  // one past the last byte that differs
    for (std::size_t i = end; i < old.size() && i - end < shortest_gap; ++i)
      if (old[i] != now[i]) end = i + 1;
    changes.push_back({at, to_base64(old.subspan(at, end - at))});
    at = end;
  }
  return nlohmann::ordered_json{{"schema", patch_schema},
                                {"for", fingerprint(now)},
                                {"gives", fingerprint(old)},
                                {"bytes", old.size()},
                                {"changes", std::move(changes)}}
             .dump() +
         "\n";
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an undo patch", edited.path().string());
}

Status apply_undo_patch(const std::filesystem::path& path, const gguf::File& edited, std::string_view patch,
                        const std::string& where) try {
  MOBIEDIT_TRY(const auto same, io::same_file(path, edited.path()));
  if (same) return fail(ErrorCode::usage, "is both read and written", path.string(), "give the output another name");
  const Json json = Json::parse(patch, nullptr, false);
  if (!json.is_object() || json.value("schema", Json()) != patch_schema)
    return fail(ErrorCode::usage, "is not an undo patch of mobiedit", where);
  if (edited.pieces() > 1)
    return fail(ErrorCode::usage, "is a split model; an undo patch needs a model in one file", edited.path().string());
  const auto bytes = edited.bytes();
  if (json.value("for", Json()) != fingerprint(bytes))
    return fail(ErrorCode::verification,
                "is not the file that the patch " + where + " was made for, or was changed since",
                edited.path().string());
  MOBIEDIT_TRY(const auto runs, runs_of(json, bytes.size(), where));
  std::vector<std::byte> restored(bytes.begin(), bytes.end());
  for (const Run& run : runs) std::ranges::copy(run.bytes, restored.begin() + static_cast<std::ptrdiff_t>(run.offset));
  if (json.value("gives", Json()) != fingerprint(restored))
    return fail(ErrorCode::usage, "does not give what it promises: it is damaged", where);
  return io::write_whole(path, restored);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to undo an edited model", path.string());
}

}  // namespace mobiedit

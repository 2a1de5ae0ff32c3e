#include "gguf/pieces.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "gguf/name_index.h"

namespace mobiedit::gguf {
namespace {

constexpr std::string_view number_key = "split.no", count_key = "split.count", tensors_key = "split.tensors.count";

/// Keys of a split model; absent ones are empty.
struct Split {
  std::optional<std::uint64_t> number;  ///< number of the piece, from 0
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> tensors;  ///< number of tensors of all pieces together
};

Result<std::optional<std::uint64_t>> integer_of(const Header& header, std::string_view key, const std::string& where) {
  const auto at = std::ranges::find(header.entries, key, &Entry::key);
  if (at == header.entries.end()) return std::nullopt;
  if (const auto* value = std::get_if<std::uint64_t>(&at->value)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&at->value); value != nullptr && *value >= 0)
    return static_cast<std::uint64_t>(*value);
  return fail(ErrorCode::bad_model, "key '" + std::string(key) + "' is not a non-negative integer", where);
}

Result<Split> split_of(const Header& header, const std::string& where) {
  MOBIEDIT_TRY(const auto number, integer_of(header, number_key, where));
  MOBIEDIT_TRY(const auto count, integer_of(header, count_key, where));
  MOBIEDIT_TRY(const auto tensors, integer_of(header, tensors_key, where));
  return Split{number, count, tensors};
}

struct Opened {
  Piece piece;
  Header header;
  Split split;
};

Result<Opened> open_one(const std::filesystem::path& path, TypesAllowed types) {
  MOBIEDIT_TRY(auto mapping, io::MappedFile::open(path));
  MOBIEDIT_TRY(auto header, parse(mapping.bytes(), path.string(), types));
  MOBIEDIT_TRY(const auto split, split_of(header, path.string()));
  return Opened{{path, std::move(mapping)}, std::move(header), split};
}

/// Returns the end of a piece's name: "-00002-of-00003.gguf".
std::string ending(std::uint64_t number, std::uint64_t count) {
  const auto five = [](std::uint64_t value) {
    const std::string digits = std::to_string(value);
    return std::string(5 - std::min<std::size_t>(5, digits.size()), '0') + digits;
  };
  return "-" + five(number + 1) + "-of-" + five(count) + ".gguf";
}

std::string piece_text(std::uint64_t number, std::uint64_t count) {
  return "piece " + std::to_string(number + 1) + " of " + std::to_string(count);
}

/// Returns the path of piece `to` beside `path`; nothing if the name of `path` does not end as that of piece `from`.
std::optional<std::filesystem::path> beside(const std::filesystem::path& path, std::uint64_t from, std::uint64_t to,
                                            std::uint64_t count) {
  const std::string name = path.filename().string(), own = ending(from, count);
  if (!name.ends_with(own)) return std::nullopt;
  return path.parent_path() / (name.substr(0, name.size() - own.size()) + ending(to, count));
}

/// Says why a file is not piece `number` of the first one's model; nothing if it is.
std::optional<std::string> stranger(const Split& split, const Split& first, std::uint64_t number) {
  const std::string wanted = piece_text(number, *first.count);
  if (!split.number || !split.count) return "is no piece of a split model; expected " + wanted;
  if (*split.count != *first.count || *split.number != number)
    return "is " + piece_text(*split.number, *split.count) + " by its keys; expected " + wanted;
  if (split.tensors != first.tensors) {
    const auto text = [](const Split& of) { return of.tensors ? std::to_string(*of.tensors) : std::string("unknown"); };
    return "is a piece of another model: the number of all tensors is " + text(split) + "; expected " + text(first);
  }
  return std::nullopt;
}

}  // namespace

Result<Pieces> open_pieces(const std::filesystem::path& path, TypesAllowed types) {
  MOBIEDIT_TRY(auto first, open_one(path, types));
  const Split split = first.split;
  Pieces all;
  all.files.push_back(std::move(first.piece));
  all.header = std::move(first.header);
  const std::uint64_t count = split.count.value_or(1);
  if (count <= 1) return all;

  const std::string where = path.string();
  const std::uint64_t number = split.number.value_or(0);
  if (number >= count)
    return fail(ErrorCode::bad_model, "is " + piece_text(number, count) + " by its keys, which cannot be", where);
  if (number != 0) {
    const auto start = beside(path, number, 0, count);
    return fail(ErrorCode::bad_model, "is " + piece_text(number, count) + " of a split model; expected the first piece",
                where, start ? "open " + start->string() : "");
  }
  if (!beside(path, 0, 0, count))
    return fail(ErrorCode::bad_model,
                "is " + piece_text(0, count) + " of a split model, but its name does not tell the others' names; " +
                    "expected a name that ends in " + ending(0, count),
                where, "give all pieces the names that they were downloaded with");

  for (std::uint64_t i = 1; i < count; ++i) {
    const std::filesystem::path next = *beside(path, 0, i, count);
    auto opened = open_one(next, types);
    if (!opened) {
      Error error = std::move(opened.error());
      if (error.code == ErrorCode::io)
        error = {ErrorCode::io, piece_text(i, count) + " of the model " + error.what, error.where,
                 "put all pieces into one folder"};
      return std::unexpected(std::move(error));
    }
    if (const auto why = stranger(opened->split, split, i))
      return fail(ErrorCode::bad_model, *why, next.string(), "download the piece again");
    for (TensorInfo& tensor : opened->header.tensors) tensor.piece = static_cast<std::uint32_t>(i);
    std::ranges::move(opened->header.tensors, std::back_inserter(all.header.tensors));
    all.files.push_back(std::move(opened->piece));
  }

  std::vector<std::string_view> names;
  names.reserve(all.header.tensors.size());
  for (const TensorInfo& tensor : all.header.tensors) names.push_back(tensor.name);
  if (const auto name = NameIndex(names).duplicate())
    return fail(ErrorCode::bad_model, "tensor '" + std::string(*name) + "' is in two pieces of the model", where,
                "a piece belongs to another model: download the pieces again");
  if (split.tensors && *split.tensors != names.size())
    return fail(ErrorCode::bad_model,
                "the pieces hold " + std::to_string(names.size()) + " tensors; expected " +
                    std::to_string(*split.tensors) + " by the key '" + std::string(tensors_key) + "'",
                where, "a piece belongs to another model: download the pieces again");
  // The pieces are read as one whole model, and copies of it are written as one.
  std::erase_if(all.header.entries, [](const Entry& entry) {
    return entry.key == number_key || entry.key == count_key || entry.key == tensors_key;
  });
  return all;
}

}  // namespace mobiedit::gguf

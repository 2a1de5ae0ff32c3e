#include "mobiedit/gguf/file.h"

#include <algorithm>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#include "base/try.h"
#include "gguf/name_index.h"
#include "gguf/pieces.h"
#include "io/file_info.h"

namespace mobiedit::gguf {

struct File::Contents {
  Pieces pieces;
  std::uint64_t size;
  NameIndex keys;
  NameIndex tensor_names;
};

namespace {

std::unexpected<Error> wrong_type(const File& file, std::string_view key, const char* wanted) {
  return fail(ErrorCode::bad_model, "key '" + std::string(key) + "' is not " + wanted, file.path().string());
}

/// Returns the number that all elements of an array equal; nothing for an empty or unequal array.
template <class T>
std::optional<T> common(const std::vector<T>& values) {
  if (values.empty() || std::ranges::adjacent_find(values, std::not_equal_to<T>()) != values.end()) return std::nullopt;
  return values.front();
}

/// Tells whether a value is an array of numbers that are not all equal.
bool unequal(const Value& value) {
  return std::visit(
      []<class T>(const T& held) {
        if constexpr (requires { typename T::allocator_type; } && !std::is_same_v<T, std::string>) {
          if constexpr (std::is_arithmetic_v<typename T::value_type>) return held.size() > 1 && !common(held);
        }
        return false;
      },
      value);
}

std::unexpected<Error> differs_by_layer(const File& file, std::string_view key) {
  return fail(ErrorCode::bad_model,
              "key '" + std::string(key) + "' is an array of unequal numbers; expected one number, or equal ones",
              file.path().string(), "a model whose layers differ in it cannot be used");
}

}  // namespace

Result<File> File::open(const std::filesystem::path& path, TypesAllowed types) {
  try {
    Result<Pieces> pieces = open_pieces(path, types);
    if (!pieces) return std::unexpected(std::move(pieces.error()));
    auto contents = std::make_unique<Contents>(Contents{std::move(*pieces), 0, {}, {}});
    for (const Piece& piece : contents->pieces.files) contents->size += piece.mapping.bytes().size();
    std::vector<std::string_view> names;
    for (const Entry& entry : contents->pieces.header.entries) names.push_back(entry.key);
    contents->keys = NameIndex(names);
    names.clear();
    for (const TensorInfo& tensor : contents->pieces.header.tensors) names.push_back(tensor.name);
    contents->tensor_names = NameIndex(names);
    return File(std::move(contents));
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory, "not enough memory to read its metadata", path.string());
  }
}

File::File(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {}
File::File(File&&) noexcept = default;
File& File::operator=(File&&) noexcept = default;
File::~File() = default;

std::size_t File::pieces() const {
  return contents_->pieces.files.size();
}
const std::filesystem::path& File::path(std::size_t piece) const {
  return contents_->pieces.files[piece].path;
}

Result<bool> File::is_at(const std::filesystem::path& path) const {
  for (const Piece& piece : contents_->pieces.files) {
    MOBIEDIT_TRY(const auto same, io::same_file(path, piece.path));
    if (same) return true;
  }
  return false;
}

std::uint32_t File::version() const {
  return contents_->pieces.header.version;
}
std::uint64_t File::size() const {
  return contents_->size;
}
std::span<const Entry> File::metadata() const {
  return contents_->pieces.header.entries;
}
std::span<const TensorInfo> File::tensors() const {
  return contents_->pieces.header.tensors;
}
std::uint64_t File::alignment() const {
  return contents_->pieces.header.alignment;
}

const Entry* File::find(std::string_view key) const {
  const auto index = contents_->keys.find(key);
  return index ? &contents_->pieces.header.entries[*index] : nullptr;
}

const TensorInfo* File::find_tensor(std::string_view name) const {
  const auto index = contents_->tensor_names.find(name);
  return index ? &contents_->pieces.header.tensors[*index] : nullptr;
}

std::span<const std::byte> File::data(const TensorInfo& tensor) const {
  return bytes(tensor.piece).subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes));
}

std::span<const std::byte> File::bytes(std::size_t piece) const {
  return contents_->pieces.files[piece].mapping.bytes();
}

Status File::unchanged() const {
  for (const Piece& piece : contents_->pieces.files)
    if (Status status = piece.mapping.unchanged(); !status) return status;
  return {};
}

void File::release_pages(const TensorInfo& tensor) const {
  release_pages(data(tensor));
}

void File::release_pages(std::span<const std::byte> part) const {
  for (const Piece& piece : contents_->pieces.files) {
    const std::span<const std::byte> all = piece.mapping.bytes();
    if (std::less<>()(part.data(), all.data()) || std::less<>()(all.data() + all.size(), part.data())) continue;
    return piece.mapping.release(static_cast<std::size_t>(part.data() - all.data()), part.size());
  }
}

Result<std::optional<std::uint64_t>> File::integer(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<std::uint64_t>(&entry->value)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&entry->value); value != nullptr && *value >= 0) {
    return static_cast<std::uint64_t>(*value);
  }
  if (unequal(entry->value)) return differs_by_layer(*this, key);
  if (const auto* list = std::get_if<std::vector<std::uint64_t>>(&entry->value); list != nullptr && common(*list))
    return common(*list);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&entry->value); list != nullptr && common(*list)) {
    if (const std::int64_t value = *common(*list); value >= 0) return static_cast<std::uint64_t>(value);
  }
  return wrong_type(*this, key, "a non-negative integer");
}

Result<std::optional<double>> File::number(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<double>(&entry->value)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&entry->value)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::int64_t>(&entry->value)) return static_cast<double>(*value);
  if (unequal(entry->value)) return differs_by_layer(*this, key);
  if (const auto* list = std::get_if<std::vector<double>>(&entry->value); list != nullptr && common(*list))
    return common(*list);
  if (const auto* list = std::get_if<std::vector<std::uint64_t>>(&entry->value); list != nullptr && common(*list))
    return static_cast<double>(*common(*list));
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&entry->value); list != nullptr && common(*list))
    return static_cast<double>(*common(*list));
  return wrong_type(*this, key, "a number");
}

Result<std::optional<bool>> File::boolean(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<bool>(&entry->value)) return *value;
  return wrong_type(*this, key, "a boolean");
}

Result<std::optional<std::string>> File::string(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<std::string>(&entry->value)) return *value;
  return wrong_type(*this, key, "a string");
}

}  // namespace mobiedit::gguf

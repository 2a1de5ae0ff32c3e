#include "mobiedit/gguf/file.h"

#include <new>
#include <utility>

#include "gguf/name_index.h"
#include "gguf/parse.h"
#include "io/mapped_file.h"

namespace mobiedit::gguf {

struct File::Contents {
  std::filesystem::path path;
  io::MappedFile mapping;
  Header header;
  NameIndex keys;
  NameIndex tensor_names;
};

namespace {

std::unexpected<Error> wrong_type(const File& file, std::string_view key, const char* wanted) {
  return fail(ErrorCode::bad_model, "key '" + std::string(key) + "' is not " + wanted, file.path().string());
}

}  // namespace

Result<File> File::open(const std::filesystem::path& path, TypesAllowed types) {
  try {
    Result<io::MappedFile> mapping = io::MappedFile::open(path);
    if (!mapping) return std::unexpected(std::move(mapping.error()));
    Result<Header> header = parse(mapping->bytes(), path.string(), types);
    if (!header) return std::unexpected(std::move(header.error()));

    auto contents = std::make_unique<Contents>(Contents{path, std::move(*mapping), std::move(*header), {}, {}});
    std::vector<std::string_view> names;
    for (const Entry& entry : contents->header.entries) names.push_back(entry.key);
    contents->keys = NameIndex(names);
    names.clear();
    for (const TensorInfo& tensor : contents->header.tensors) names.push_back(tensor.name);
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

const std::filesystem::path& File::path() const {
  return contents_->path;
}
std::uint32_t File::version() const {
  return contents_->header.version;
}
std::uint64_t File::size() const {
  return contents_->mapping.bytes().size();
}
std::span<const Entry> File::metadata() const {
  return contents_->header.entries;
}
std::span<const TensorInfo> File::tensors() const {
  return contents_->header.tensors;
}
std::uint64_t File::alignment() const {
  return contents_->header.alignment;
}

const Entry* File::find(std::string_view key) const {
  const auto index = contents_->keys.find(key);
  return index ? &contents_->header.entries[*index] : nullptr;
}

const TensorInfo* File::find_tensor(std::string_view name) const {
  const auto index = contents_->tensor_names.find(name);
  return index ? &contents_->header.tensors[*index] : nullptr;
}

std::span<const std::byte> File::data(const TensorInfo& tensor) const {
  return contents_->mapping.bytes().subspan(static_cast<std::size_t>(tensor.offset),
                                            static_cast<std::size_t>(tensor.bytes));
}

std::span<const std::byte> File::bytes() const {
  return contents_->mapping.bytes();
}

Status File::unchanged() const {
  return contents_->mapping.unchanged();
}

void File::release_pages(const TensorInfo& tensor) const {
  contents_->mapping.release(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes));
}

void File::release_pages(std::span<const std::byte> part) const {
  const std::span<const std::byte> all = contents_->mapping.bytes();
  contents_->mapping.release(static_cast<std::size_t>(part.data() - all.data()), part.size());
}

Result<std::optional<std::uint64_t>> File::integer(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<std::uint64_t>(&entry->value)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&entry->value); value != nullptr && *value >= 0) {
    return static_cast<std::uint64_t>(*value);
  }
  return wrong_type(*this, key, "a non-negative integer");
}

Result<std::optional<double>> File::number(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<double>(&entry->value)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&entry->value)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::int64_t>(&entry->value)) return static_cast<double>(*value);
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

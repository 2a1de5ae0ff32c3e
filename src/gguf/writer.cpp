#include "mobiedit/gguf/writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "gguf/limits.h"
#include "gguf/name_index.h"
#include "io/write_whole.h"

namespace mobiedit::gguf {
namespace {

constexpr std::uint64_t largest_alignment = 65536;

std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::usage, std::move(what), "writing a GGUF file");
}

/// Header: the part of the file before the tensors' data.
class HeaderBytes {
 public:
  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }
  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

  template <class T>
    requires std::is_arithmetic_v<T>
  void put(T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof value);
  }
  void put(const std::string& text) {
    put(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }
  void pad_to(std::uint64_t size) { bytes_.resize(static_cast<std::size_t>(size), '\0'); }
  void raw(std::string_view text) { bytes_ += text; }

 private:
  std::string bytes_;
};

/// Returns whether the value fits the narrower type.
template <class Narrow, class Wide>
bool put_as(HeaderBytes& out, Wide value) {
  if constexpr (std::is_integral_v<Narrow>) {
    if (!std::in_range<Narrow>(value)) return false;
  }
  out.put(static_cast<Narrow>(value));
  return true;
}

bool put_element(HeaderBytes& out, ValueType type, std::uint64_t value) {
  switch (type) {
    case ValueType::u8:
      return put_as<std::uint8_t>(out, value);
    case ValueType::u16:
      return put_as<std::uint16_t>(out, value);
    case ValueType::u32:
      return put_as<std::uint32_t>(out, value);
    case ValueType::u64:
      return put_as<std::uint64_t>(out, value);
    default:
      return false;
  }
}

bool put_element(HeaderBytes& out, ValueType type, std::int64_t value) {
  switch (type) {
    case ValueType::i8:
      return put_as<std::int8_t>(out, value);
    case ValueType::i16:
      return put_as<std::int16_t>(out, value);
    case ValueType::i32:
      return put_as<std::int32_t>(out, value);
    case ValueType::i64:
      return put_as<std::int64_t>(out, value);
    default:
      return false;
  }
}

bool put_element(HeaderBytes& out, ValueType type, double value) {
  switch (type) {
    case ValueType::f32:
      return put_as<float>(out, value);
    case ValueType::f64:
      return put_as<double>(out, value);
    default:
      return false;
  }
}

bool put_element(HeaderBytes& out, ValueType type, bool value) {
  if (type != ValueType::boolean) return false;
  out.put(static_cast<std::uint8_t>(value));
  return true;
}

bool put_element(HeaderBytes& out, ValueType type, const std::string& value) {
  if (type != ValueType::string) return false;
  out.put(value);
  return true;
}

/// Returns whether value and type agree.
bool put_value(HeaderBytes& out, const Entry& entry) {
  return std::visit(
      [&]<class T>(const T& value) {
        if constexpr (requires { typename T::allocator_type; } && !std::is_same_v<T, std::string>) {
          if (entry.type != ValueType::array) return false;
          out.put(static_cast<std::uint32_t>(entry.element_type));
          out.put(static_cast<std::uint64_t>(value.size()));
          return std::all_of(value.begin(), value.end(), [&](const typename T::value_type& element) {
            return put_element(out, entry.element_type, element);
          });
        } else {
          return put_element(out, entry.type, value);
        }
      },
      entry.value);
}

Status put_entry(HeaderBytes& out, const Entry& entry) {
  if (const char* why = unfit_key(entry.key)) return refuse("a metadata key " + std::string(why));
  out.put(entry.key);
  out.put(static_cast<std::uint32_t>(entry.type));
  if (!put_value(out, entry)) return refuse("the value of key '" + entry.key + "' is not of the type that it claims");
  return {};
}

/// Returns the bytes that a tensor takes; nothing if its shape does not fit its type.
std::optional<std::uint64_t> storage(TensorType type, std::span<const std::uint64_t> shape) {
  const TypeTraits* t = traits(type);
  if (t == nullptr || shape.empty() || shape.size() > 4 || shape[0] % t->block_values != 0) return std::nullopt;
  std::uint64_t values = 1;
  for (const std::uint64_t size : shape) {
    if (size == 0 || __builtin_mul_overflow(values, size, &values)) return std::nullopt;
  }
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(values / t->block_values, t->block_bytes, &bytes)) return std::nullopt;
  // Sums of a few such sizes must not overflow.
  if (bytes > std::numeric_limits<std::uint64_t>::max() >> 16) return std::nullopt;
  return bytes;
}

Result<std::uint64_t> chosen_alignment(std::span<const Entry> entries) {
  const auto at = std::ranges::find(entries, "general.alignment", &Entry::key);
  if (at == entries.end()) return default_alignment;
  const auto* value = std::get_if<std::uint64_t>(&at->value);
  if (at->type != ValueType::u32 || value == nullptr || !std::has_single_bit(*value) || *value > largest_alignment) {
    return refuse("general.alignment is not a 32-bit power of two up to " + std::to_string(largest_alignment));
  }
  return *value;
}

}  // namespace

void Writer::set(Entry entry) {
  const auto at = std::ranges::find(entries_, entry.key, &Entry::key);
  if (at == entries_.end()) {
    entries_.push_back(std::move(entry));
  } else {
    *at = std::move(entry);
  }
}

void Writer::set_string(std::string key, std::string value) {
  set({.key = std::move(key), .type = ValueType::string, .value = std::move(value)});
}

void Writer::set_u32(std::string key, std::uint32_t value) {
  set({.key = std::move(key), .type = ValueType::u32, .value = std::uint64_t{value}});
}

void Writer::set_f32(std::string key, float value) {
  set({.key = std::move(key), .type = ValueType::f32, .value = double{value}});
}

void Writer::add_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                        std::function<Result<std::span<const std::byte>>()> bytes) {
  stream_tensor(std::move(name), type, std::move(shape), [bytes = std::move(bytes)](const Sink& sink) -> Status {
    const Result<std::span<const std::byte>> whole = bytes();
    if (!whole) return std::unexpected(whole.error());
    return sink(*whole);
  });
}

void Writer::stream_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                           std::function<Status(const Sink&)> produce) {
  tensors_.push_back({std::move(name), type, std::move(shape), std::move(produce)});
}

Status Writer::write(const std::filesystem::path& path) const {
  return write(path, io::FileSystem::real());
}

Status Writer::write(const std::filesystem::path& path, const io::FileSystem& system) const {
  try {
    return write_checked(path, system);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory, "not enough memory to write it", path.string());
  }
}

Status Writer::write_checked(const std::filesystem::path& path, const io::FileSystem& system) const {
  const Result<std::uint64_t> alignment = chosen_alignment(entries_);
  if (!alignment) return std::unexpected(alignment.error());

  HeaderBytes header;
  header.raw("GGUF");
  header.put(std::uint32_t{3});
  header.put(static_cast<std::uint64_t>(tensors_.size()));
  header.put(static_cast<std::uint64_t>(entries_.size()));
  for (const Entry& entry : entries_) {
    if (Status status = put_entry(header, entry); !status) return status;
  }

  std::vector<std::string_view> names;
  std::vector<std::uint64_t> sizes;
  std::uint64_t data_size = 0;
  for (const Tensor& tensor : tensors_) {
    if (const char* why = unfit_tensor_name(tensor.name)) {
      return refuse("the name of tensor '" + tensor.name + "' " + why);
    }
    const std::optional<std::uint64_t> bytes = storage(tensor.type, tensor.shape);
    if (!bytes) return refuse("the shape of tensor '" + tensor.name + "' does not fit its type");
    header.put(tensor.name);
    header.put(static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::uint64_t size : tensor.shape) header.put(size);
    header.put(static_cast<std::uint32_t>(tensor.type));
    header.put(data_size);
    names.push_back(tensor.name);
    sizes.push_back(*bytes);
    if (__builtin_add_overflow(data_size, round_up(*bytes, *alignment), &data_size)) {
      return refuse("the tensors are larger than any file");
    }
  }
  if (const auto twice = NameIndex(names).duplicate()) {
    return refuse("two tensors are named '" + std::string(*twice) + "'");
  }
  if (header.size() > header_limit) return refuse("the metadata are larger than any reader takes");
  header.pad_to(round_up(header.size(), *alignment));
  std::uint64_t total = 0;
  if (__builtin_add_overflow(header.size(), data_size, &total)) return refuse("the tensors are larger than any file");

  const auto produce = [&](io::PendingFile& file) -> Status {
    if (Status status = file.write(header.bytes()); !status) return status;
    const std::vector<std::byte> zeros(static_cast<std::size_t>(*alignment));
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      std::uint64_t came = 0;
      const auto wrong_count = [&] {
        return refuse("tensor '" + tensors_[i].name + "' came with " + std::to_string(came) + " bytes instead of " +
                      std::to_string(sizes[i]));
      };
      const Status status = tensors_[i].produce([&](std::span<const std::byte> bytes) -> Status {
        came += bytes.size();
        if (came > sizes[i]) return wrong_count();
        return file.write(bytes);
      });
      if (!status) return status;
      if (came != sizes[i]) return wrong_count();
      // ggml pads the last tensor too.
      const auto padding = static_cast<std::size_t>(round_up(sizes[i], *alignment) - sizes[i]);
      if (Status padded = file.write(std::span(zeros).first(padding)); !padded) return padded;
    }
    return {};
  };
  return io::write_whole(path, total, produce, system);
}

}  // namespace mobiedit::gguf

#include "gguf/parse.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gguf/limits.h"
#include "gguf/name_index.h"

namespace mobiedit::gguf {
namespace {

constexpr const char* damaged_hint = "the file is damaged or incomplete: download it again";

/// Text from a file as it may be shown: quoted, no control characters, not endless.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 96;
  std::string out = "'";
  for (const char c : text.substr(0, longest)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out + (text.size() > longest ? "…'" : "'");
}

const char* type_text(ValueType type) {
  constexpr const char* names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                   "bool", "string", "array", "u64", "i64", "f64"};
  const auto number = static_cast<std::size_t>(type);
  return number < std::size(names) ? names[number] : "unknown";
}

/// Reads forward once. Every step returns whether it went well; the first that does not leaves its reason in `error`.
class Parser {
 public:
  Parser(std::span<const std::byte> file, const std::string& name, TypesAllowed types)
      : file_(file), name_(name), types_(types) {}

  bool run() { return preamble() && entries() && alignment() && tensors() && data_layout(); }

  Header header;
  Error error;

 private:
  bool refuse(std::string what, std::string hint = {}) {
    error = Error{ErrorCode::bad_model, std::move(what), name_, std::move(hint)};
    return false;
  }

  bool refuse_here(const std::string& what, std::string hint = {}) { return refuse(place_ + what, std::move(hint)); }

  std::size_t left() const { return std::min(file_.size(), header_limit) - at_; }

  /// Where reading has come to, for errors.
  std::string here() const { return "at byte " + std::to_string(at_); }

  /// Which element of an array is read.
  std::string element() const {
    if (element_at_.second == 0) return {};
    return "element " + std::to_string(element_at_.first) + " of " + std::to_string(element_at_.second) + ", ";
  }
  std::string room() const { return " (" + std::to_string(left()) + " bytes " + here() + ")"; }

  bool ends_early(const std::string& what, std::uint64_t bytes) {
    const std::string rest = ": " + element() + what + " of " + std::to_string(bytes) + " bytes begins " + here();
    if (file_.size() > header_limit) {
      return refuse_here(
          " reaches beyond the first " + std::to_string(header_limit >> 20) + " MiB, where metadata must end" + rest,
          damaged_hint);
    }
    return refuse_here(" reaches beyond the end of the file (" + std::to_string(file_.size()) + " bytes)" + rest,
                       damaged_hint);
  }

  template <class T>
  bool read(T& out) {
    if (left() < sizeof out) return ends_early("a number", sizeof out);
    std::memcpy(&out, file_.data() + at_, sizeof out);
    at_ += sizeof out;
    return true;
  }

  bool read_string(std::string& out) {
    std::uint64_t length = 0;
    if (!read(length)) return false;
    if (length > left()) return ends_early("a text", length);
    out.assign(reinterpret_cast<const char*>(file_.data()) + at_, static_cast<std::size_t>(length));
    at_ += static_cast<std::size_t>(length);
    return true;
  }

  bool read_boolean(bool& out) {
    std::uint8_t byte = 0;
    if (!read(byte)) return false;
    if (byte > 1)
      return refuse_here(": " + element() + "a boolean before byte " + std::to_string(at_) +
                             " is neither 0 nor 1 but " + std::to_string(byte),
                         damaged_hint);
    out = byte == 1;
    return true;
  }

  bool preamble() {
    place_ = "the header";
    char magic[4] = {};
    if (file_.size() < sizeof magic) return refuse("is too short for a GGUF file", damaged_hint);
    if (!read(magic)) return false;
    if (std::memcmp(magic, "GGUF", sizeof magic) != 0) {
      return refuse("is not a GGUF file: it begins with " + shown({magic, sizeof magic}),
                    "a model for llama.cpp, its name ending in .gguf, is wanted");
    }
    if (!read(header.version)) return false;
    if (header.version != 0 && (header.version & 0xffffu) == 0) {
      return refuse("is a GGUF file for big-endian machines", "convert or download a little-endian one");
    }
    if (header.version == 1) {
      return refuse("is of GGUF version 1, which is no longer read", "convert it again, or download a newer file");
    }
    if (header.version != 2 && header.version != 3) {
      return refuse("is of GGUF version " + std::to_string(header.version) + "; versions 2 and 3 are read",
                    header.version > 3 ? "convert it again to version 3" : damaged_hint);
    }
    if (!read(tensor_count_) || !read(entry_count_)) return false;
    // The least that an entry (13 bytes: an empty name, a type, a byte) and a tensor (32) take.
    if (entry_count_ > left() / 13) {
      return refuse(
          "claims " + std::to_string(entry_count_) + " metadata keys, more than the file has room for" + room(),
          damaged_hint);
    }
    if (tensor_count_ > left() / 32) {
      return refuse("claims " + std::to_string(tensor_count_) + " tensors, more than the file has room for" + room(),
                    damaged_hint);
    }
    return true;
  }

  bool entries() {
    header.entries.reserve(static_cast<std::size_t>(entry_count_));
    for (std::uint64_t i = 0; i < entry_count_; ++i) {
      place_ = "metadata key " + std::to_string(i + 1) + " of " + std::to_string(entry_count_);
      Entry entry{};
      if (!read_string(entry.key)) return false;
      if (const char* why = unfit_key(entry.key)) return unfit("the name of " + place_, entry.key, why, max_key_length);
      place_ = "key " + shown(entry.key);
      std::uint32_t type = 0;
      if (!read(type) || !known_value_type(type)) return false;
      entry.type = static_cast<ValueType>(type);
      if (!(entry.type == ValueType::array ? array(entry) : scalar(entry))) return false;
      header.entries.push_back(std::move(entry));
    }

    std::vector<std::string_view> names;
    names.reserve(header.entries.size());
    for (const Entry& entry : header.entries) names.push_back(entry.key);
    if (const auto name = NameIndex(names).duplicate()) return twice("key", *name, header.entries, &Entry::key);
    return true;
  }

  bool known_value_type(std::uint32_t type, const char* whose = " is") {
    if (type <= static_cast<std::uint32_t>(ValueType::f64)) return true;
    return refuse_here(
        whose + std::string(" of the unknown type ") + std::to_string(type) + ", before byte " + std::to_string(at_),
        damaged_hint);
  }

  /// `name` ends where reading has come to.
  bool unfit(const std::string& whose, std::string_view name, const char* why, std::size_t longest) {
    std::string what = whose + " " + why;
    if (name.size() > longest)
      what += " (" + std::to_string(name.size()) + " bytes; " + std::to_string(longest) + " are allowed)";
    if (!name.empty()) what += ": " + shown(name);
    return refuse(what + ", before byte " + std::to_string(at_), damaged_hint);
  }

  template <class Item>
  bool twice(const char* kind, std::string_view name, const std::vector<Item>& items, std::string Item::* member) {
    const auto is = [&](const Item& item) { return item.*member == name; };
    const auto first = std::ranges::find_if(items, is);
    const auto second = std::find_if(first + 1, items.end(), is);
    return refuse(std::string(kind) + " " + shown(name) + " is there more than once: as number " +
                      std::to_string(first - items.begin() + 1) + " and as number " +
                      std::to_string(second - items.begin() + 1) + " of " + std::to_string(items.size()),
                  damaged_hint);
  }

  template <class Stored, class Wide>
  bool number(Value& out) {
    Stored value = 0;
    if (!read(value)) return false;
    out.emplace<Wide>(static_cast<Wide>(value));
    return true;
  }

  bool scalar(Entry& entry) {
    Value& out = entry.value;
    switch (entry.type) {
      case ValueType::u8:
        return number<std::uint8_t, std::uint64_t>(out);
      case ValueType::u16:
        return number<std::uint16_t, std::uint64_t>(out);
      case ValueType::u32:
        return number<std::uint32_t, std::uint64_t>(out);
      case ValueType::u64:
        return number<std::uint64_t, std::uint64_t>(out);
      case ValueType::i8:
        return number<std::int8_t, std::int64_t>(out);
      case ValueType::i16:
        return number<std::int16_t, std::int64_t>(out);
      case ValueType::i32:
        return number<std::int32_t, std::int64_t>(out);
      case ValueType::i64:
        return number<std::int64_t, std::int64_t>(out);
      case ValueType::f32:
        return number<float, double>(out);
      case ValueType::f64:
        return number<double, double>(out);
      case ValueType::boolean: {
        bool value = false;
        if (!read_boolean(value)) return false;
        out.emplace<bool>(value);
        return true;
      }
      case ValueType::string:
        return read_string(out.emplace<std::string>());
      case ValueType::array:
        break;
    }
    return false;
  }

  bool room_for(std::uint64_t count, std::size_t smallest, ValueType type) {
    if (count <= left() / smallest) return true;
    return refuse_here(" claims " + std::to_string(count) + " elements of type " + type_text(type) +
                           ", more than the file has room for" + room(),
                       damaged_hint);
  }

  void name_element(std::size_t i, std::uint64_t count) { element_at_ = {i + 1, count}; }

  template <class Stored, class Wide>
  bool numbers(std::uint64_t count, ValueType type, Value& out) {
    if (!room_for(count, sizeof(Stored), type)) return false;
    auto& values = out.emplace<std::vector<Wide>>(static_cast<std::size_t>(count));
    for (Wide& value : values) {
      Stored stored = 0;
      if (!read(stored)) return false;
      value = static_cast<Wide>(stored);
    }
    return true;
  }

  bool array(Entry& entry) {
    std::uint32_t type = 0;
    std::uint64_t count = 0;
    if (!read(type) || !known_value_type(type, " is an array of elements") || !read(count)) return false;
    entry.element_type = static_cast<ValueType>(type);
    Value& out = entry.value;
    switch (entry.element_type) {
      case ValueType::u8:
        return numbers<std::uint8_t, std::uint64_t>(count, entry.element_type, out);
      case ValueType::u16:
        return numbers<std::uint16_t, std::uint64_t>(count, entry.element_type, out);
      case ValueType::u32:
        return numbers<std::uint32_t, std::uint64_t>(count, entry.element_type, out);
      case ValueType::u64:
        return numbers<std::uint64_t, std::uint64_t>(count, entry.element_type, out);
      case ValueType::i8:
        return numbers<std::int8_t, std::int64_t>(count, entry.element_type, out);
      case ValueType::i16:
        return numbers<std::int16_t, std::int64_t>(count, entry.element_type, out);
      case ValueType::i32:
        return numbers<std::int32_t, std::int64_t>(count, entry.element_type, out);
      case ValueType::i64:
        return numbers<std::int64_t, std::int64_t>(count, entry.element_type, out);
      case ValueType::f32:
        return numbers<float, double>(count, entry.element_type, out);
      case ValueType::f64:
        return numbers<double, double>(count, entry.element_type, out);
      case ValueType::boolean: {
        if (!room_for(count, 1, entry.element_type)) return false;
        auto& values = out.emplace<std::vector<bool>>(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < values.size(); ++i) {
          bool value = false;
          name_element(i, count);
          if (!read_boolean(value)) return false;
          values[i] = value;
        }
        element_at_ = {};
        return true;
      }
      case ValueType::string: {
        if (!room_for(count, sizeof(std::uint64_t), entry.element_type)) return false;
        auto& values = out.emplace<std::vector<std::string>>(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < values.size(); ++i) {
          name_element(i, count);
          if (!read_string(values[i])) return false;
        }
        element_at_ = {};
        return true;
      }
      case ValueType::array:
        return refuse_here(" is an array of arrays, which is not read, before byte " + std::to_string(at_),
                           "no model needs one: convert it again without this key");
    }
    return false;
  }

  bool alignment() {
    constexpr std::string_view key = "general.alignment";
    place_ = "key " + shown(key);
    for (const Entry& entry : header.entries) {
      if (entry.key != key) continue;
      if (entry.type != ValueType::u32)
        return refuse_here(std::string(" is not a 32-bit unsigned integer but of the type ") + type_text(entry.type),
                           damaged_hint);
      header.alignment = std::get<std::uint64_t>(entry.value);
      if (!std::has_single_bit(header.alignment)) {
        return refuse_here(" is " + std::to_string(header.alignment) + ", not a power of two", damaged_hint);
      }
    }
    return true;
  }

  bool tensors() {
    header.tensors.reserve(static_cast<std::size_t>(tensor_count_));
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      place_ = "tensor " + std::to_string(i + 1) + " of " + std::to_string(tensor_count_);
      // A wrong number of keys comes to light here.
      if (i == 0 && entry_count_ > 0) place_ += ", the first after key " + shown(header.entries.back().key) + ",";
      TensorInfo tensor{};
      if (!tensor_info(tensor)) return false;
      header.tensors.push_back(std::move(tensor));
    }

    std::vector<std::string_view> names;
    names.reserve(header.tensors.size());
    for (const TensorInfo& tensor : header.tensors) names.push_back(tensor.name);
    if (const auto name = NameIndex(names).duplicate())
      return twice("tensor", *name, header.tensors, &TensorInfo::name);
    return true;
  }

  /// The first `known` sizes, "32 x 2".
  static std::string sizes(const TensorInfo& tensor, std::uint32_t known) {
    std::string text;
    for (std::uint32_t i = 0; i < known; ++i) text += (i > 0 ? " x " : "") + std::to_string(tensor.shape[i]);
    return text;
  }

  bool tensor_info(TensorInfo& tensor) {
    if (!read_string(tensor.name)) return false;
    if (const char* why = unfit_tensor_name(tensor.name)) {
      return unfit("the name of " + place_, tensor.name, why, max_tensor_name_length);
    }
    place_ = "tensor " + shown(tensor.name);

    std::uint32_t dimensions = 0;
    if (!read(dimensions)) return false;
    if (dimensions < 1 || dimensions > tensor.shape.size()) {
      return refuse_here(" has " + std::to_string(dimensions) + " dimensions, before byte " + std::to_string(at_) +
                             "; 1 to 4 are allowed",
                         damaged_hint);
    }
    tensor.dimensions = static_cast<int>(dimensions);
    tensor.shape.fill(1);
    std::uint64_t values = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      if (!read(tensor.shape[i])) return false;
      if (tensor.shape[i] == 0)
        return refuse_here(" has a dimension of size zero: " + sizes(tensor, i + 1), damaged_hint);
      if (__builtin_mul_overflow(values, tensor.shape[i], &values) || values > INT64_MAX) {
        return refuse_here(" has dimensions too large for any file: " + sizes(tensor, i + 1), damaged_hint);
      }
    }

    std::uint32_t type = 0;
    if (!read(type) || !read(tensor.offset)) return false;
    tensor.type = static_cast<TensorType>(type);
    const TypeTraits* t = traits(tensor.type);
    if (t == nullptr && types_ == TypesAllowed::read_here) {
      return refuse_here(" is of the type " + type_name(tensor.type) + ", which is not supported",
                         "use a file with F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K tensors");
    }
    if (t == nullptr) {
      tensor.bytes = 0;
    } else if (tensor.shape[0] % t->block_values != 0) {
      return refuse_here(" has rows of " + std::to_string(tensor.shape[0]) + " values, not a multiple of the " +
                             std::to_string(t->block_values) + " that a block of " + std::string(t->name) + " holds",
                         damaged_hint);
    } else if (__builtin_mul_overflow(values / t->block_values, t->block_bytes, &tensor.bytes)) {
      return refuse_here(
          " has dimensions too large for any file: " + sizes(tensor, dimensions) + " of " + std::string(t->name),
          damaged_hint);
    }
    if (tensor.offset % header.alignment != 0) {
      return refuse_here(" begins at " + std::to_string(tensor.offset) + ", not a multiple of the file's alignment " +
                             std::to_string(header.alignment),
                         damaged_hint);
    }
    return true;
  }

  static std::string extent(const TensorInfo& tensor) {
    return std::to_string(tensor.offset) + " to " + std::to_string(tensor.offset + tensor.bytes - 1);
  }

  /// Offsets become those from the start of the file.
  bool data_layout() {
    const std::uint64_t begin = round_up(at_, header.alignment);
    for (TensorInfo& tensor : header.tensors) {
      std::uint64_t end = 0;
      const std::uint64_t in_data = tensor.offset;
      if (__builtin_add_overflow(tensor.offset, begin, &tensor.offset) ||
          __builtin_add_overflow(tensor.offset, tensor.bytes, &end) || end > file_.size()) {
        return refuse("tensor " + shown(tensor.name) + " (" + std::to_string(tensor.bytes) + " bytes, " +
                          std::to_string(in_data) + " after byte " + std::to_string(begin) +
                          ") reaches beyond the end of the file (" + std::to_string(file_.size()) + " bytes)",
                      damaged_hint);
      }
    }
    std::vector<const TensorInfo*> in_order;
    in_order.reserve(header.tensors.size());
    for (const TensorInfo& tensor : header.tensors) in_order.push_back(&tensor);
    std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < in_order.size(); ++i) {
      if (in_order[i - 1]->offset + in_order[i - 1]->bytes > in_order[i]->offset) {
        return refuse("tensors " + shown(in_order[i - 1]->name) + " and " + shown(in_order[i]->name) +
                          " overlap in the file: bytes " + extent(*in_order[i - 1]) + " and " + extent(*in_order[i]),
                      damaged_hint);
      }
    }
    return true;
  }

  std::span<const std::byte> file_;
  const std::string& name_;
  TypesAllowed types_;
  std::size_t at_ = 0;
  std::string place_;                                   // what is being read, for errors
  std::pair<std::uint64_t, std::uint64_t> element_at_;  // of an array, counted from 1, and their number; 0: no array
  std::uint64_t tensor_count_ = 0;
  std::uint64_t entry_count_ = 0;
};

}  // namespace

Result<Header> parse(std::span<const std::byte> file, const std::string& name, TypesAllowed types) {
  Parser parser(file, name, types);
  if (!parser.run()) return std::unexpected(std::move(parser.error));
  return std::move(parser.header);
}

}  // namespace mobiedit::gguf

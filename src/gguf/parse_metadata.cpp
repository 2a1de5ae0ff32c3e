// Metadata of a GGUF file: keys and values from its bytes.
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "gguf/cursor.h"
#include "gguf/name_index.h"
#include "gguf/parse.h"

namespace mobiedit::gguf {

const char* type_name(ValueType type) {
  constexpr const char* names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                   "bool", "string", "array", "u64", "i64", "f64"};
  const auto number = static_cast<std::size_t>(type);
  return number < std::size(names) ? names[number] : "unknown";
}

namespace {

class MetadataParser {
 public:
  MetadataParser(Cursor& cursor, std::uint64_t count, Header& header)
      : cursor_(cursor), count_(count), entries_(header.entries), alignment_(header.alignment) {}

  bool entries() {
    entries_.reserve(static_cast<std::size_t>(count_));
    for (std::uint64_t i = 0; i < count_; ++i) {
      cursor_.place = "metadata key " + std::to_string(i + 1) + " of " + std::to_string(count_);
      Entry entry{};
      if (!cursor_.read_string(entry.key)) return false;
      if (const char* why = unfit_key(entry.key))
        return cursor_.unfit("the name of " + cursor_.place, entry.key, why, max_key_length);
      cursor_.place = "key " + shown(entry.key);
      std::uint32_t type = 0;
      if (!cursor_.read(type) || !known_value_type(type)) return false;
      entry.type = static_cast<ValueType>(type);
      if (!(entry.type == ValueType::array ? array(entry) : scalar(entry))) return false;
      entries_.push_back(std::move(entry));
    }

    std::vector<std::string_view> names;
    names.reserve(entries_.size());
    for (const Entry& entry : entries_) names.push_back(entry.key);
    if (const auto name = NameIndex(names).duplicate()) return cursor_.twice("key", *name, entries_, &Entry::key);
    return true;
  }

  bool alignment() {
    constexpr std::string_view key = "general.alignment";
    cursor_.place = "key " + shown(key);
    for (const Entry& entry : entries_) {
      if (entry.key != key) continue;
      if (entry.type != ValueType::u32)
        return cursor_.refuse_here(
            errors::alignment,
            std::string(" is not a 32-bit unsigned integer but of the type ") + type_name(entry.type), damaged_hint);
      alignment_ = std::get<std::uint64_t>(entry.value);
      if (!std::has_single_bit(alignment_)) {
        return cursor_.refuse_here(errors::alignment, " is " + std::to_string(alignment_) + ", not a power of two",
                                   damaged_hint);
      }
    }
    return true;
  }

 private:
  bool known_value_type(std::uint32_t type, const char* whose = " is") {
    if (type <= static_cast<std::uint32_t>(ValueType::f64)) return true;
    return cursor_.refuse_here(errors::value_type,
                               whose + std::string(" of the unknown type ") + std::to_string(type) + ", before byte " +
                                   std::to_string(cursor_.at()),
                               damaged_hint);
  }

  template <class Stored, class Wide>
  bool number(Value& out) {
    Stored value = 0;
    if (!cursor_.read(value)) return false;
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
        if (!cursor_.read_boolean(value)) return false;
        out.emplace<bool>(value);
        return true;
      }
      case ValueType::string:
        return cursor_.read_string(out.emplace<std::string>());
      case ValueType::array:
        break;
    }
    return false;
  }

  bool room_for(std::uint64_t count, std::size_t smallest, ValueType type) {
    if (count <= cursor_.left() / smallest) return true;
    return cursor_.refuse_here(errors::count,
                               " claims " + std::to_string(count) + " elements of type " + type_name(type) +
                                   ", more than the file has room for" + cursor_.room(),
                               damaged_hint);
  }

  void name_element(std::size_t i, std::uint64_t count) { cursor_.element = {i + 1, count}; }

  template <class Stored, class Wide>
  bool numbers(std::uint64_t count, ValueType type, Value& out) {
    if (!room_for(count, sizeof(Stored), type)) return false;
    auto& values = out.emplace<std::vector<Wide>>(static_cast<std::size_t>(count));
    for (Wide& value : values) {
      Stored stored = 0;
      if (!cursor_.read(stored)) return false;
      value = static_cast<Wide>(stored);
    }
    return true;
  }

  bool array(Entry& entry) {
    std::uint32_t type = 0;
    std::uint64_t count = 0;
    if (!cursor_.read(type) || !known_value_type(type, " is an array of elements") || !cursor_.read(count))
      return false;
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
          if (!cursor_.read_boolean(value)) return false;
          values[i] = value;
        }
        cursor_.element = {};
        return true;
      }
      case ValueType::string: {
        if (!room_for(count, sizeof(std::uint64_t), entry.element_type)) return false;
        auto& values = out.emplace<std::vector<std::string>>(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < values.size(); ++i) {
          name_element(i, count);
          if (!cursor_.read_string(values[i])) return false;
        }
        cursor_.element = {};
        return true;
      }
      case ValueType::array:
        return cursor_.refuse_here(
            errors::value_type,
            " is an array of arrays, which is not read, before byte " + std::to_string(cursor_.at()),
            "no model needs one: convert it again without this key");
    }
    return false;
  }

  Cursor& cursor_;
  std::uint64_t count_;
  std::vector<Entry>& entries_;
  std::uint64_t& alignment_;
};

}  // namespace

bool parse_metadata(Cursor& cursor, std::uint64_t count, Header& header) {
  MetadataParser parser(cursor, count, header);
  return parser.entries() && parser.alignment();
}

}  // namespace mobiedit::gguf

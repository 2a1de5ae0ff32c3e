// Small GGUF files made byte by byte, without the library's own writer, so that every field can be wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace mobiedit::gguf::testing {

/// Appends little-endian fields as the format has them.
class Bytes {
 public:
  template <class T>
  Bytes& put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
  }
  Bytes& u8(std::uint8_t value) { return put(value); }
  Bytes& u32(std::uint32_t value) { return put(value); }
  Bytes& u64(std::uint64_t value) { return put(value); }
  Bytes& text(std::string_view value) {
    u64(value.size());
    return raw(value);
  }
  Bytes& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  Bytes& pad(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_ += '\0';
    return *this;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

struct SampleTensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint32_t type;
  std::uint64_t offset;
};

/// A file from its parts; counts and dimension counts follow the parts unless they are set.
struct SampleFile {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::vector<std::string> entries;  ///< key, type and value, already as bytes
  std::vector<SampleTensor> tensors;
  std::uint64_t alignment = 32;
  std::size_t data_bytes = 0;
  std::int64_t extra_tensors = 0;  ///< claimed but not there
  std::int64_t extra_entries = 0;
  std::int64_t extra_dimensions = 0;

  [[nodiscard]] std::string bytes() const {
    Bytes out;
    out.raw(magic).u32(version);
    out.u64(tensors.size() + static_cast<std::uint64_t>(extra_tensors));
    out.u64(entries.size() + static_cast<std::uint64_t>(extra_entries));
    for (const std::string& entry : entries) out.raw(entry);
    for (const SampleTensor& tensor : tensors) {
      out.text(tensor.name);
      out.u32(static_cast<std::uint32_t>(tensor.shape.size()) + static_cast<std::uint32_t>(extra_dimensions));
      for (const std::uint64_t size : tensor.shape) out.u64(size);
      out.u32(tensor.type).u64(tensor.offset);
    }
    if (!tensors.empty()) out.pad(alignment);
    for (std::size_t i = 0; i < data_bytes; ++i) out.u8(static_cast<std::uint8_t>(i * 7 + 1));
    return out.str();
  }
};

inline std::string entry(std::string_view key, std::uint32_t type, const Bytes& value) {
  return Bytes().text(key).u32(type).raw(value.str()).str();
}
inline std::string string_entry(std::string_view key, std::string_view value) {
  return entry(key, 8, Bytes().text(value));
}
inline std::string u32_entry(std::string_view key, std::uint32_t value) {
  return entry(key, 4, Bytes().u32(value));
}

/// A key of each kind, and an F32, an F16 and a Q8_0 tensor; the data end with the last tensor.
inline SampleFile good_sample() {
  SampleFile file;
  file.entries.push_back(string_entry("general.architecture", "llama"));
  file.entries.push_back(u32_entry("llama.block_count", 2));
  file.entries.push_back(entry("some.i8", 1, Bytes().put(std::int8_t{-5})));
  file.entries.push_back(entry("some.u8", 0, Bytes().u8(200)));
  file.entries.push_back(entry("some.u16", 2, Bytes().put(std::uint16_t{60000})));
  file.entries.push_back(entry("some.i16", 3, Bytes().put(std::int16_t{-300})));
  file.entries.push_back(entry("some.i32", 5, Bytes().put(std::int32_t{70000})));
  file.entries.push_back(entry("some.f32", 6, Bytes().put(0.5f)));
  file.entries.push_back(entry("some.true", 7, Bytes().u8(1)));
  file.entries.push_back(entry("some.u64", 10, Bytes().u64(1ull << 40)));
  file.entries.push_back(entry("some.i64", 11, Bytes().put(std::int64_t{-(1ll << 40)})));
  file.entries.push_back(entry("some.f64", 12, Bytes().put(0.25)));
  file.entries.push_back(entry("words", 9, Bytes().u32(8).u64(3).text("a").text("").text("ccc")));
  file.entries.push_back(entry("scores", 9, Bytes().u32(6).u64(2).put(1.5f).put(-2.0f)));
  file.entries.push_back(entry("types", 9, Bytes().u32(5).u64(2).put(std::int32_t{1}).put(std::int32_t{-3})));
  file.entries.push_back(entry("flags", 9, Bytes().u32(7).u64(2).u8(0).u8(1)));
  file.entries.push_back(entry("nothing", 9, Bytes().u32(4).u64(0)));
  file.tensors.push_back({"norm.weight", {6}, 0, 0});               // F32, 24 bytes
  file.tensors.push_back({"half.weight", {4, 3, 2, 1}, 1, 32});     // F16, 48 bytes
  file.tensors.push_back({"blk.0.attn_q.weight", {32, 2}, 8, 96});  // Q8_0, 68 bytes
  file.data_bytes = 96 + 68;
  return file;
}

}  // namespace mobiedit::gguf::testing

// GGUF file: its metadata and where its tensors lie. Nothing here knows the meaning of keys and tensors.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {

/// A metadata value. Integers of any width are widened to 64 bits, so that readers need not care.
using Value = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, std::vector<std::uint64_t>,
                           std::vector<std::int64_t>, std::vector<double>, std::vector<bool>, std::vector<std::string>>;

/// Type codes of the format, held so that a file can be written again as it was.
enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

/// The short name of a value type: "u32", "string"; "unknown" for a number that is none.
[[nodiscard]] const char* type_name(ValueType type);

struct Entry {
  std::string key;
  ValueType type;                          ///< `array` for arrays
  ValueType element_type = ValueType::u8;  ///< type of an array's elements; else unused
  Value value;
};

struct TensorInfo {
  std::string name;
  TensorType type;
  int dimensions;                      ///< 1 to 4
  std::array<std::uint64_t, 4> shape;  ///< shape[0] varies fastest (the row length); unused ones are 1
  std::uint64_t offset;                ///< bytes from the start of its file
  std::uint64_t bytes;                 ///< 0 for a type that is not read
  std::uint32_t piece = 0;             ///< index of its file, in a split model

  [[nodiscard]] std::uint64_t columns() const { return shape[0]; }
  [[nodiscard]] std::uint64_t rows() const { return shape[1] * shape[2] * shape[3]; }
};

enum class TypesAllowed {
  read_here,
  any,  ///< also types that are not read, to look at a file: such a tensor has a name, a shape and a place, but no data
};

/// A file that is open for reading and memory-mapped. Immutable; may be shared between threads. Everything that the
/// accessors return is borrowed from it. Opening checks every size, offset, count, type and name before use: a File
/// that exists is well formed, and no tensor reaches outside the mapping or overlaps another.
///
/// A split model (NAME-00001-of-00003.gguf) is opened by its first piece and reads as one file: it has the metadata of
/// the first, without the keys of the split, and the tensors of all.
class File {
 public:
  /// Errors: io (cannot be opened or mapped, a piece is missing), bad_model (not GGUF, truncated, damaged, of an
  /// unknown tensor type, a later piece of a split model, a piece that belongs to another model).
  [[nodiscard]] static Result<File> open(const std::filesystem::path& path,
                                         TypesAllowed types = TypesAllowed::read_here);

  File(File&&) noexcept;
  File& operator=(File&&) noexcept;
  ~File();

  /// Number of files: 1, or the pieces of a split model. `piece` below counts them from 0.
  [[nodiscard]] std::size_t pieces() const;
  [[nodiscard]] const std::filesystem::path& path(std::size_t piece = 0) const;
  /// Tells whether `path` leads to one of the files, by whatever name. A path that leads nowhere does not.
  /// Errors: io.
  [[nodiscard]] Result<bool> is_at(const std::filesystem::path& path) const;
  [[nodiscard]] std::uint32_t version() const;
  [[nodiscard]] std::uint64_t size() const;  ///< bytes of all files
  [[nodiscard]] std::span<const Entry> metadata() const;
  [[nodiscard]] std::span<const TensorInfo> tensors() const;
  [[nodiscard]] std::uint64_t alignment() const;

  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] const TensorInfo* find_tensor(std::string_view name) const;
  [[nodiscard]] std::span<const std::byte> data(const TensorInfo& tensor) const;
  /// Maps all of a file, for hashing and copying.
  [[nodiscard]] std::span<const std::byte> bytes(std::size_t piece = 0) const;
  /// Tells the system that these pages need not stay in memory; they are read again when touched.
  void release_pages(const TensorInfo& tensor) const;
  /// Releases a part of what `data` or `bytes` gave.
  void release_pages(std::span<const std::byte> part) const;

  /// Fails unless every path still leads to its file, of the size and time of change as when it was opened.
  /// Errors: io, naming the path.
  [[nodiscard]] Status unchanged() const;

  // Typed look-ups. A missing key gives nullopt; a key of the wrong type is a bad_model error that names it. An array
  // of equal numbers counts as that number: some files say a size once per layer. Unequal ones are an error.
  [[nodiscard]] Result<std::optional<std::uint64_t>> integer(std::string_view key) const;  ///< any non-negative integer
  [[nodiscard]] Result<std::optional<double>> number(std::string_view key) const;          ///< any number
  [[nodiscard]] Result<std::optional<bool>> boolean(std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::string>> string(std::string_view key) const;

 private:
  struct Contents;
  explicit File(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace mobiedit::gguf

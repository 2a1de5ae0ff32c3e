// Tensor table of a GGUF file: names, shapes, types and places from its bytes.
#include <algorithm>
#include <string_view>
#include <utility>

#include "gguf/cursor.h"
#include "gguf/name_index.h"
#include "gguf/parse.h"

namespace mobiedit::gguf {
namespace {

class TensorParser {
 public:
  TensorParser(Cursor& cursor, std::uint64_t count, TypesAllowed allowed, Header& header)
      : cursor_(cursor),
        count_(count),
        allowed_(allowed),
        alignment_(header.alignment),
        entries_(header.entries),
        tensors_(header.tensors) {}

  bool tensors() {
    tensors_.reserve(static_cast<std::size_t>(count_));
    for (std::uint64_t i = 0; i < count_; ++i) {
      cursor_.place = "tensor " + std::to_string(i + 1) + " of " + std::to_string(count_);
      // A wrong number of keys shows here: the first tensor does not parse.
      if (i == 0 && entries_.size() > 0) cursor_.place += ", the first after key " + shown(entries_.back().key) + ",";
      TensorInfo tensor{};
      if (!tensor_info(tensor)) return false;
      tensors_.push_back(std::move(tensor));
    }

    std::vector<std::string_view> names;
    names.reserve(tensors_.size());
    for (const TensorInfo& tensor : tensors_) names.push_back(tensor.name);
    if (const auto name = NameIndex(names).duplicate())
      return cursor_.twice("tensor", *name, tensors_, &TensorInfo::name);
    return true;
  }

  /// Turns offsets into those from the start of the file, and checks that no two tensors overlap.
  bool data_layout() {
    const std::uint64_t begin = round_up(cursor_.at(), alignment_);
    for (TensorInfo& tensor : tensors_) {
      std::uint64_t end = 0;
      const std::uint64_t in_data = tensor.offset;
      if (__builtin_add_overflow(tensor.offset, begin, &tensor.offset) ||
          __builtin_add_overflow(tensor.offset, tensor.bytes, &end) || end > cursor_.file().size()) {
        return cursor_.refuse(errors::truncated,
                              "tensor " + shown(tensor.name) + " (" + std::to_string(tensor.bytes) + " bytes, " +
                                  std::to_string(in_data) + " after byte " + std::to_string(begin) +
                                  ") reaches beyond the end of the file (" + std::to_string(cursor_.file().size()) +
                                  " bytes)",
                              damaged_hint);
      }
    }
    std::vector<const TensorInfo*> in_order;
    in_order.reserve(tensors_.size());
    for (const TensorInfo& tensor : tensors_) in_order.push_back(&tensor);
    std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < in_order.size(); ++i) {
      if (in_order[i - 1]->offset + in_order[i - 1]->bytes > in_order[i]->offset) {
        return cursor_.refuse(errors::overlap,
                              "tensors " + shown(in_order[i - 1]->name) + " and " + shown(in_order[i]->name) +
                                  " overlap in the file: bytes " + extent(*in_order[i - 1]) + " and " +
                                  extent(*in_order[i]),
                              damaged_hint);
      }
    }
    return true;
  }

 private:
  /// Formats the first `known` sizes: "32 x 2".
  static std::string sizes(const TensorInfo& tensor, std::uint32_t known) {
    std::string text;
    for (std::uint32_t i = 0; i < known; ++i) text += (i > 0 ? " x " : "") + std::to_string(tensor.shape[i]);
    return text;
  }

  bool tensor_info(TensorInfo& tensor) {
    if (!cursor_.read_string(tensor.name)) return false;
    if (const char* why = unfit_tensor_name(tensor.name)) {
      return cursor_.unfit("the name of " + cursor_.place, tensor.name, why, max_tensor_name_length);
    }
    cursor_.place = "tensor " + shown(tensor.name);

    std::uint32_t dimensions = 0;
    if (!cursor_.read(dimensions)) return false;
    if (dimensions < 1 || dimensions > tensor.shape.size()) {
      return cursor_.refuse_here(errors::shape,
                                 " has " + std::to_string(dimensions) + " dimensions, before byte " +
                                     std::to_string(cursor_.at()) + "; 1 to 4 are allowed",
                                 damaged_hint);
    }
    tensor.dimensions = static_cast<int>(dimensions);
    tensor.shape.fill(1);
    std::uint64_t values = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      if (!cursor_.read(tensor.shape[i])) return false;
      if (tensor.shape[i] == 0)
        return cursor_.refuse_here(errors::shape, " has a dimension of size zero: " + sizes(tensor, i + 1),
                                   damaged_hint);
      if (__builtin_mul_overflow(values, tensor.shape[i], &values) || values > INT64_MAX) {
        return cursor_.refuse_here(errors::shape, " has dimensions too large for any file: " + sizes(tensor, i + 1),
                                   damaged_hint);
      }
    }

    std::uint32_t type = 0;
    if (!cursor_.read(type) || !cursor_.read(tensor.offset)) return false;
    tensor.type = static_cast<TensorType>(type);
    const TypeTraits* t = traits(tensor.type);
    if (t == nullptr && allowed_ == TypesAllowed::read_here) {
      return cursor_.refuse_here(errors::tensor_type,
                                 " is of the type " + type_name(tensor.type) + ", which is not supported",
                                 "use a file with tensors of the types " + readable_types());
    }
    if (t == nullptr) {
      tensor.bytes = 0;
    } else if (tensor.shape[0] % t->block_values != 0) {
      return cursor_.refuse_here(errors::shape,
                                 " has rows of " + std::to_string(tensor.shape[0]) + " values, not a multiple of the " +
                                     std::to_string(t->block_values) + " that a block of " + std::string(t->name) +
                                     " holds",
                                 damaged_hint);
    } else if (__builtin_mul_overflow(values / t->block_values, t->block_bytes, &tensor.bytes)) {
      return cursor_.refuse_here(
          errors::shape,
          " has dimensions too large for any file: " + sizes(tensor, dimensions) + " of " + std::string(t->name),
          damaged_hint);
    }
    if (tensor.offset % alignment_ != 0) {
      return cursor_.refuse_here(errors::alignment,
                                 " begins at " + std::to_string(tensor.offset) +
                                     ", not a multiple of the file's alignment " + std::to_string(alignment_),
                                 damaged_hint);
    }
    return true;
  }

  static std::string extent(const TensorInfo& tensor) {
    return std::to_string(tensor.offset) + " to " + std::to_string(tensor.offset + tensor.bytes - 1);
  }

  Cursor& cursor_;
  std::uint64_t count_;
  TypesAllowed allowed_;
  std::uint64_t alignment_;
  const std::vector<Entry>& entries_;
  std::vector<TensorInfo>& tensors_;
};

}  // namespace

bool parse_tensors(Cursor& cursor, std::uint64_t count, TypesAllowed allowed, Header& header) {
  TensorParser parser(cursor, count, allowed, header);
  return parser.tensors() && parser.data_layout();
}

}  // namespace mobiedit::gguf

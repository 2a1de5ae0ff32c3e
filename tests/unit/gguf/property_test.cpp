// GGUF: a written file reads back as it was, and no damage to a file makes the reader read outside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "mobiedit/gguf/writer.h"
#include "unit/gguf/sample_file.h"
#include "unit/properties.h"
#include "unit/temporary_folder.h"

namespace mobiedit::gguf {
namespace {

const bool cases_chosen = test::try_cases(50);  // every file is synced to the disk

/// A number that type T holds, as the reader widens it to Wide.
template <class T, class Wide>
Wide widened() {
  return static_cast<Wide>(*rc::gen::arbitrary<T>());
}

template <class Wide, class Make>
std::vector<Wide> some(Make make) {
  std::vector<Wide> values;
  for (int left = *rc::gen::inRange(0, 5); left > 0; --left) values.push_back(make());
  return values;
}

/// Quarters: floats hold them exactly.
double quarter() {
  return *rc::gen::inRange(-1'000'000, 1'000'000) / 4.0;
}

Value scalar_of(ValueType type) {
  switch (type) {
    case ValueType::u8:
      return widened<std::uint8_t, std::uint64_t>();
    case ValueType::i8:
      return widened<std::int8_t, std::int64_t>();
    case ValueType::u16:
      return widened<std::uint16_t, std::uint64_t>();
    case ValueType::i16:
      return widened<std::int16_t, std::int64_t>();
    case ValueType::u32:
      return widened<std::uint32_t, std::uint64_t>();
    case ValueType::i32:
      return widened<std::int32_t, std::int64_t>();
    case ValueType::u64:
      return widened<std::uint64_t, std::uint64_t>();
    case ValueType::i64:
      return widened<std::int64_t, std::int64_t>();
    case ValueType::boolean:
      return *rc::gen::arbitrary<bool>();
    case ValueType::string:
      return *rc::gen::arbitrary<std::string>();
    default:
      return quarter();
  }
}

Value array_of(ValueType element) {
  const auto collect = [&]<class T>(T) { return Value(some<T>([&] { return std::get<T>(scalar_of(element)); })); };
  switch (element) {
    case ValueType::u8:
    case ValueType::u16:
    case ValueType::u32:
    case ValueType::u64:
      return collect(std::uint64_t{});
    case ValueType::i8:
    case ValueType::i16:
    case ValueType::i32:
    case ValueType::i64:
      return collect(std::int64_t{});
    case ValueType::boolean:
      return collect(bool{});
    case ValueType::string:
      return collect(std::string{});
    default:
      return collect(double{});
  }
}

Entry any_entry(std::string key) {
  const auto type = static_cast<ValueType>(*rc::gen::inRange(0, 13));
  if (type != ValueType::array) return {std::move(key), type, ValueType::u8, scalar_of(type)};
  auto element = static_cast<ValueType>(*rc::gen::inRange(0, 12));
  if (element == ValueType::array) element = ValueType::f64;
  return {std::move(key), type, element, array_of(element)};
}

struct MadeTensor {
  std::string name;
  TensorType type;
  std::vector<std::uint64_t> shape;
  std::vector<std::byte> bytes;
};

MadeTensor any_tensor(std::string name) {
  MadeTensor tensor;
  tensor.name = std::move(name);
  tensor.type = *rc::gen::element(TensorType::f32, TensorType::f16, TensorType::q4_0, TensorType::q8_0);
  const auto columns = static_cast<std::size_t>(*rc::gen::inRange(1, 4)) * traits(tensor.type)->block_values;
  tensor.shape = {columns};
  std::size_t rows = 1;
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
    tensor.shape.push_back(static_cast<std::uint64_t>(*rc::gen::inRange(1, 4)));
    rows *= tensor.shape.back();
  }
  Random random(rows);
  tensor.bytes.resize(row_bytes(tensor.type, columns) * rows);
  for (std::byte& b : tensor.bytes) b = static_cast<std::byte>(random.below(256));
  return tensor;
}

std::vector<std::string> different_words() {
  return *rc::gen::resize(5, rc::gen::unique<std::vector<std::string>>(test::word()));
}

RC_GTEST_PROP(GgufProperties, AWrittenFileReadsBackAsItWas, ()) {
  std::vector<Entry> entries;
  for (std::string& key : different_words()) entries.push_back(any_entry(std::move(key)));
  std::vector<MadeTensor> tensors;
  for (std::string& name : different_words()) tensors.push_back(any_tensor(std::move(name)));

  Writer writer;
  for (const Entry& entry : entries) writer.set(entry);
  for (const MadeTensor& tensor : tensors)
    writer.add_tensor(tensor.name, tensor.type, tensor.shape,
                      [&tensor]() -> Result<std::span<const std::byte>> { return std::span(tensor.bytes); });
  const TemporaryFolder folder;
  const auto written = writer.write(folder / "made.gguf");
  if (!written) RC_FAIL(written.error().message());
  const auto file = File::open(folder / "made.gguf");
  if (!file) RC_FAIL(file.error().message());

  RC_ASSERT(file->metadata().size() == entries.size());
  for (const Entry& entry : entries) {
    const Entry* read = file->find(entry.key);
    RC_ASSERT(read != nullptr);
    RC_ASSERT(read->type == entry.type);
    if (entry.type == ValueType::array) RC_ASSERT(read->element_type == entry.element_type);
    RC_ASSERT(read->value == entry.value);
  }
  RC_ASSERT(file->tensors().size() == tensors.size());
  for (const MadeTensor& tensor : tensors) {
    const TensorInfo* read = file->find_tensor(tensor.name);
    RC_ASSERT(read != nullptr);
    RC_ASSERT(read->type == tensor.type);
    RC_ASSERT(static_cast<std::size_t>(read->dimensions) == tensor.shape.size());
    RC_ASSERT(std::equal(tensor.shape.begin(), tensor.shape.end(), read->shape.begin()));
    RC_ASSERT(std::ranges::equal(file->data(*read), tensor.bytes));
  }
}

RC_GTEST_PROP(GgufProperties, ADamagedFileIsRefusedOrStaysWithinItself, ()) {
  std::string bytes = testing::good_sample().bytes();
  // RapidCheck's small cases keep to the lower end of a range; damage may be anywhere.
  const auto anywhere = rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, static_cast<int>(bytes.size())));
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left)
    bytes[static_cast<std::size_t>(*anywhere)] = *rc::gen::arbitrary<char>();
  if (*rc::gen::arbitrary<bool>()) bytes.resize(static_cast<std::size_t>(*anywhere));

  const TemporaryFolder folder;
  const auto file = File::open(folder.write("damaged.gguf", bytes));
  if (!file) {
    RC_ASSERT(file.error().code == ErrorCode::bad_model);
    RC_ASSERT(!file.error().message().empty());
    return;
  }
  const auto whole = file->bytes();
  for (const TensorInfo& tensor : file->tensors()) {
    const auto data = file->data(tensor);
    RC_ASSERT(data.data() >= whole.data());
    RC_ASSERT(data.data() + data.size() <= whole.data() + whole.size());
    RC_ASSERT(data.size() == tensor.bytes);
  }
}

}  // namespace
}  // namespace mobiedit::gguf

#include "mobiedit/gguf/writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "io/file_system.h"
#include "sample_file.h"
#include "unit/temporary_folder.h"

namespace mobiedit::gguf {
namespace {

using testing::good_sample;

std::function<Result<std::span<const std::byte>>()> giving(std::span<const std::byte> bytes) {
  return [bytes]() -> Result<std::span<const std::byte>> { return bytes; };
}

Writer copy_of(const File& file) {
  Writer writer;
  for (const Entry& entry : file.metadata()) writer.set(entry);
  for (const TensorInfo& tensor : file.tensors()) {
    writer.add_tensor(tensor.name, tensor.type, {tensor.shape.begin(), tensor.shape.begin() + tensor.dimensions},
                      giving(file.data(tensor)));
  }
  return writer;
}

void expect_same(const File& a, const File& b) {
  ASSERT_EQ(a.metadata().size(), b.metadata().size());
  for (std::size_t i = 0; i < a.metadata().size(); ++i) {
    EXPECT_EQ(a.metadata()[i].key, b.metadata()[i].key);
    EXPECT_EQ(a.metadata()[i].type, b.metadata()[i].type) << a.metadata()[i].key;
    EXPECT_EQ(a.metadata()[i].element_type, b.metadata()[i].element_type) << a.metadata()[i].key;
    EXPECT_EQ(a.metadata()[i].value, b.metadata()[i].value) << a.metadata()[i].key;
  }
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (std::size_t i = 0; i < a.tensors().size(); ++i) {
    const TensorInfo& first = a.tensors()[i];
    const TensorInfo& second = b.tensors()[i];
    EXPECT_EQ(first.name, second.name);
    EXPECT_EQ(first.type, second.type);
    EXPECT_EQ(first.dimensions, second.dimensions);
    EXPECT_EQ(first.shape, second.shape);
    EXPECT_TRUE(std::ranges::equal(a.data(first), b.data(second))) << first.name;
  }
}

TEST(Writer, ACopyReadsTheSame) {
  const TemporaryFolder folder;
  const auto file = File::open(folder.write("good.gguf", good_sample().bytes()));
  ASSERT_TRUE(file) << file.error().message();
  const Status status = copy_of(*file).write(folder / "copy.gguf");
  ASSERT_TRUE(status) << status.error().message();
  const auto copy = File::open(folder / "copy.gguf");
  ASSERT_TRUE(copy) << copy.error().message();
  expect_same(*file, *copy);
  EXPECT_EQ(copy->size() % 32, 0u) << "the last tensor is padded too";
  EXPECT_EQ(copy->version(), 3u);
}

TEST(Writer, WritesTheBytesThatTheFormatAsksFor) {
  const TemporaryFolder folder;
  const auto file = File::open(folder.write("good.gguf", good_sample().bytes()));
  ASSERT_TRUE(file) << file.error().message();
  // The sample has no alignment padding of its own making but between tensors, where it has other bytes.
  auto sample = good_sample();
  std::string expected = sample.bytes();
  const std::size_t data = expected.size() - sample.data_bytes;
  const auto zero = [&](std::size_t begin, std::size_t end) {
    std::fill(expected.begin() + static_cast<std::ptrdiff_t>(data + begin),
              expected.begin() + static_cast<std::ptrdiff_t>(data + end), '\0');
  };
  zero(24, 32);
  zero(32 + 48, 96);
  expected.resize(data + 96 + 96, '\0');
  ASSERT_TRUE(copy_of(*file).write(folder / "copy.gguf"));
  const auto copy = File::open(folder / "copy.gguf");
  ASSERT_TRUE(copy);
  EXPECT_TRUE(std::ranges::equal(copy->bytes(), std::as_bytes(std::span(expected))));
}

// Property: whatever random file is written reads back as it was.
TEST(Writer, RandomFilesComeBack) {
  const TemporaryFolder folder;
  Random random(11);
  const TensorType types[] = {TensorType::f32, TensorType::f16, TensorType::q8_0, TensorType::q4_k, TensorType::bf16};
  for (int round = 0; round < 60; ++round) {
    Writer writer;
    std::vector<std::vector<std::byte>> data(random.below(8));
    std::vector<std::string> strings(random.below(20));
    for (std::string& text : strings) {
      text.resize(random.below(40));
      for (char& c : text) c = static_cast<char>(random.below(256));
    }
    std::vector<std::int64_t> integers(random.below(20));
    for (auto& value : integers) value = static_cast<std::int8_t>(random.below(256));
    std::vector<double> floats(random.below(20));
    for (auto& value : floats) value = static_cast<float>(random.normal());
    writer.set({"strings", ValueType::array, ValueType::string, strings});
    writer.set({"bytes", ValueType::array, ValueType::i8, integers});
    writer.set({"floats", ValueType::array, ValueType::f32, floats});
    writer.set_string("text", "old");
    writer.set_u32("number", static_cast<std::uint32_t>(random.bits()));
    writer.set_f32("ratio", 0.1f);
    writer.set_string("text", "new");
    if (round % 3 == 0) writer.set_u32("general.alignment", 8u << random.below(6));
    for (std::size_t i = 0; i < data.size(); ++i) {
      const TensorType type = types[random.below(std::size(types))];
      std::vector<std::uint64_t> shape{traits(type)->block_values * (1 + random.below(3))};
      while (shape.size() < 4 && random.below(2) == 0) shape.push_back(1 + random.below(4));
      std::size_t rows = 1;
      for (std::size_t d = 1; d < shape.size(); ++d) rows *= shape[d];
      data[i].resize(row_bytes(type, shape[0]) * rows);
      for (std::byte& byte : data[i]) byte = static_cast<std::byte>(random.below(256));
      writer.add_tensor("tensor." + std::to_string(i), type, shape, giving(data[i]));
    }
    const Status status = writer.write(folder / "random.gguf");
    ASSERT_TRUE(status) << status.error().message();
    const auto file = File::open(folder / "random.gguf");
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(std::get<std::vector<std::string>>(file->find("strings")->value), strings);
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(file->find("bytes")->value), integers);
    EXPECT_EQ(std::get<std::vector<double>>(file->find("floats")->value), floats);
    EXPECT_EQ(**file->string("text"), "new");
    EXPECT_EQ(**file->number("ratio"), static_cast<double>(0.1f));
    ASSERT_EQ(file->tensors().size(), data.size());
    for (std::size_t i = 0; i < data.size(); ++i) {
      EXPECT_TRUE(std::ranges::equal(file->data(file->tensors()[i]), data[i])) << i;
    }
  }
}

TEST(Writer, AFileWithoutTensorsIsAFile) {
  const TemporaryFolder folder;
  Writer writer;
  writer.set_string("general.type", "vocabulary");
  ASSERT_TRUE(writer.write(folder / "v.gguf"));
  EXPECT_TRUE(File::open(folder / "v.gguf").value().tensors().empty());
}

TEST(Writer, RefusesWhatWouldNotReadBack) {
  const TemporaryFolder folder;
  const std::vector<std::byte> bytes(128);
  const auto refused = [&](const Writer& writer, const char* word) {
    const Status status = writer.write(folder / "bad.gguf");
    if (status) return ::testing::AssertionFailure() << "it was written";
    if (status.error().code != ErrorCode::usage || status.error().what.find(word) == std::string::npos) {
      return ::testing::AssertionFailure() << status.error().message();
    }
    if (!std::filesystem::is_empty(folder.path())) return ::testing::AssertionFailure() << "something was left";
    return ::testing::AssertionSuccess();
  };
  const auto tensor = [&](std::string name, TensorType type, std::vector<std::uint64_t> shape) {
    Writer writer;
    writer.add_tensor(std::move(name), type, std::move(shape), giving(bytes));
    return writer;
  };
  const auto entry = [](Entry e) {
    Writer writer;
    writer.set(std::move(e));
    return writer;
  };
  EXPECT_TRUE(refused(tensor("t", TensorType::f32, {}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", TensorType::f32, {1, 1, 1, 1, 32}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", TensorType::f32, {0, 32}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", TensorType::q8_0, {33}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", TensorType::f32, {1ull << 40, 1ull << 40}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", TensorType::f32, {1ull << 62}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", static_cast<TensorType>(99), {32}), "'t'"));
  EXPECT_TRUE(refused(tensor("t", TensorType::f32, {31}), "128 bytes instead of 124"));
  EXPECT_TRUE(refused(tensor("", TensorType::f32, {32}), "is empty"));
  EXPECT_TRUE(refused(tensor(std::string(64, 'n'), TensorType::f32, {32}), "is too long"));
  EXPECT_TRUE(refused(tensor(std::string("a\0b", 3), TensorType::f32, {32}), "zero byte"));
  Writer twice = tensor("t", TensorType::f32, {32});
  twice.add_tensor("t", TensorType::f32, {32}, giving(bytes));
  EXPECT_TRUE(refused(twice, "two tensors are named 't'"));

  EXPECT_TRUE(refused(entry({"", ValueType::u8, ValueType::u8, std::uint64_t{1}}), "is empty"));
  EXPECT_TRUE(refused(entry({"k", ValueType::u8, ValueType::u8, std::uint64_t{256}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::i16, ValueType::u8, std::int64_t{-32769}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::string, ValueType::u8, std::uint64_t{1}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::u32, ValueType::u8, std::string("1")}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::u32, ValueType::u8, true}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::u32, ValueType::u8, 1.0}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::f32, ValueType::u8, std::int64_t{1}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::array, ValueType::u8, std::uint64_t{1}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::array, ValueType::array, std::vector<bool>{true}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::u8, ValueType::u8, std::vector<std::uint64_t>{1}}), "'k'"));
  EXPECT_TRUE(refused(entry({"k", ValueType::array, ValueType::u8, std::vector<std::uint64_t>{1, 256}}), "'k'"));
  EXPECT_TRUE(refused(entry({"general.alignment", ValueType::u32, ValueType::u8, std::uint64_t{48}}), "alignment"));
  EXPECT_TRUE(
      refused(entry({"general.alignment", ValueType::u32, ValueType::u8, std::uint64_t{1u << 20}}), "alignment"));
  EXPECT_TRUE(refused(entry({"general.alignment", ValueType::u64, ValueType::u8, std::uint64_t{32}}), "alignment"));
}

TEST(Writer, AStreamedTensorIsItsPieces) {
  const TemporaryFolder folder;
  const std::vector<std::byte> first(12, std::byte{1}), second(20, std::byte{2});
  const auto stream = [&](int pieces) {
    Writer writer;
    writer.stream_tensor("t", TensorType::f32, {8}, [&first, &second, pieces](const Writer::Sink& sink) -> Status {
      if (auto s = sink(first); !s) return s;
      for (int i = 1; i < pieces; ++i)
        if (auto s = sink(second); !s) return s;
      return {};
    });
    return writer;
  };
  ASSERT_TRUE(stream(2).write(folder / "a.gguf"));
  const auto file = File::open(folder / "a.gguf");
  ASSERT_TRUE(file) << file.error().message();
  const auto bytes = file->data(file->tensors()[0]);
  ASSERT_EQ(bytes.size(), 32u);
  EXPECT_TRUE(std::ranges::equal(bytes.first(12), first));
  EXPECT_TRUE(std::ranges::equal(bytes.subspan(12), second));

  EXPECT_NE(stream(1).write(folder / "b.gguf").error().what.find("12 bytes instead of 32"), std::string::npos);
  EXPECT_NE(stream(3).write(folder / "b.gguf").error().what.find("52 bytes instead of 32"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "b.gguf"));
}

TEST(Writer, ATensorsErrorComesBackAndTheOldFileStays) {
  const TemporaryFolder folder;
  folder.write("a.gguf", "old");
  Writer writer;
  writer.add_tensor("t", TensorType::f32, {8},
                    []() -> Result<std::span<const std::byte>> { return fail(ErrorCode::cancelled, "stopped"); });
  EXPECT_EQ(writer.write(folder / "a.gguf").error().code, ErrorCode::cancelled);
  EXPECT_EQ(std::filesystem::file_size(folder / "a.gguf"), 3u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Writer, AFullDiskWhileTensorsAreWrittenLeavesTheOldFile) {
  class FullDisk : public io::FileSystem {
   public:
    ssize_t write(int file, const void* data, std::size_t size) const override {
      return ++writes == 3 ? -ENOSPC : io::FileSystem::write(file, data, size);
    }
    mutable int writes = 0;
  };
  const TemporaryFolder folder;
  folder.write("a.gguf", "old");
  const std::vector<std::byte> bytes(128);
  Writer writer;
  writer.add_tensor("t", TensorType::f32, {32}, giving(bytes));
  writer.add_tensor("u", TensorType::f32, {32}, giving(bytes));
  const FullDisk disk;
  const Status status = writer.write(folder / "a.gguf", disk);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::io);
  EXPECT_NE(status.error().what.find("disk full"), std::string::npos);
  EXPECT_EQ(disk.writes, 3);
  EXPECT_EQ(std::filesystem::file_size(folder / "a.gguf"), 3u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace mobiedit::gguf

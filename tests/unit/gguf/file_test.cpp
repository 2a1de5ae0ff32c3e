#include "mobiedit/gguf/file.h"

#include <gtest/gtest.h>

#include "sample_file.h"
#include "unit/temporary_folder.h"

namespace mobiedit::gguf {
namespace {

using testing::good_sample;
using testing::SampleFile;

TEST(File, ReadsEveryKindOfMetadata) {
  const TemporaryFolder folder;
  const auto file = File::open(folder.write("good.gguf", good_sample().bytes()));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->version(), 3u);
  EXPECT_EQ(file->metadata().size(), 17u);
  EXPECT_EQ(*file->string("general.architecture").value(), "llama");
  EXPECT_EQ(*file->integer("llama.block_count").value(), 2u);
  EXPECT_EQ(*file->integer("some.u8").value(), 200u);
  EXPECT_EQ(*file->integer("some.u16").value(), 60000u);
  EXPECT_EQ(*file->integer("some.i32").value(), 70000u);
  EXPECT_EQ(*file->integer("some.u64").value(), 1ull << 40);
  EXPECT_EQ(*file->number("some.i8").value(), -5.0);
  EXPECT_EQ(*file->number("some.i16").value(), -300.0);
  EXPECT_EQ(*file->number("some.i64").value(), -static_cast<double>(1ll << 40));
  EXPECT_EQ(*file->number("some.f32").value(), 0.5);
  EXPECT_EQ(*file->number("some.f64").value(), 0.25);
  EXPECT_EQ(*file->boolean("some.true").value(), true);
  EXPECT_EQ(std::get<std::vector<std::string>>(file->find("words")->value), (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_EQ(std::get<std::vector<double>>(file->find("scores")->value), (std::vector<double>{1.5, -2}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(file->find("types")->value), (std::vector<std::int64_t>{1, -3}));
  EXPECT_EQ(std::get<std::vector<bool>>(file->find("flags")->value), (std::vector<bool>{false, true}));
  EXPECT_TRUE(std::get<std::vector<std::uint64_t>>(file->find("nothing")->value).empty());
  EXPECT_EQ(file->find("words")->type, ValueType::array);
  EXPECT_EQ(file->find("words")->element_type, ValueType::string);
  EXPECT_EQ(file->find("some.u16")->type, ValueType::u16);
}

TEST(File, AMissingKeyIsNotAnErrorAndAWrongTypeIs) {
  const TemporaryFolder folder;
  const auto file = File::open(folder.write("good.gguf", good_sample().bytes()));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->find("absent"), nullptr);
  EXPECT_EQ(file->find_tensor("absent"), nullptr);
  EXPECT_FALSE(file->integer("absent").value().has_value());
  EXPECT_FALSE(file->string("absent").value().has_value());
  for (const auto& error :
       {file->integer("words").error(), file->integer("some.i8").error(), file->integer("some.f32").error(),
        file->integer("some.true").error(), file->number("words").error(), file->boolean("some.u8").error(),
        file->string("llama.block_count").error()}) {
    EXPECT_EQ(error.code, ErrorCode::bad_model);
    EXPECT_NE(error.what.find("key '"), std::string::npos) << error.message();
    EXPECT_EQ(error.where, file->path().string());
  }
}

TEST(File, AnArrayOfEqualNumbersIsThatNumber) {
  using testing::Bytes;
  const TemporaryFolder folder;
  SampleFile sample = good_sample();
  sample.entries.push_back(testing::entry("equal.u32", 9, Bytes().u32(4).u64(3).u32(7).u32(7).u32(7)));
  sample.entries.push_back(
      testing::entry("equal.i32", 9, Bytes().u32(5).u64(2).put(std::int32_t{8}).put(std::int32_t{8})));
  sample.entries.push_back(testing::entry("equal.f32", 9, Bytes().u32(6).u64(2).put(0.5f).put(0.5f)));
  sample.entries.push_back(testing::entry("unequal.u32", 9, Bytes().u32(4).u64(2).u32(7).u32(9)));
  sample.entries.push_back(testing::entry("unequal.f32", 9, Bytes().u32(6).u64(2).put(0.5f).put(0.25f)));
  sample.entries.push_back(testing::entry("negative", 9, Bytes().u32(5).u64(1).put(std::int32_t{-8})));
  const auto file = File::open(folder.write("arrays.gguf", sample.bytes()));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->integer("equal.u32").value(), 7u);
  EXPECT_EQ(file->integer("equal.i32").value(), 8u);
  EXPECT_EQ(file->number("equal.i32").value(), 8.0);
  EXPECT_EQ(file->number("equal.f32").value(), 0.5);
  for (const Error& error :
       {file->integer("unequal.u32").error(), file->number("unequal.u32").error(), file->number("unequal.f32").error()})
    EXPECT_NE(error.what.find("array of unequal numbers"), std::string::npos) << error.message();
  EXPECT_FALSE(file->integer("negative"));
  EXPECT_EQ(file->number("negative").value(), -8.0);
  EXPECT_FALSE(file->integer("nothing")) << "an empty array has no number";
  EXPECT_FALSE(file->number("flags"));
}

TEST(File, FindsTensorsAndTheirBytes) {
  const TemporaryFolder folder;
  const std::string bytes = good_sample().bytes();
  const auto file = File::open(folder.write("good.gguf", bytes));
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->tensors().size(), 3u);
  EXPECT_EQ(file->size(), bytes.size());
  const TensorInfo* tensor = file->find_tensor("half.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->type, TensorType::f16);
  EXPECT_EQ(tensor->dimensions, 4);
  EXPECT_EQ(tensor->columns(), 4u);
  EXPECT_EQ(tensor->rows(), 6u);
  EXPECT_EQ(tensor->bytes, 48u);
  EXPECT_EQ(tensor->offset, bytes.size() - good_sample().data_bytes + 32);
  const auto data = file->data(*tensor);
  ASSERT_EQ(data.size(), 48u);
  EXPECT_EQ(std::memcmp(data.data(), bytes.data() + tensor->offset, data.size()), 0);
  file->release_pages(*tensor);
  EXPECT_EQ(std::memcmp(data.data(), bytes.data() + tensor->offset, data.size()), 0) << "pages come back";
}

TEST(File, ReadsVersion2AndOtherAlignments) {
  const TemporaryFolder folder;
  SampleFile sample = good_sample();
  sample.version = 2;
  EXPECT_EQ(File::open(folder.write("v2.gguf", sample.bytes())).value().version(), 2u);

  sample.entries.push_back(testing::u32_entry("general.alignment", 64));
  sample.alignment = 64;
  sample.data_bytes = 2 * 64 + 68;
  for (std::size_t i = 0; i < sample.tensors.size(); ++i) sample.tensors[i].offset = i * 64;
  const auto file = File::open(folder.write("aligned.gguf", sample.bytes()));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->alignment(), 64u);
  EXPECT_EQ(file->tensors()[1].offset % 64, 0u);
}

TEST(File, StaysUsableWhenMoved) {
  const TemporaryFolder folder;
  auto first = File::open(folder.write("good.gguf", good_sample().bytes())).value();
  const auto* tensor = first.find_tensor("norm.weight");
  const File second = std::move(first);
  EXPECT_EQ(second.find_tensor("norm.weight"), tensor);
  EXPECT_EQ(std::to_integer<int>(second.data(*tensor)[0]), 1);
}

}  // namespace
}  // namespace mobiedit::gguf

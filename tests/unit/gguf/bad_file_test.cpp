// Files made to harm: each must be refused with an error that names what is wrong, and none may crash.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <string>

#include "base/random.h"
#include "gguf/parse.h"
#include "mobiedit/gguf/errors.h"
#include "mobiedit/gguf/file.h"
#include "sample_file.h"
#include "unit/temporary_folder.h"

namespace mobiedit::gguf {
namespace {

using testing::Bytes;
using testing::entry;
using testing::good_sample;
using testing::SampleFile;

Result<Header> parse_text(const std::string& bytes) {
  // A heap block of exactly this size, so that a sanitizer sees the first byte read beyond it.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  return parse(std::as_bytes(std::span(exact)), "bad.gguf");
}

struct BadFile {
  const char* name;
  ErrorId id;
  const char* named;  ///< the key, tensor or number that the message must name
  std::function<void(SampleFile&)> spoil;
};

void PrintTo(const BadFile& bad, std::ostream* out) {
  *out << bad.name;
}

class Bad : public ::testing::TestWithParam<BadFile> {};

constexpr std::uint64_t huge = 0xffffffffffffffffull;

std::function<void(SampleFile&)> with_entry(std::string bytes) {
  return [bytes](SampleFile& file) { file.entries.push_back(bytes); };
}
/// As the last thing in the file, so that nothing follows for it to reach into.
std::function<void(SampleFile&)> with_last_entry(std::string bytes) {
  return [bytes](SampleFile& file) {
    file.entries.push_back(bytes);
    file.tensors.clear();
    file.data_bytes = 0;
  };
}
/// The sample's last tensor, Q8_0 [32, 2], changed.
std::function<void(SampleFile&)> with_tensor(const std::function<void(testing::SampleTensor&)>& change) {
  return [change](SampleFile& file) { change(file.tensors.back()); };
}

const BadFile bad_files[] = {
    {"NotGguf", errors::not_gguf, "'PK", [](SampleFile& f) { f.magic = "PK\x03\x04"; }},
    {"OldGgml", errors::not_gguf, "'tjgg'", [](SampleFile& f) { f.magic = "tjgg"; }},
    {"BigEndian", errors::big_endian, "big-endian", [](SampleFile& f) { f.version = 0x03000000; }},
    {"Version0", errors::version, "version 0", [](SampleFile& f) { f.version = 0; }},
    {"Version1", errors::version, "version 1", [](SampleFile& f) { f.version = 1; }},
    {"Version4", errors::version, "version 4", [](SampleFile& f) { f.version = 4; }},

    {"ManyTensors", errors::count, "1003 tensors", [](SampleFile& f) { f.extra_tensors = 1000; }},
    {"NegativeTensors", errors::count, "18446744073709551615 tensors", [](SampleFile& f) { f.extra_tensors = -4; }},
    {"OneTensorTooMany", errors::truncated, "tensor 4 of 4", [](SampleFile& f) { f.extra_tensors = 1; }},
    {"OneTensorTooFew", errors::name, "the name of tensor 1 of 3", [](SampleFile& f) { f.tensors[0].name.clear(); }},
    {"ManyEntries", errors::count, "100017 metadata keys", [](SampleFile& f) { f.extra_entries = 100000; }},
    {"NegativeEntries", errors::count, "18446744073709551615 metadata keys",
     [](SampleFile& f) { f.extra_entries = -18; }},
    {"OneEntryTooMany", errors::name, "the name of tensor 1 of 3", [](SampleFile& f) { f.extra_entries = 1; }},
    {"OneEntryTooFew", errors::shape, "tensor 'nothing'", [](SampleFile& f) { f.extra_entries = -1; }},

    {"EmptyKey", errors::name, "the name of metadata key 18 of 18", with_entry(entry("", 4, Bytes().u32(1)))},
    {"HugeKey", errors::truncated, "metadata key 18 of 18", with_entry(Bytes().u64(huge).u32(4).u32(1).str())},
    {"AlmostHugeKey", errors::truncated, "metadata key 18 of 18",
     with_entry(Bytes().u64(huge - 400).u32(4).u32(1).str())},
    {"LongKey", errors::name, "the name of metadata key 18 of 18",
     with_entry(entry(std::string(65536, 'k'), 4, Bytes().u32(1)))},
    {"ZeroInKey", errors::name, "the name of metadata key 18 of 18",
     with_entry(entry(std::string_view("a\0b", 3), 4, Bytes().u32(1)))},
    {"SameKeyTwice", errors::duplicate, "key 'some.u8'", with_entry(entry("some.u8", 0, Bytes().u8(1)))},
    {"ValueType13", errors::value_type, "key 'k'", with_entry(entry("k", 13, Bytes().u32(1)))},
    {"ValueTypeHuge", errors::value_type, "key 'k'", with_entry(entry("k", 0xffffffff, Bytes().u32(1)))},
    {"Boolean2", errors::value, "key 'k'", with_entry(entry("k", 7, Bytes().u8(2)))},
    {"HugeString", errors::truncated, "key 'k'", with_entry(entry("k", 8, Bytes().u64(huge)))},
    {"StringOverTheEnd", errors::truncated, "key 'k'", with_last_entry(entry("k", 8, Bytes().u64(5).raw("four")))},
    {"NoValue", errors::truncated, "key 'k'", with_last_entry(entry("k", 10, Bytes().u32(1)))},

    {"HugeArray", errors::count, "key 'k'", with_entry(entry("k", 9, Bytes().u32(0).u64(huge)))},
    {"ArrayWhoseSizeOverflows", errors::count, "key 'k'",
     with_entry(entry("k", 9, Bytes().u32(10).u64(1ull << 61).u64(1)))},
    {"HugeArrayOfStrings", errors::count, "key 'k'", with_entry(entry("k", 9, Bytes().u32(8).u64(1ull << 61)))},
    {"HugeArrayOfBooleans", errors::count, "key 'k'", with_entry(entry("k", 9, Bytes().u32(7).u64(1ull << 40)))},
    {"ArrayOverTheEnd", errors::count, "key 'k'", with_last_entry(entry("k", 9, Bytes().u32(6).u64(2).u32(0)))},
    {"StringsOverTheEnd", errors::truncated, "key 'k'",
     with_last_entry(entry("k", 9, Bytes().u32(8).u64(2).text("four").u64(5).raw("abc")))},
    {"HugeStringInArray", errors::truncated, "key 'k'",
     with_entry(entry("k", 9, Bytes().u32(8).u64(2).text("a").u64(huge)))},
    {"ArrayOfArrays", errors::value_type, "key 'k'", with_entry(entry("k", 9, Bytes().u32(9).u64(1).u32(4).u64(0)))},
    {"ArrayOfUnknown", errors::value_type, "key 'k'", with_entry(entry("k", 9, Bytes().u32(99).u64(0)))},
    {"Boolean255InArray", errors::value, "key 'k'", with_entry(entry("k", 9, Bytes().u32(7).u64(2).u8(1).u8(255)))},

    {"AlignmentZero", errors::alignment, "key 'general.alignment'",
     with_entry(testing::u32_entry("general.alignment", 0))},
    {"Alignment48", errors::alignment, "key 'general.alignment'",
     with_entry(testing::u32_entry("general.alignment", 48))},
    {"AlignmentOfAnotherType", errors::alignment, "key 'general.alignment'",
     with_entry(entry("general.alignment", 10, Bytes().u64(32)))},
    {"AlignmentText", errors::alignment, "key 'general.alignment'",
     with_entry(testing::string_entry("general.alignment", "32"))},
    {"AlignmentHuge", errors::alignment, "tensor 'half.weight'",
     with_entry(testing::u32_entry("general.alignment", 0x80000000))},

    {"EmptyTensorName", errors::name, "the name of tensor 3 of 3", with_tensor([](auto& t) { t.name = ""; })},
    {"LongTensorName", errors::name, "the name of tensor 3 of 3",
     with_tensor([](auto& t) { t.name = std::string(64, 't'); })},
    {"ZeroInTensorName", errors::name, "the name of tensor 3 of 3",
     with_tensor([](auto& t) { t.name = std::string("t\0u", 3); })},
    {"SameTensorTwice", errors::duplicate, "tensor 'norm.weight'",
     with_tensor([](auto& t) { t.name = "norm.weight"; })},
    {"NoDimensions", errors::shape, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.shape.clear(); })},
    {"FiveDimensions", errors::shape, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.shape = {32, 1, 1, 1, 2}; })},
    {"HugeDimensions", errors::shape, "tensor 'norm.weight'", [](SampleFile& f) { f.extra_dimensions = -3; }},
    {"ZeroDimension", errors::shape, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.shape = {32, 0}; })},
    {"NegativeDimension", errors::shape, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.shape = {32, huge}; })},
    {"NegativeRow", errors::shape, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.shape = {huge - 31}; })},
    {"ProductOverflowsToSmall", errors::shape, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.shape = {1ull << 32, 1ull << 32}; })},
    {"ProductOverflowsToNegative", errors::shape, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.shape = {1ull << 32, 1ull << 31}; })},
    {"BytesOverflow", errors::shape, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) {
       t.shape = {1ull << 62};
       t.type = 0;
     })},
    {"Row33OfQ8", errors::shape, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.shape = {33, 2}; })},
    {"Row32OfQ4K", errors::shape, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.type = 12; })},
    {"UnsupportedType", errors::tensor_type, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.type = 18; })},
    {"RemovedType", errors::tensor_type, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.type = 4; })},
    {"UnknownType", errors::tensor_type, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.type = 4242; })},
    {"NegativeType", errors::tensor_type, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.type = 0xffffffff; })},
    {"UnalignedOffset", errors::alignment, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.offset = 100; })},
    {"OffsetBeyondTheEnd", errors::truncated, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.offset = 1u << 20; })},
    {"OffsetOverflows", errors::truncated, "tensor 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.offset = huge - 31; })},
    {"EndOverflows", errors::truncated, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) {
       t.offset = 0x7fffffffffffffe0;
       t.shape = {1ull << 62};
       t.type = 1;
     })},
    {"TooManyRows", errors::truncated, "tensor 'blk.0.attn_q.weight'", with_tensor([](auto& t) { t.shape = {32, 3}; })},
    {"SameOffset", errors::overlap, "tensors 'half.weight' and 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.offset = 32; })},
    {"OverlapByABit", errors::overlap, "tensors 'half.weight' and 'blk.0.attn_q.weight'",
     with_tensor([](auto& t) { t.offset = 64; })},
    {"DataCutOff", errors::truncated, "tensor 'blk.0.attn_q.weight'", [](SampleFile& f) { f.data_bytes -= 1; }},
    {"NoData", errors::truncated, "tensor 'norm.weight'", [](SampleFile& f) { f.data_bytes = 0; }},
};

TEST_P(Bad, IsRefusedByName) {
  SampleFile file = good_sample();
  GetParam().spoil(file);
  // tests/peer/test_bad_files.py lets llama.cpp read the same files.
  if (const char* folder = std::getenv("MOBIEDIT_BAD_FILES")) {
    std::ofstream(std::string(folder) + "/" + GetParam().name + ".gguf", std::ios::binary) << file.bytes();
  }
  const auto header = parse_text(file.bytes());
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, GetParam().id.code);
  EXPECT_EQ(header.error().id, GetParam().id.name) << header.error().message();
  EXPECT_EQ(header.error().where, "bad.gguf");
  EXPECT_NE(header.error().what.find(GetParam().named), std::string::npos) << header.error().message();
  EXPECT_FALSE(header.error().hint.empty()) << "nothing is said of what to do";
}

INSTANTIATE_TEST_SUITE_P(Files, Bad, ::testing::ValuesIn(bad_files), [](const auto& test) { return test.param.name; });

TEST(BadFile, NoTwoFilesAreRefusedInTheSameWords) {
  // Where the file ends and reading had come to differs from file to file and tells nobody what is wrong.
  const std::regex position("byte [0-9]+|file \\([0-9]+ bytes\\)");
  std::map<std::string, const char*> kinds;
  for (const BadFile& bad : bad_files) {
    SampleFile file = good_sample();
    bad.spoil(file);
    const auto header = parse_text(file.bytes());
    ASSERT_FALSE(header) << bad.name;
    const auto [other, is_new] = kinds.emplace(std::regex_replace(header.error().what, position, ""), bad.name);
    EXPECT_TRUE(is_new) << bad.name << " and " << other->second << ": " << header.error().what;
  }
}

TEST(BadFile, TheUnspoiltSampleIsGood) {
  if (const char* folder = std::getenv("MOBIEDIT_BAD_FILES")) {
    std::ofstream(std::string(folder) + "/good.gguf", std::ios::binary) << good_sample().bytes();
  }
  const auto header = parse_text(good_sample().bytes());
  EXPECT_TRUE(header) << header.error().message();
}

TEST(BadFile, EveryPrefixIsTooShort) {
  const std::string whole = good_sample().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto header = parse_text(whole.substr(0, size));
    ASSERT_FALSE(header) << size << " of " << whole.size() << " bytes were taken for the whole";
    EXPECT_EQ(header.error().code, ErrorCode::bad_model);
    EXPECT_FALSE(header.error().what.empty());
    if (size < 4) {
      EXPECT_EQ(header.error().id, errors::truncated.name);
    }
  }
}

// No claim is made on which of these are refused; none may crash, and what is accepted must be as good as it says.
TEST(BadFile, RandomDamageNeverCrashes) {
  const std::string whole = good_sample().bytes();
  const std::size_t data = whole.size() - good_sample().data_bytes;
  Random random(5);
  int refused = 0;
  constexpr int rounds = 20000;
  for (int round = 0; round < rounds; ++round) {
    std::string bytes = whole;
    for (std::uint32_t i = 0; i <= random.below(3); ++i) {
      const std::size_t at = random.below(static_cast<std::uint32_t>(data));
      const char choices[] = {static_cast<char>(random.below(256)),
                              '\0',
                              '\x01',
                              '\x7f',
                              '\xff',
                              static_cast<char>(bytes[at] ^ (1 << random.below(8)))};
      bytes[at] = choices[random.below(std::size(choices))];
    }
    const auto header = parse_text(bytes);
    if (!header) {
      ++refused;
      continue;
    }
    for (const TensorInfo& tensor : header->tensors) {
      ASSERT_LE(tensor.offset, bytes.size());
      ASSERT_LE(tensor.bytes, bytes.size() - tensor.offset);
      ASSERT_EQ(tensor.bytes, tensor.rows() * row_bytes(tensor.type, tensor.columns()));
    }
  }
  EXPECT_GT(refused, rounds / 4);
  EXPECT_LT(refused, rounds);
}

TEST(BadFile, AHugeHeaderIsRefusedHoweverLargeTheFile) {
  // A sparse file, whose size costs nothing, with an array that would fill all of it.
  const TemporaryFolder folder;
  SampleFile sample;
  sample.entries.push_back(entry("k", 9, Bytes().u32(0).u64(1ull << 33)));
  const auto path = folder.write("sparse.gguf", sample.bytes());
  std::filesystem::resize_file(path, (1ull << 33) + (1ull << 20));
  const auto file = File::open(path);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().id, errors::count.name);
  EXPECT_NE(file.error().what.find("'k' claims"), std::string::npos) << file.error().message();

  sample.entries[0] = entry("k", 8, Bytes().u64(1ull << 30));
  folder.write("sparse.gguf", sample.bytes());
  std::filesystem::resize_file(path, (1ull << 33) + (1ull << 20));
  EXPECT_NE(File::open(path).error().what.find("where metadata must end"), std::string::npos);
}

TEST(BadFile, ErrorsCanBeShownOnATerminal) {
  SampleFile sample = good_sample();
  sample.tensors[0].name = "\x1b[2J\r\nx";
  sample.tensors[0].type = 99;
  const std::string message = parse_text(sample.bytes()).error().message();
  for (const char c : message) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << message;
}

TEST(BadFile, WhatIsNoFileIsAnIoError) {
  const TemporaryFolder folder;
  for (const auto& path : {folder / "absent.gguf", folder.path()}) {
    const auto file = File::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::io);
    EXPECT_EQ(file.error().where, path.string());
  }
  EXPECT_EQ(File::open(folder.write("empty.gguf", "")).error().code, ErrorCode::bad_model);
}

}  // namespace
}  // namespace mobiedit::gguf

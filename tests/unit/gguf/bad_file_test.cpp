// Files made to harm: each must be refused with an error that names what is wrong, and none may crash.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "base/random.h"
#include "gguf/parse.h"
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
  const char* said;  ///< what the message must have
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
std::function<void(SampleFile&)> with_tensor(std::function<void(testing::SampleTensor&)> change) {
  return [change](SampleFile& file) { change(file.tensors.back()); };
}

const BadFile bad_files[] = {
    {"NotGguf", "is not a GGUF file", [](SampleFile& f) { f.magic = "PK\x03\x04"; }},
    {"OldGgml", "is not a GGUF file", [](SampleFile& f) { f.magic = "tjgg"; }},
    {"BigEndian", "big-endian", [](SampleFile& f) { f.version = 0x03000000; }},
    {"Version0", "version 0", [](SampleFile& f) { f.version = 0; }},
    {"Version1", "version 1", [](SampleFile& f) { f.version = 1; }},
    {"Version4", "version 4", [](SampleFile& f) { f.version = 4; }},

    {"ManyTensors", "claims 1003 tensors", [](SampleFile& f) { f.extra_tensors = 1000; }},
    {"NegativeTensors", "tensors, more than", [](SampleFile& f) { f.extra_tensors = -4; }},
    {"OneTensorTooMany", "tensor", [](SampleFile& f) { f.extra_tensors = 1; }},
    {"OneTensorTooFew", "tensor", [](SampleFile& f) { f.tensors[0].name.clear(); }},
    {"ManyEntries", "claims 100017 metadata keys", [](SampleFile& f) { f.extra_entries = 100000; }},
    {"NegativeEntries", "metadata keys, more than", [](SampleFile& f) { f.extra_entries = -18; }},
    {"OneEntryTooMany", "tensor 1", [](SampleFile& f) { f.extra_entries = 1; }},
    {"OneEntryTooFew", "tensor 'nothing' has 9 dimensions", [](SampleFile& f) { f.extra_entries = -1; }},

    {"EmptyKey", "is empty", with_entry(entry("", 4, Bytes().u32(1)))},
    {"HugeKey", "key 18 of 18", with_entry(Bytes().u64(huge).u32(4).u32(1).str())},
    {"AlmostHugeKey", "key 18 of 18", with_entry(Bytes().u64(huge - 400).u32(4).u32(1).str())},
    {"LongKey", "is too long", with_entry(entry(std::string(65536, 'k'), 4, Bytes().u32(1)))},
    {"ZeroInKey", "zero byte", with_entry(entry(std::string_view("a\0b", 3), 4, Bytes().u32(1)))},
    {"SameKeyTwice", "'some.u8' is there more than once", with_entry(entry("some.u8", 0, Bytes().u8(1)))},
    {"ValueType13", "'k' is of the unknown type 13", with_entry(entry("k", 13, Bytes().u32(1)))},
    {"ValueTypeHuge", "'k' is of the unknown type 4294967295", with_entry(entry("k", 0xffffffff, Bytes().u32(1)))},
    {"Boolean2", "'k' has a boolean", with_entry(entry("k", 7, Bytes().u8(2)))},
    {"HugeString", "'k' reaches beyond the end", with_entry(entry("k", 8, Bytes().u64(huge)))},
    {"StringOverTheEnd", "'k' reaches beyond the end", with_last_entry(entry("k", 8, Bytes().u64(5).raw("four")))},
    {"NoValue", "'k' reaches beyond the end", with_last_entry(entry("k", 10, Bytes().u32(1)))},

    {"HugeArray", "'k' claims", with_entry(entry("k", 9, Bytes().u32(0).u64(huge)))},
    {"ArrayWhoseSizeOverflows", "'k' claims", with_entry(entry("k", 9, Bytes().u32(10).u64(1ull << 61).u64(1)))},
    {"HugeArrayOfStrings", "'k' claims", with_entry(entry("k", 9, Bytes().u32(8).u64(1ull << 61)))},
    {"HugeArrayOfBooleans", "'k' claims", with_entry(entry("k", 9, Bytes().u32(7).u64(1ull << 40)))},
    {"ArrayOverTheEnd", "'k' claims", with_last_entry(entry("k", 9, Bytes().u32(6).u64(2).u32(0)))},
    {"StringsOverTheEnd", "'k' reaches",
     with_last_entry(entry("k", 9, Bytes().u32(8).u64(2).text("four").u64(5).raw("abc")))},
    {"HugeStringInArray", "'k' reaches", with_entry(entry("k", 9, Bytes().u32(8).u64(2).text("a").u64(huge)))},
    {"ArrayOfArrays", "'k' is an array of arrays", with_entry(entry("k", 9, Bytes().u32(9).u64(1).u32(4).u64(0)))},
    {"ArrayOfUnknown", "'k' is of the unknown type 99", with_entry(entry("k", 9, Bytes().u32(99).u64(0)))},
    {"Boolean255InArray", "'k' has a boolean", with_entry(entry("k", 9, Bytes().u32(7).u64(2).u8(1).u8(255)))},

    {"AlignmentZero", "'general.alignment' is 0", with_entry(testing::u32_entry("general.alignment", 0))},
    {"Alignment48", "'general.alignment' is 48", with_entry(testing::u32_entry("general.alignment", 48))},
    {"AlignmentOfAnotherType", "'general.alignment' is not a 32-bit",
     with_entry(entry("general.alignment", 10, Bytes().u64(32)))},
    {"AlignmentText", "'general.alignment' is not a 32-bit",
     with_entry(testing::string_entry("general.alignment", "32"))},
    {"AlignmentHuge", "alignment", with_entry(testing::u32_entry("general.alignment", 0x80000000))},

    {"EmptyTensorName", "is empty", with_tensor([](auto& t) { t.name = ""; })},
    {"LongTensorName", "is too long", with_tensor([](auto& t) { t.name = std::string(64, 't'); })},
    {"ZeroInTensorName", "zero byte", with_tensor([](auto& t) { t.name = std::string("t\0u", 3); })},
    {"SameTensorTwice", "'norm.weight' is there more than once", with_tensor([](auto& t) { t.name = "norm.weight"; })},
    {"NoDimensions", "'blk.0.attn_q.weight' has 0 dimensions", with_tensor([](auto& t) { t.shape.clear(); })},
    {"FiveDimensions", "'blk.0.attn_q.weight' has 5 dimensions",
     with_tensor([](auto& t) { t.shape = {32, 1, 1, 1, 2}; })},
    {"HugeDimensions", "dimensions", [](SampleFile& f) { f.extra_dimensions = -3; }},
    {"ZeroDimension", "'blk.0.attn_q.weight' has a dimension of size zero",
     with_tensor([](auto& t) { t.shape = {32, 0}; })},
    {"NegativeDimension", "'blk.0.attn_q.weight' has dimensions too large",
     with_tensor([](auto& t) { t.shape = {32, huge}; })},
    {"NegativeRow", "'blk.0.attn_q.weight' has dimensions too large",
     with_tensor([](auto& t) { t.shape = {huge - 31}; })},
    {"ProductOverflowsToSmall", "'blk.0.attn_q.weight' has dimensions too large",
     with_tensor([](auto& t) { t.shape = {1ull << 32, 1ull << 32}; })},
    {"ProductOverflowsToNegative", "'blk.0.attn_q.weight' has dimensions too large",
     with_tensor([](auto& t) { t.shape = {1ull << 32, 1ull << 31}; })},
    {"BytesOverflow", "'blk.0.attn_q.weight' has dimensions too large", with_tensor([](auto& t) {
       t.shape = {1ull << 62};
       t.type = 0;
     })},
    {"Row33OfQ8", "'blk.0.attn_q.weight' has rows of 33 values", with_tensor([](auto& t) { t.shape = {33, 2}; })},
    {"Row32OfQ4K", "a block of Q4_K", with_tensor([](auto& t) { t.type = 12; })},
    {"UnsupportedType", "'blk.0.attn_q.weight' is of the type IQ4_XS", with_tensor([](auto& t) { t.type = 23; })},
    {"RemovedType", "Q4_2", with_tensor([](auto& t) { t.type = 4; })},
    {"UnknownType", "number 4242", with_tensor([](auto& t) { t.type = 4242; })},
    {"NegativeType", "number 4294967295", with_tensor([](auto& t) { t.type = 0xffffffff; })},
    {"UnalignedOffset", "'blk.0.attn_q.weight' begins at 100", with_tensor([](auto& t) { t.offset = 100; })},
    {"OffsetBeyondTheEnd", "'blk.0.attn_q.weight' (68 bytes) reaches beyond the end",
     with_tensor([](auto& t) { t.offset = 1u << 20; })},
    {"OffsetOverflows", "'blk.0.attn_q.weight' (68 bytes) reaches beyond",
     with_tensor([](auto& t) { t.offset = huge - 31; })},
    {"EndOverflows", "'blk.0.attn_q.weight'", with_tensor([](auto& t) {
       t.offset = 0x7fffffffffffffe0;
       t.shape = {1ull << 62};
       t.type = 1;
     })},
    {"TooManyRows", "'blk.0.attn_q.weight' (102 bytes) reaches beyond",
     with_tensor([](auto& t) { t.shape = {32, 3}; })},
    {"SameOffset", "overlap", with_tensor([](auto& t) { t.offset = 32; })},
    {"OverlapByABit", "'half.weight' and 'blk.0.attn_q.weight' overlap", with_tensor([](auto& t) { t.offset = 64; })},
    {"DataCutOff", "reaches beyond the end of the file", [](SampleFile& f) { f.data_bytes -= 1; }},
    {"NoData", "reaches beyond the end of the file", [](SampleFile& f) { f.data_bytes = 0; }},
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
  EXPECT_EQ(header.error().code, ErrorCode::bad_model);
  EXPECT_EQ(header.error().where, "bad.gguf");
  EXPECT_NE(header.error().what.find(GetParam().said), std::string::npos) << header.error().message();
}

INSTANTIATE_TEST_SUITE_P(Files, Bad, ::testing::ValuesIn(bad_files), [](const auto& test) { return test.param.name; });

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
      EXPECT_EQ(header.error().what, "is too short for a GGUF file");
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
  EXPECT_EQ(file.error().code, ErrorCode::bad_model);
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

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
  const char* said;  ///< all of it: what is wrong, of which key or tensor, where
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
    {"NotGguf", "is not a GGUF file: it begins with 'PK??'", [](SampleFile& f) { f.magic = "PK\x03\x04"; }},
    {"OldGgml", "is not a GGUF file: it begins with 'tjgg'", [](SampleFile& f) { f.magic = "tjgg"; }},
    {"BigEndian", "is a GGUF file for big-endian machines", [](SampleFile& f) { f.version = 0x03000000; }},
    {"Version0", "is of GGUF version 0; versions 2 and 3 are read", [](SampleFile& f) { f.version = 0; }},
    {"Version1", "is of GGUF version 1, which is no longer read", [](SampleFile& f) { f.version = 1; }},
    {"Version4", "is of GGUF version 4; versions 2 and 3 are read", [](SampleFile& f) { f.version = 4; }},

    {"ManyTensors", "claims 1003 tensors, more than the file has room for (844 bytes at byte 24)",
     [](SampleFile& f) { f.extra_tensors = 1000; }},
    {"NegativeTensors", "claims 18446744073709551615 tensors, more than the file has room for (844 bytes at byte 24)",
     [](SampleFile& f) { f.extra_tensors = -4; }},
    {"OneTensorTooMany",
     "tensor 4 of 4 reaches beyond the end of the file (868 bytes): a text of 3108641623371153664 bytes begins at byte "
     "711",
     [](SampleFile& f) { f.extra_tensors = 1; }},
    {"OneTensorTooFew", "the name of tensor 1 of 3, the first after key 'nothing', is empty, before byte 542",
     [](SampleFile& f) { f.tensors[0].name.clear(); }},
    {"ManyEntries", "claims 100017 metadata keys, more than the file has room for (844 bytes at byte 24)",
     [](SampleFile& f) { f.extra_entries = 100000; }},
    {"NegativeEntries",
     "claims 18446744073709551615 metadata keys, more than the file has room for (844 bytes at byte 24)",
     [](SampleFile& f) { f.extra_entries = -18; }},
    {"OneEntryTooMany", "the name of tensor 1 of 3, the first after key 'norm.weight', is empty, before byte 566",
     [](SampleFile& f) { f.extra_entries = 1; }},
    {"OneEntryTooFew", "tensor 'nothing' has 9 dimensions, before byte 522; 1 to 4 are allowed",
     [](SampleFile& f) { f.extra_entries = -1; }},

    {"EmptyKey", "the name of metadata key 18 of 18 is empty, before byte 542",
     with_entry(entry("", 4, Bytes().u32(1)))},
    {"HugeKey",
     "metadata key 18 of 18 reaches beyond the end of the file (900 bytes): a text of 18446744073709551615 bytes "
     "begins at byte 542",
     with_entry(Bytes().u64(huge).u32(4).u32(1).str())},
    {"AlmostHugeKey",
     "metadata key 18 of 18 reaches beyond the end of the file (900 bytes): a text of 18446744073709551215 bytes "
     "begins at byte 542",
     with_entry(Bytes().u64(huge - 400).u32(4).u32(1).str())},
    {"LongKey",
     "the name of metadata key 18 of 18 is too long (65536 bytes; 65535 are allowed): "
     "'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…', before byte "
     "66078",
     with_entry(entry(std::string(65536, 'k'), 4, Bytes().u32(1)))},
    {"ZeroInKey", "the name of metadata key 18 of 18 has a zero byte: 'a?b', before byte 545",
     with_entry(entry(std::string_view("a\0b", 3), 4, Bytes().u32(1)))},
    {"SameKeyTwice", "key 'some.u8' is there more than once: as number 4 and as number 18 of 18",
     with_entry(entry("some.u8", 0, Bytes().u8(1)))},
    {"ValueType13", "key 'k' is of the unknown type 13, before byte 547", with_entry(entry("k", 13, Bytes().u32(1)))},
    {"ValueTypeHuge", "key 'k' is of the unknown type 4294967295, before byte 547",
     with_entry(entry("k", 0xffffffff, Bytes().u32(1)))},
    {"Boolean2", "key 'k': a boolean before byte 548 is neither 0 nor 1 but 2",
     with_entry(entry("k", 7, Bytes().u8(2)))},
    {"HugeString",
     "key 'k' reaches beyond the end of the file (900 bytes): a text of 18446744073709551615 bytes begins at byte 555",
     with_entry(entry("k", 8, Bytes().u64(huge)))},
    {"StringOverTheEnd", "key 'k' reaches beyond the end of the file (559 bytes): a text of 5 bytes begins at byte 555",
     with_last_entry(entry("k", 8, Bytes().u64(5).raw("four")))},
    {"NoValue", "key 'k' reaches beyond the end of the file (551 bytes): a number of 8 bytes begins at byte 547",
     with_last_entry(entry("k", 10, Bytes().u32(1)))},

    {"HugeArray",
     "key 'k' claims 18446744073709551615 elements of type u8, more than the file has room for (341 bytes at byte 559)",
     with_entry(entry("k", 9, Bytes().u32(0).u64(huge)))},
    {"ArrayWhoseSizeOverflows",
     "key 'k' claims 2305843009213693952 elements of type u64, more than the file has room for (341 bytes at byte 559)",
     with_entry(entry("k", 9, Bytes().u32(10).u64(1ull << 61).u64(1)))},
    {"HugeArrayOfStrings",
     "key 'k' claims 2305843009213693952 elements of type string, more than the file has room for (341 bytes at byte "
     "559)",
     with_entry(entry("k", 9, Bytes().u32(8).u64(1ull << 61)))},
    {"HugeArrayOfBooleans",
     "key 'k' claims 1099511627776 elements of type bool, more than the file has room for (341 bytes at byte 559)",
     with_entry(entry("k", 9, Bytes().u32(7).u64(1ull << 40)))},
    {"ArrayOverTheEnd", "key 'k' claims 2 elements of type f32, more than the file has room for (4 bytes at byte 559)",
     with_last_entry(entry("k", 9, Bytes().u32(6).u64(2).u32(0)))},
    {"StringsOverTheEnd",
     "key 'k' reaches beyond the end of the file (582 bytes): element 2 of 2, a text of 5 bytes begins at byte 579",
     with_last_entry(entry("k", 9, Bytes().u32(8).u64(2).text("four").u64(5).raw("abc")))},
    {"HugeStringInArray",
     "key 'k' reaches beyond the end of the file (932 bytes): element 2 of 2, a text of 18446744073709551615 bytes "
     "begins at byte 576",
     with_entry(entry("k", 9, Bytes().u32(8).u64(2).text("a").u64(huge)))},
    {"ArrayOfArrays", "key 'k' is an array of arrays, which is not read, before byte 559",
     with_entry(entry("k", 9, Bytes().u32(9).u64(1).u32(4).u64(0)))},
    {"ArrayOfUnknown", "key 'k' is an array of elements of the unknown type 99, before byte 551",
     with_entry(entry("k", 9, Bytes().u32(99).u64(0)))},
    {"Boolean255InArray", "key 'k': element 2 of 2, a boolean before byte 561 is neither 0 nor 1 but 255",
     with_entry(entry("k", 9, Bytes().u32(7).u64(2).u8(1).u8(255)))},

    {"AlignmentZero", "key 'general.alignment' is 0, not a power of two",
     with_entry(testing::u32_entry("general.alignment", 0))},
    {"Alignment48", "key 'general.alignment' is 48, not a power of two",
     with_entry(testing::u32_entry("general.alignment", 48))},
    {"AlignmentOfAnotherType", "key 'general.alignment' is not a 32-bit unsigned integer but of the type u64",
     with_entry(entry("general.alignment", 10, Bytes().u64(32)))},
    {"AlignmentText", "key 'general.alignment' is not a 32-bit unsigned integer but of the type string",
     with_entry(testing::string_entry("general.alignment", "32"))},
    {"AlignmentHuge", "tensor 'half.weight' begins at 32, not a multiple of the file's alignment 2147483648",
     with_entry(testing::u32_entry("general.alignment", 0x80000000))},

    {"EmptyTensorName", "the name of tensor 3 of 3 is empty, before byte 652",
     with_tensor([](auto& t) { t.name = ""; })},
    {"LongTensorName",
     "the name of tensor 3 of 3 is too long (64 bytes; 63 are allowed): "
     "'tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt', before byte 716",
     with_tensor([](auto& t) { t.name = std::string(64, 't'); })},
    {"ZeroInTensorName", "the name of tensor 3 of 3 has a zero byte: 't?u', before byte 655",
     with_tensor([](auto& t) { t.name = std::string("t\0u", 3); })},
    {"SameTensorTwice", "tensor 'norm.weight' is there more than once: as number 1 and as number 3 of 3",
     with_tensor([](auto& t) { t.name = "norm.weight"; })},
    {"NoDimensions", "tensor 'blk.0.attn_q.weight' has 0 dimensions, before byte 675; 1 to 4 are allowed",
     with_tensor([](auto& t) { t.shape.clear(); })},
    {"FiveDimensions", "tensor 'blk.0.attn_q.weight' has 5 dimensions, before byte 675; 1 to 4 are allowed",
     with_tensor([](auto& t) { t.shape = {32, 1, 1, 1, 2}; })},
    {"HugeDimensions", "tensor 'norm.weight' has 4294967294 dimensions, before byte 557; 1 to 4 are allowed",
     [](SampleFile& f) { f.extra_dimensions = -3; }},
    {"ZeroDimension", "tensor 'blk.0.attn_q.weight' has a dimension of size zero: 32 x 0",
     with_tensor([](auto& t) { t.shape = {32, 0}; })},
    {"NegativeDimension",
     "tensor 'blk.0.attn_q.weight' has dimensions too large for any file: 32 x 18446744073709551615",
     with_tensor([](auto& t) { t.shape = {32, huge}; })},
    {"NegativeRow", "tensor 'blk.0.attn_q.weight' has dimensions too large for any file: 18446744073709551584",
     with_tensor([](auto& t) { t.shape = {huge - 31}; })},
    {"ProductOverflowsToSmall",
     "tensor 'blk.0.attn_q.weight' has dimensions too large for any file: 4294967296 x 4294967296",
     with_tensor([](auto& t) { t.shape = {1ull << 32, 1ull << 32}; })},
    {"ProductOverflowsToNegative",
     "tensor 'blk.0.attn_q.weight' has dimensions too large for any file: 4294967296 x 2147483648",
     with_tensor([](auto& t) { t.shape = {1ull << 32, 1ull << 31}; })},
    {"BytesOverflow", "tensor 'blk.0.attn_q.weight' has dimensions too large for any file: 4611686018427387904 of F32",
     with_tensor([](auto& t) {
       t.shape = {1ull << 62};
       t.type = 0;
     })},
    {"Row33OfQ8",
     "tensor 'blk.0.attn_q.weight' has rows of 33 values, not a multiple of the 32 that a block of Q8_0 holds",
     with_tensor([](auto& t) { t.shape = {33, 2}; })},
    {"Row32OfQ4K",
     "tensor 'blk.0.attn_q.weight' has rows of 32 values, not a multiple of the 256 that a block of Q4_K holds",
     with_tensor([](auto& t) { t.type = 12; })},
    {"UnsupportedType", "tensor 'blk.0.attn_q.weight' is of the type IQ3_XXS, which is not supported",
     with_tensor([](auto& t) { t.type = 18; })},
    {"RemovedType", "tensor 'blk.0.attn_q.weight' is of the type Q4_2, which is not supported",
     with_tensor([](auto& t) { t.type = 4; })},
    {"UnknownType", "tensor 'blk.0.attn_q.weight' is of the type number 4242, which is not supported",
     with_tensor([](auto& t) { t.type = 4242; })},
    {"NegativeType", "tensor 'blk.0.attn_q.weight' is of the type number 4294967295, which is not supported",
     with_tensor([](auto& t) { t.type = 0xffffffff; })},
    {"UnalignedOffset", "tensor 'blk.0.attn_q.weight' begins at 100, not a multiple of the file's alignment 32",
     with_tensor([](auto& t) { t.offset = 100; })},
    {"OffsetBeyondTheEnd",
     "tensor 'blk.0.attn_q.weight' (68 bytes, 1048576 after byte 704) reaches beyond the end of the file (868 bytes)",
     with_tensor([](auto& t) { t.offset = 1u << 20; })},
    {"OffsetOverflows",
     "tensor 'blk.0.attn_q.weight' (68 bytes, 18446744073709551584 after byte 704) reaches beyond the end of the file "
     "(868 bytes)",
     with_tensor([](auto& t) { t.offset = huge - 31; })},
    {"EndOverflows",
     "tensor 'blk.0.attn_q.weight' (9223372036854775808 bytes, 9223372036854775776 after byte 704) reaches beyond the "
     "end of the file (868 bytes)",
     with_tensor([](auto& t) {
       t.offset = 0x7fffffffffffffe0;
       t.shape = {1ull << 62};
       t.type = 1;
     })},
    {"TooManyRows",
     "tensor 'blk.0.attn_q.weight' (102 bytes, 96 after byte 704) reaches beyond the end of the file (868 bytes)",
     with_tensor([](auto& t) { t.shape = {32, 3}; })},
    {"SameOffset",
     "tensors 'half.weight' and 'blk.0.attn_q.weight' overlap in the file: bytes 736 to 783 and 736 to 803",
     with_tensor([](auto& t) { t.offset = 32; })},
    {"OverlapByABit",
     "tensors 'half.weight' and 'blk.0.attn_q.weight' overlap in the file: bytes 736 to 783 and 768 to 835",
     with_tensor([](auto& t) { t.offset = 64; })},
    {"DataCutOff",
     "tensor 'blk.0.attn_q.weight' (68 bytes, 96 after byte 704) reaches beyond the end of the file (867 bytes)",
     [](SampleFile& f) { f.data_bytes -= 1; }},
    {"NoData", "tensor 'norm.weight' (24 bytes, 0 after byte 704) reaches beyond the end of the file (704 bytes)",
     [](SampleFile& f) { f.data_bytes = 0; }},
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
  EXPECT_EQ(header.error().what, GetParam().said);
  EXPECT_FALSE(header.error().hint.empty()) << "nothing is said of what to do";
}

INSTANTIATE_TEST_SUITE_P(Files, Bad, ::testing::ValuesIn(bad_files), [](const auto& test) { return test.param.name; });

TEST(BadFile, NoTwoKindsAreSaidInTheSameWords) {
  // Where the file ends and reading had come to differs from file to file and tells nobody what is wrong.
  const std::regex position("byte [0-9]+|file \\([0-9]+ bytes\\)");
  std::map<std::string, const char*> kinds;
  for (const BadFile& bad : bad_files) {
    const auto [other, is_new] = kinds.emplace(std::regex_replace(bad.said, position, ""), bad.name);
    EXPECT_TRUE(is_new) << bad.name << " and " << other->second << ": " << bad.said;
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

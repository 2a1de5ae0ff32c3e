#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/model/tokenizer.h"
#include "unit/model/tiny_vocabulary.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

using gguf::Entry;
using gguf::ValueType;

class TokenizerFromGguf : public testing::Test {
 protected:
  void set(std::string name, ValueType type, gguf::Value value, ValueType element = ValueType::u8) {
    writer_.set({"tokenizer.ggml." + std::move(name), type, element, std::move(value)});
  }

  void set_vocabulary(const TokenizerData& data) {
    set("model", ValueType::string, data.model);
    set("pre", ValueType::string, data.pre);
    set("tokens", ValueType::array, data.tokens, ValueType::string);
    set("merges", ValueType::array, data.merges, ValueType::string);
    set("token_type", ValueType::array, std::vector<std::int64_t>(data.types.begin(), data.types.end()),
        ValueType::i32);
  }

  Result<Tokenizer> read() {
    static const float zeros[32] = {};
    writer_.add_tensor("x", gguf::TensorType::f32, {32},
                       []() -> Result<std::span<const std::byte>> { return std::as_bytes(std::span(zeros)); });
    const Status written = writer_.write(path_);
    if (!written) return std::unexpected(written.error());
    const auto file = gguf::File::open(path_);
    if (!file) return std::unexpected(file.error());
    return Tokenizer::from_file(*file);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "vocabulary.gguf";
  gguf::Writer writer_;
};

TEST_F(TokenizerFromGguf, ReadsEveryKey) {
  auto data = test::tiny_vocabulary({"a b"}, "gpt-2", {"<s>", "</s>", "<eom>", "<sep>"});
  set_vocabulary(data);
  set("bos_token_id", ValueType::u32, std::uint64_t{257});
  set("eos_token_id", ValueType::i32, std::int64_t{258});
  set("eom_token_id", ValueType::u32, std::uint64_t{259});
  set("fim_sep_token_id", ValueType::u32, std::uint64_t{260});
  set("add_bos_token", ValueType::boolean, true);
  set("add_eos_token", ValueType::boolean, true);
  const auto tokenizer = read();
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->size(), 261);
  EXPECT_EQ(tokenizer->encode("ab", {.add_end = true}), (std::vector<Token>{257, 256, 258}));
  EXPECT_TRUE(tokenizer->is_end(258) && tokenizer->is_end(259) && tokenizer->is_end(260));
}

TEST_F(TokenizerFromGguf, ReadsSentencePiece) {
  set("model", ValueType::string, std::string("llama"));
  set("tokens", ValueType::array, std::vector<std::string>{"<unk>", "<s>", "</s>", "\xE2\x96\x81", "a", "aa"},
      ValueType::string);
  set("token_type", ValueType::array, std::vector<std::int64_t>{2, 3, 3, 1, 1, 1}, ValueType::i32);
  set("scores", ValueType::array, std::vector<double>{0, 0, 0, -3, -2, -1}, ValueType::f32);
  set("add_space_prefix", ValueType::boolean, false);
  set("unknown_token_id", ValueType::u32, std::uint64_t{0});
  const auto tokenizer = read();
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->encode("aaa b"), (std::vector<Token>{1, 5, 4, 3, 0}));
}

TEST_F(TokenizerFromGguf, IdsThatMeanNone) {
  // Both occur in files in the wild.
  set_vocabulary(test::tiny_vocabulary({}));
  set("padding_token_id", ValueType::u32, std::uint64_t{4294967295});
  set("bos_token_id", ValueType::i32, std::int64_t{-1});
  const auto tokenizer = read();
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->bos(), std::nullopt);
}

TEST_F(TokenizerFromGguf, AKeyOfTheWrongTypeIsNamed) {
  const std::vector<std::pair<std::string, Entry>> wrong{
      {"model", {"", ValueType::u32, ValueType::u8, std::uint64_t{1}}},
      {"pre", {"", ValueType::boolean, ValueType::u8, true}},
      {"tokens", {"", ValueType::string, ValueType::u8, std::string("a")}},
      {"merges", {"", ValueType::array, ValueType::f32, std::vector<double>{1}}},
      {"token_type", {"", ValueType::array, ValueType::string, std::vector<std::string>{"a"}}},
      {"bos_token_id", {"", ValueType::string, ValueType::u8, std::string("<s>")}},
      {"fim_pad_token_id", {"", ValueType::f32, ValueType::u8, 1.5}},
      {"add_bos_token", {"", ValueType::u32, ValueType::u8, std::uint64_t{1}}},
  };
  for (const auto& [name, entry] : wrong) {
    writer_ = {};
    set_vocabulary(test::tiny_vocabulary({}));
    set(name, entry.type, entry.value, entry.element_type);
    const auto tokenizer = read();
    ASSERT_FALSE(tokenizer) << name;
    EXPECT_EQ(tokenizer.error().code, ErrorCode::bad_model) << name;
    EXPECT_EQ(tokenizer.error().where, "tokenizer.ggml." + name);
  }
}

TEST_F(TokenizerFromGguf, AFileWithoutATokenizerSaysSo) {
  const auto tokenizer = read();
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::bad_model);
  EXPECT_EQ(tokenizer.error().where, "tokenizer.ggml.model");
}

}  // namespace
}  // namespace mobiedit

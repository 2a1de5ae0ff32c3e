#include "lab/bench/made_up_vocabulary.h"

#include <unordered_set>

#include "base/random.h"
#include "model/tokenizer/byte_mapping.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit {
namespace {

constexpr int normal = 1, control = 3;

class Maker {
 public:
  explicit Maker(std::size_t size) : size_(size) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string character;
      tokenizer::utf8_append(character, tokenizer::byte_to_character(static_cast<unsigned char>(byte)));
      add(character);
      characters_.push_back(std::move(character));
    }
  }

  // Merges go from the left, one character at a time: so a merge of one word applies to the beginning of words only.
  void add_word(std::string_view word) {
    std::string left;
    for (const char c : word) {
      const std::string& right = characters_[static_cast<unsigned char>(c)];
      if (!left.empty()) merge(left, right);
      left += right;
    }
  }

  void fill_up() {
    Random random(1);
    while (tokens.size() + 1 < size_) {
      const auto any = [&]() -> const std::string& {
        return tokens[random.below(static_cast<std::uint32_t>(tokens.size()))];
      };
      const std::string& left = any();
      const std::string& right = any();
      constexpr std::size_t longest = 16;
      if (left.size() + right.size() <= longest) merge(left, right);
    }
    tokens.emplace_back("<|endoftext|>");
    types.assign(tokens.size(), normal);
    types.back() = control;
  }

  std::vector<std::string> tokens;
  std::vector<std::string> merges;
  std::vector<std::int64_t> types;

 private:
  bool add(const std::string& token) {
    if (!known_.insert(token).second) return false;
    tokens.push_back(token);
    return true;
  }
  void merge(const std::string& left, const std::string& right) {
    if (tokens.size() + 1 >= size_) return;
    std::string merged = left + " " + right;  // `left` and `right` may lie in `tokens`, which adding moves
    if (add(left + right)) merges.push_back(std::move(merged));
  }

  std::size_t size_;
  std::vector<std::string> characters_;
  std::unordered_set<std::string> known_;
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

void add_made_up_vocabulary(gguf::Writer& writer, std::string_view splitting, int size,
                            const std::vector<std::string>& texts) {
  Maker maker(static_cast<std::size_t>(size));
  for (const std::string& text : texts) {
    std::string word;
    for (const char c : text + " ") {
      if (is_letter(c)) {
        word += c;
      } else if (!word.empty()) {
        maker.add_word(" " + word);
        maker.add_word(word);
        word.clear();
      }
    }
  }
  maker.fill_up();
  const auto end = static_cast<std::uint32_t>(maker.tokens.size() - 1);
  writer.set_string("tokenizer.ggml.model", "gpt2");
  writer.set_string("tokenizer.ggml.pre", std::string(splitting));
  writer.set({"tokenizer.ggml.tokens", gguf::ValueType::array, gguf::ValueType::string, std::move(maker.tokens)});
  writer.set({"tokenizer.ggml.merges", gguf::ValueType::array, gguf::ValueType::string, std::move(maker.merges)});
  writer.set({"tokenizer.ggml.token_type", gguf::ValueType::array, gguf::ValueType::i32, std::move(maker.types)});
  writer.set_u32("tokenizer.ggml.eos_token_id", end);
  writer.set({"tokenizer.ggml.add_bos_token", gguf::ValueType::boolean, gguf::ValueType::u8, false});
}

}  // namespace mobiedit

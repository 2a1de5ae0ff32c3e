// Tokenizer data from GGUF's tokenizer.ggml.* keys.
#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "mobiedit/gguf/file.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {
namespace {

/// Reads keys until the first that is of the wrong type, and remembers that one.
class Reader {
 public:
  explicit Reader(const gguf::File& file) : file_(file) {}

  [[nodiscard]] std::optional<Error>& error() { return error_; }

  std::string text(std::string_view key) {
    const auto* value = get<std::string>(key, "a string");
    return value ? *value : std::string();
  }

  std::vector<std::string> texts(std::string_view key) {
    const auto* value = get<std::vector<std::string>>(key, "an array of strings");
    return value ? *value : std::vector<std::string>();
  }

  std::optional<bool> flag(std::string_view key) {
    const auto* value = get<bool>(key, "a boolean");
    return value ? std::optional(*value) : std::nullopt;
  }

  /// Nullopt also for ids outside any vocabulary: real files write 4294967295 for "none".
  std::optional<Token> token(std::string_view key) {
    const gguf::Entry* entry = file_.find(key);
    if (entry == nullptr) return std::nullopt;
    std::optional<Token> token;
    const auto take = [&](auto number) {
      if (std::in_range<Token>(number)) token = static_cast<Token>(number);
    };
    if (const auto* natural = std::get_if<std::uint64_t>(&entry->value)) {
      take(*natural);
    } else if (const auto* whole = std::get_if<std::int64_t>(&entry->value)) {
      take(*whole);
    } else {
      wrong(key, "an integer");
    }
    return token;
  }

  std::vector<float> scores(std::string_view key) {
    const auto* values = get<std::vector<double>>(key, "an array of numbers");
    return values ? std::vector<float>(values->begin(), values->end()) : std::vector<float>();
  }

  std::vector<int> types(std::string_view key) {
    std::vector<int> types;
    const gguf::Entry* entry = file_.find(key);
    if (entry == nullptr) return types;
    const auto copy = [&](const auto& values) {
      types.reserve(values.size());
      for (const auto value : values) types.push_back(std::in_range<int>(value) ? static_cast<int>(value) : 0);
    };
    if (const auto* values = std::get_if<std::vector<std::int64_t>>(&entry->value)) {
      copy(*values);
    } else if (const auto* unsigned_values = std::get_if<std::vector<std::uint64_t>>(&entry->value)) {
      copy(*unsigned_values);
    } else {
      wrong(key, "an array of integers");
    }
    return types;
  }

 private:
  template <class T>
  const T* get(std::string_view key, std::string_view wanted) {
    const gguf::Entry* entry = file_.find(key);
    if (entry == nullptr) return nullptr;
    const T* value = std::get_if<T>(&entry->value);
    if (value == nullptr) wrong(key, wanted);
    return value;
  }

  void wrong(std::string_view key, std::string_view wanted) {
    if (!error_) error_ = Error{ErrorCode::bad_model, "not " + std::string(wanted), std::string(key), {}};
  }

  const gguf::File& file_;
  std::optional<Error> error_;
};

}  // namespace

Result<Tokenizer> Tokenizer::from_file(const gguf::File& file) try {
  Reader reader(file);
  TokenizerData data;
  data.model = reader.text("tokenizer.ggml.model");
  data.pre = reader.text("tokenizer.ggml.pre");
  data.tokens = reader.texts("tokenizer.ggml.tokens");
  data.merges = reader.texts("tokenizer.ggml.merges");
  data.types = reader.types("tokenizer.ggml.token_type");
  if (data.model == "llama") data.scores = reader.scores("tokenizer.ggml.scores");
  data.bos = reader.token("tokenizer.ggml.bos_token_id");
  data.eos = reader.token("tokenizer.ggml.eos_token_id");
  data.eot = reader.token("tokenizer.ggml.eot_token_id");
  data.unknown = reader.token("tokenizer.ggml.unknown_token_id");
  data.padding = reader.token("tokenizer.ggml.padding_token_id");
  data.add_bos = reader.flag("tokenizer.ggml.add_bos_token");
  data.add_eos = reader.flag("tokenizer.ggml.add_eos_token");
  data.add_space_prefix = reader.flag("tokenizer.ggml.add_space_prefix");
  for (const char* name : {"eom", "fim_pad", "fim_rep", "fim_sep"}) {
    if (const auto token = reader.token("tokenizer.ggml." + std::string(name) + "_token_id")) {
      data.other_ends.push_back(*token);
    }
  }
  if (reader.error()) return std::unexpected(std::move(*reader.error()));
  return create(std::move(data));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the vocabulary");
}

}  // namespace mobiedit

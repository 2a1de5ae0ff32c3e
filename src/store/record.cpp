#include "store/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "model/tokenizer/utf8.h"
#include "store/record_json.h"

namespace mobiedit {
namespace {

// Far above the sizes of any model, far below an overflow of the arithmetic here.
constexpr std::size_t longest_vector = std::size_t{1} << 22;

std::string without_extra_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

using Json = nlohmann::json;

bool is_utf8(std::string_view text) {
  return tokenizer::utf8_run(text, 0) == text.size();
}

/// Replaces bytes that are not UTF-8 by U+FFFD.
std::string as_utf8(const std::string& text) {
  if (is_utf8(text)) return text;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

/// Hashes each field with its length, so that two different lists of fields never hash the same bytes.
class Hash {
 public:
  Hash() { XXH3_128bits_reset(&state_); }
  void add(std::string_view text) {
    add_number(static_cast<std::int64_t>(text.size()));
    XXH3_128bits_update(&state_, text.data(), text.size());
  }
  void add_number(std::int64_t value) { XXH3_128bits_update(&state_, &value, sizeof value); }
  void add(const std::vector<float>& values) {
    add_number(static_cast<std::int64_t>(values.size()));
    XXH3_128bits_update(&state_, values.data(), values.size() * sizeof(float));
  }
  [[nodiscard]] std::string digits() const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_));
    constexpr std::string_view hexadecimal = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : canonical.digest) {
      out += hexadecimal[byte >> 4];
      out += hexadecimal[byte & 15];
    }
    return out;
  }

 private:
  XXH3_state_t state_;
};

}  // namespace

std::string fact_key(const EditRequest& request) {
  return without_extra_space(request.subject) + "\n" + without_extra_space(request.prompt);
}

bool same_fact(const EditRequest& a, const EditRequest& b) {
  return fact_key(a) == fact_key(b);
}

bool same_subject(const EditRequest& a, const EditRequest& b) {
  return without_extra_space(a.subject) == without_extra_space(b.subject);
}

std::string checksum(const StoredEdit& stored) {
  return checksum(stored, to_json(stored.edit.evidence).dump());
}

std::string checksum(const StoredEdit& stored, std::string_view evidence_text) {
  const auto& [request, update, evidence] = stored.edit;
  Hash hash;
  for (const std::string* text : {&stored.base.fingerprint, &stored.base.architecture, &stored.base.name,
                                  &request.subject, &request.prompt, &request.target_new, &stored.method})
    hash.add(*text);
  for (const auto* list : {&request.paraphrases, &request.keep}) {
    hash.add_number(static_cast<std::int64_t>(list->size()));
    for (const std::string& text : *list) hash.add(text);
  }
  hash.add_number(static_cast<std::int64_t>(stored.seed));
  hash.add_number(stored.made_at);
  hash.add_number(update.block);
  hash.add(update.left);
  hash.add(update.right);
  hash.add(evidence_text);
  return hash.digits();
}

Status check_record(const StoredEdit& stored) {
  const auto& [request, update, evidence] = stored.edit;
  std::vector<const std::string*> texts{
      &stored.base.fingerprint, &stored.base.architecture, &stored.base.name, &request.subject,
      &request.prompt,          &request.target_new,       &stored.method};
  for (const auto* probes : {&evidence.paraphrases, &evidence.keep})
    for (const ProbeResult& probe : *probes) texts.push_back(&probe.prompt);
  for (const auto* list : {&request.paraphrases, &request.keep})
    for (const std::string& text : *list) texts.push_back(&text);
  for (const std::string* text : texts) {
    if (!is_utf8(*text)) return fail(ErrorCode::usage, "a text that is not UTF-8 cannot be kept in a store");
  }
  if (update.block < 0 || update.block > largest_block) return fail(ErrorCode::usage, "an update of no block");
  for (const auto* vector : {&update.left, &update.right}) {
    if (vector->empty() || vector->size() > longest_vector)
      return fail(ErrorCode::usage, "an update with a vector of " + std::to_string(vector->size()) + " values");
    if (!std::ranges::all_of(*vector, [](float x) { return std::isfinite(x); }))
      return fail(ErrorCode::usage, "an update with values that are not finite");
  }
  return {};
}

void make_evidence_utf8(EditEvidence& evidence) {
  evidence.answer_before = as_utf8(evidence.answer_before);
  evidence.answer_after = as_utf8(evidence.answer_after);
  for (auto* probes : {&evidence.paraphrases, &evidence.keep}) {
    for (ProbeResult& probe : *probes) {
      probe.before = as_utf8(probe.before);
      probe.after = as_utf8(probe.after);
    }
  }
}

}  // namespace mobiedit

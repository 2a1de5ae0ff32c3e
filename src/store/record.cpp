#include "store/record.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <variant>

#include "base/fingerprint.h"
#include "mobiedit/store/errors.h"
#include "model/tokenizer/utf8.h"
#include "store/record_json.h"

namespace mobiedit {
namespace {

// Hidden sizes are below 2^17. A vector of this length still fits a database value.
constexpr std::size_t longest_vector = std::size_t{1} << 22;

using Json = nlohmann::json;

bool is_utf8(std::string_view text) {
  return tokenizer::utf8_run(text, 0) == text.size();
}

/// Replaces bytes that are not UTF-8 by U+FFFD.
std::string as_utf8(const std::string& text) {
  if (is_utf8(text)) return text;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

constexpr const char* not_utf8 = "a text that is not UTF-8 cannot be kept in a store";

Status check_vectors(int layer, std::initializer_list<const std::vector<float>*> vectors) {
  if (layer < 0 || layer > largest_block) return fail(store_errors::update, "an update of no layer");
  for (const auto* vector : vectors) {
    if (vector->empty() || vector->size() > longest_vector)
      return fail(store_errors::update, "an update with a vector of " + std::to_string(vector->size()) + " values");
    if (!std::ranges::all_of(*vector, [](float x) { return std::isfinite(x); }))
      return fail(store_errors::update, "an update with values that are not finite");
  }
  return {};
}

/// Hashes each field with its length, so that two different lists of fields never hash the same bytes.
class Hash {
 public:
  void add(std::string_view text) {
    add_number(static_cast<std::int64_t>(text.size()));
    whole_.add(std::as_bytes(std::span(text)));
  }
  void add_number(std::int64_t value) { whole_.add(std::as_bytes(std::span(&value, 1))); }
  void add(const std::vector<float>& values) {
    add_number(static_cast<std::int64_t>(values.size()));
    whole_.add(std::as_bytes(std::span(values)));
  }
  void add(const Neuron& neuron) {
    add_number(neuron.layer);
    for (const auto* vector : {&neuron.gate, &neuron.up, &neuron.down}) add(*vector);
  }
  void add(const std::vector<ServedFact>& facts) {
    add_number(static_cast<std::int64_t>(facts.size()));
    for (const ServedFact& fact : facts) {
      add(fact.prompt);
      add(fact.target_new);
    }
  }
  [[nodiscard]] std::string digits() const { return whole_.digits(); }

 private:
  Fingerprint whole_;
};

}  // namespace

std::string checksum(const Edit& edit) {
  return checksum(edit, to_json(edit.evidence).dump(), origin_text(edit.origin));
}

// Version 1 of the store knew no origin: an edit of that age has the text of an empty one, and keeps its checksum.
std::string checksum(const Edit& edit, std::string_view evidence_text, std::string_view origin_text) {
  const EditRequest& request = edit.request;
  const EditOrigin& origin = edit.origin;
  Hash hash;
  for (const std::string* text : {&origin.base.fingerprint, &origin.base.architecture, &origin.base.name,
                                  &request.subject, &request.prompt, &request.target_new, &origin.method})
    hash.add(*text);
  for (const auto* list : {&request.paraphrases, &request.keep}) {
    hash.add_number(static_cast<std::int64_t>(list->size()));
    for (const std::string& text : *list) hash.add(text);
  }
  hash.add_number(static_cast<std::int64_t>(origin.seed));
  hash.add_number(origin.made_at);
  if (const auto* neuron = std::get_if<Neuron>(&edit.update)) {
    hash.add(neuron_kind);
    hash.add(*neuron);
    hash.add(edit.found_with);
  } else {
    const auto& update = std::get<RankOneUpdate>(edit.update);
    hash.add_number(update.block);
    hash.add(update.left);
    hash.add(update.right);
  }
  hash.add(evidence_text);
  if (origin_text != empty_origin_text) hash.add(origin_text);
  return hash.digits();
}

std::string checksum(const SharedNeuron& shared) {
  Hash hash;
  hash.add(shared.neuron);
  hash.add(shared.others);
  return hash.digits();
}

Status check_neuron(const SharedNeuron& shared) {
  const Neuron& neuron = shared.neuron;
  for (const ServedFact& fact : shared.others)
    for (const std::string* text : {&fact.prompt, &fact.target_new})
      if (!is_utf8(*text)) return fail(store_errors::text, not_utf8);
  if (auto sound = check_vectors(neuron.layer, {&neuron.gate, &neuron.up, &neuron.down}); !sound) return sound;
  if (neuron.up.size() == neuron.gate.size() && neuron.down.size() == neuron.gate.size()) return {};
  return fail(store_errors::update, "a neuron whose vectors have " + std::to_string(neuron.gate.size()) + ", " +
                                        std::to_string(neuron.up.size()) + " and " +
                                        std::to_string(neuron.down.size()) + " values");
}

Status check_record(const Edit& edit) {
  const EditRequest& request = edit.request;
  const EditOrigin& origin = edit.origin;
  std::vector<const std::string*> texts{&origin.base.fingerprint, &origin.base.architecture, &origin.base.name,
                                        &request.subject,         &request.prompt,           &request.target_new,
                                        &origin.method,           &origin.value_search,      &origin.layer_choice,
                                        &origin.statistics_name,  &origin.statistics_hash};
  for (const auto* probes : {&edit.evidence.paraphrases, &edit.evidence.keep})
    for (const ProbeResult& probe : *probes) texts.push_back(&probe.prompt);
  for (const auto* list : {&request.paraphrases, &request.keep})
    for (const std::string& text : *list) texts.push_back(&text);
  for (const MethodSetting& setting : origin.settings) texts.push_back(&setting.name);
  for (const std::string* text : texts) {
    if (!is_utf8(*text)) return fail(store_errors::text, not_utf8);
  }
  const auto* neuron = std::get_if<Neuron>(&edit.update);
  if (neuron == nullptr) {
    const auto& update = std::get<RankOneUpdate>(edit.update);
    if (!edit.found_with.empty() || !edit.found_again.empty())
      return fail(store_errors::update, "a rank-one update that was found for several facts");
    return check_vectors(update.block, {&update.left, &update.right});
  }
  for (const SharedNeuron& shared : edit.found_again) {
    if (auto sound = check_neuron(shared); !sound) return sound;
    if (shared.neuron.layer != neuron->layer)
      return fail(store_errors::update, "an edit with neurons of several layers");
  }
  return check_neuron({*neuron, edit.found_with});
}

void make_utf8(Edit& edit) {
  EditEvidence& evidence = edit.evidence;
  evidence.answer_before = as_utf8(evidence.answer_before);
  evidence.answer_after = as_utf8(evidence.answer_after);
  for (auto* probes : {&evidence.paraphrases, &evidence.keep}) {
    for (ProbeResult& probe : *probes) {
      probe.before = as_utf8(probe.before);
      probe.after = as_utf8(probe.after);
    }
  }
  edit.origin.statistics_name = as_utf8(edit.origin.statistics_name);
}

}  // namespace mobiedit

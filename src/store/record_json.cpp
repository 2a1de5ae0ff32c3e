#include "store/record_json.h"

#include <cstdint>
#include <limits>

#include "store/json_fields.h"

namespace mobiedit {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::int64_t largest_count = std::numeric_limits<int>::max();

OrderedJson probes_json(const std::vector<ProbeResult>& probes) {
  OrderedJson list = OrderedJson::array();
  for (const ProbeResult& probe : probes) {
    list.push_back(
        {{"prompt", probe.prompt}, {"before", probe.before}, {"after", probe.after}, {"as_wanted", probe.as_wanted}});
  }
  return list;
}

}  // namespace

OrderedJson to_json(const EditEvidence& e) {
  OrderedJson json{{"success", e.success},
                   {"layer", e.layer},
                   {"steps", e.steps},
                   {"evaluations", e.evaluations},
                   {"seconds", e.seconds},
                   {"loss", e.loss},
                   {"target_probability_before", e.target_probability_before},
                   {"target_probability_after", e.target_probability_after},
                   {"answer_before", e.answer_before},
                   {"answer_after", e.answer_after},
                   {"delta_norm_ratio", e.delta_norm_ratio},
                   {"update_norm_ratio", e.update_norm_ratio},
                   {"paraphrases", probes_json(e.paraphrases)},
                   {"keep", probes_json(e.keep)}};
  // Left out at 0, as in records that are older than the field: their checksums hold.
  if (e.perplexity_before > 0) json["perplexity_before"] = e.perplexity_before;
  if (e.perplexity_after > 0) json["perplexity_after"] = e.perplexity_after;
  if (e.wordings > 0) json["wordings"] = e.wordings;
  if (e.integer_work > 0) json["integer_work"] = e.integer_work;
  if (e.float_work > 0) json["float_work"] = e.float_work;
  if (e.tokens > 0) json["tokens"] = e.tokens;
  return json;
}

std::optional<EditEvidence> evidence_from(const Json& json) {
  Fields fields(json);
  EditEvidence e;
  e.success = fields.boolean("success");
  e.layer = static_cast<int>(fields.integer("layer", 0, largest_block));
  e.steps = static_cast<int>(fields.integer("steps", 0, largest_count));
  e.evaluations = static_cast<int>(fields.integer("evaluations", 0, largest_count));
  e.seconds = fields.number("seconds");
  e.loss = fields.number("loss");
  e.target_probability_before = fields.number("target_probability_before");
  e.target_probability_after = fields.number("target_probability_after");
  e.answer_before = fields.text("answer_before");
  e.answer_after = fields.text("answer_after");
  e.delta_norm_ratio = fields.number("delta_norm_ratio");
  e.update_norm_ratio = fields.number("update_norm_ratio");
  if (fields.has("perplexity_before")) e.perplexity_before = fields.number("perplexity_before");
  if (fields.has("perplexity_after")) e.perplexity_after = fields.number("perplexity_after");
  if (fields.has("wordings")) e.wordings = static_cast<int>(fields.integer("wordings", 0, largest_count));
  if (fields.has("integer_work")) e.integer_work = fields.number("integer_work");
  if (fields.has("float_work")) e.float_work = fields.number("float_work");
  if (fields.has("tokens")) e.tokens = fields.number("tokens");
  e.paraphrases = fields.probes("paraphrases");
  e.keep = fields.probes("keep");
  if (!fields.sound()) return std::nullopt;
  return e;
}

OrderedJson to_json(const EditOrigin& origin) {
  OrderedJson json = OrderedJson::object();
  if (!origin.value_search.empty()) json["value_search"] = origin.value_search;
  if (origin.max_evaluations > 0) json["max_evaluations"] = origin.max_evaluations;
  if (origin.clamp > 0) json["clamp"] = origin.clamp;
  if (origin.confidence_threshold) json["confidence_threshold"] = *origin.confidence_threshold;
  if (origin.fisher_metric) json["fisher_metric"] = true;
  for (const MethodSetting& setting : origin.settings)
    json["settings"].push_back({{"name", setting.name}, {"value", setting.value}});
  if (!origin.layer_choice.empty()) json["layer_choice"] = origin.layer_choice;
  if (!origin.statistics_name.empty()) json["statistics_name"] = origin.statistics_name;
  if (!origin.statistics_hash.empty()) json["statistics_hash"] = origin.statistics_hash;
  if (origin.edits_underneath > 0) json["edits_underneath"] = origin.edits_underneath;
  return json;
}

std::string origin_text(const EditOrigin& origin) {
  return to_json(origin).dump();
}

bool read_origin(const Json& json, EditOrigin& origin) {
  Fields fields(json);
  if (!fields.sound()) return false;
  if (fields.has("value_search")) origin.value_search = fields.text("value_search");
  if (fields.has("max_evaluations"))
    origin.max_evaluations = static_cast<int>(fields.integer("max_evaluations", 0, largest_count));
  if (fields.has("clamp")) origin.clamp = fields.number("clamp");
  if (fields.has("confidence_threshold")) origin.confidence_threshold = fields.number("confidence_threshold");
  if (fields.has("fisher_metric")) origin.fisher_metric = fields.boolean("fisher_metric");
  if (fields.has("settings")) origin.settings = fields.settings("settings");
  if (fields.has("layer_choice")) origin.layer_choice = fields.text("layer_choice");
  if (fields.has("statistics_name")) origin.statistics_name = fields.text("statistics_name");
  if (fields.has("statistics_hash")) origin.statistics_hash = fields.text("statistics_hash");
  if (fields.has("edits_underneath"))
    origin.edits_underneath = static_cast<int>(fields.integer("edits_underneath", 0, largest_count));
  return fields.sound();
}

OrderedJson to_json(const std::vector<ServedFact>& facts) {
  OrderedJson list = OrderedJson::array();
  for (const ServedFact& fact : facts) list.push_back({{"prompt", fact.prompt}, {"target_new", fact.target_new}});
  return list;
}

std::optional<std::vector<ServedFact>> served_from(const Json& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<ServedFact> facts;
  for (const Json& entry : json) {
    Fields fields(entry);
    facts.push_back({fields.text("prompt"), fields.text("target_new")});
    if (!fields.sound()) return std::nullopt;
  }
  return facts;
}

std::string to_json_list(const std::vector<std::string>& texts) {
  return Json(texts).dump();
}

std::optional<std::vector<std::string>> texts_from(const Json& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const Json& entry : json) {
    if (!entry.is_string()) return std::nullopt;
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

}  // namespace mobiedit

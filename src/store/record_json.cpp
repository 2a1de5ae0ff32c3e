#include "store/record_json.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "store/base64.h"
#include "store/record.h"
#include "store/timestamp.h"

namespace mobiedit {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* line_schema = "mobiedit.stored-edit/2";
constexpr const char* first_line_schema = "mobiedit.stored-edit/1";  // without kind and origin
constexpr std::int64_t largest_count = std::numeric_limits<int>::max();

OrderedJson probes_json(const std::vector<ProbeResult>& probes) {
  OrderedJson list = OrderedJson::array();
  for (const ProbeResult& probe : probes) {
    list.push_back(
        {{"prompt", probe.prompt}, {"before", probe.before}, {"after", probe.after}, {"as_wanted", probe.as_wanted}});
  }
  return list;
}

/// Reads fields of an object, and notes if one is missing or of another type.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json), sound_(json.is_object()) {}
  [[nodiscard]] bool sound() const { return sound_; }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  [[nodiscard]] bool has(const char* name) const { return json_.contains(name); }

  std::string text(const char* name) {
    const Json* found = find(name, &Json::is_string);
    return found == nullptr ? std::string() : found->get<std::string>();
  }
  double number(const char* name) {
    const Json* found = find(name, &Json::is_number);
    return found == nullptr ? 0 : found->get<double>();
  }
  std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) {
    const Json* found = find(name, &Json::is_number_integer);
    if (found == nullptr) return 0;
    // A number of 64 bits would turn negative.
    if (found->is_number_unsigned() &&
        found->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return refuse(name);
    }
    const auto value = found->get<std::int64_t>();
    return value < least || value > most ? refuse(name) : value;
  }
  std::uint64_t seed(const char* name) {
    const Json* found = find(name, &Json::is_number_unsigned);
    return found == nullptr ? 0 : found->get<std::uint64_t>();
  }
  bool boolean(const char* name) {
    const Json* found = find(name, &Json::is_boolean);
    return found != nullptr && found->get<bool>();
  }
  std::vector<std::string> texts(const char* name) {
    const Json* found = find(name, &Json::is_array);
    auto list = found == nullptr ? std::nullopt : texts_from(*found);
    if (!list) return refuse(name), std::vector<std::string>();
    return std::move(*list);
  }
  std::vector<ProbeResult> probes(const char* name) {
    const Json* found = find(name, &Json::is_array);
    std::vector<ProbeResult> list;
    if (found == nullptr) return list;
    for (const Json& entry : *found) {
      Fields fields(entry);
      list.push_back({fields.text("prompt"), fields.text("before"), fields.text("after"), fields.boolean("as_wanted")});
      if (!fields.sound()) refuse(name);
    }
    return list;
  }
  std::vector<MethodSetting> settings(const char* name) {
    const Json* found = find(name, &Json::is_array);
    std::vector<MethodSetting> list;
    if (found == nullptr) return list;
    for (const Json& entry : *found) {
      Fields fields(entry);
      list.push_back({fields.text("name"), fields.number("value")});
      if (!fields.sound()) refuse(name);
    }
    return list;
  }
  std::vector<float> floats(const char* name) {
    const auto bytes = from_base64(text(name));
    if (!bytes || bytes->size() % sizeof(float) != 0) return refuse(name), std::vector<float>();
    std::vector<float> values(bytes->size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes->data(), bytes->size());
    return values;
  }
  const Json& object(const char* name) {
    static const Json none;
    const Json* found = find(name, &Json::is_object);
    return found == nullptr ? none : *found;
  }
  std::int64_t refuse(const char* name) {
    if (sound_) wrong_ = name;
    sound_ = false;
    return 0;
  }

 private:
  const Json* find(const char* name, bool (Json::*kind)() const noexcept) {
    if (json_.is_object()) {
      const auto found = json_.find(name);
      if (found != json_.end() && ((*found).*kind)()) return &*found;
    }
    refuse(name);
    return nullptr;
  }

  const Json& json_;
  bool sound_;
  std::string wrong_;
};

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

namespace {

OrderedJson origin_json(const EditOrigin& origin) {
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

}  // namespace

std::string origin_text(const EditOrigin& origin) {
  return origin_json(origin).dump();
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

std::string to_line(const Edit& edit) {
  const EditRequest& request = edit.request;
  const EditOrigin& origin = edit.origin;
  const OrderedJson line{{"schema", line_schema},
                         {"id", edit.id},
                         {"subject", request.subject},
                         {"prompt", request.prompt},
                         {"target_new", request.target_new},
                         {"paraphrases", request.paraphrases},
                         {"keep", request.keep},
                         {"enabled", edit.enabled},
                         {"made_at", to_timestamp(origin.made_at)},
                         {"method", origin.method},
                         {"seed", origin.seed},
                         {"base",
                          {{"fingerprint", origin.base.fingerprint},
                           {"architecture", origin.base.architecture},
                           {"name", origin.base.name}}},
                         {"origin", origin_json(origin)},
                         {"evidence", to_json(edit.evidence)},
                         {"kind", rank_one_kind},
                         {"block", edit.update.block},
                         {"left", to_base64(std::as_bytes(std::span(edit.update.left)))},
                         {"right", to_base64(std::as_bytes(std::span(edit.update.right)))},
                         {"checksum", checksum(edit)}};
  return line.dump();
}

Result<Edit> from_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return fail(ErrorCode::usage, "is not JSON");
  if (!json.is_object()) return fail(ErrorCode::usage, "is not an object");
  Fields fields(json);
  const std::string schema = fields.text("schema");
  if (schema != line_schema && schema != first_line_schema) {
    return fail(ErrorCode::usage, std::string("has no \"schema\": \"") + line_schema + "\"");
  }
  Edit edit;
  EditRequest& request = edit.request;
  EditOrigin& origin = edit.origin;
  edit.id = fields.integer("id", 1, std::numeric_limits<std::int64_t>::max());
  request = {fields.text("subject"), fields.text("prompt"), fields.text("target_new"), fields.texts("paraphrases"),
             fields.texts("keep")};
  edit.enabled = fields.boolean("enabled");
  const auto made_at = from_timestamp(fields.text("made_at"));
  if (!made_at) fields.refuse("made_at");
  origin.made_at = made_at.value_or(0);
  origin.method = fields.text("method");
  origin.seed = fields.seed("seed");
  Fields base(fields.object("base"));
  origin.base = {base.text("fingerprint"), base.text("architecture"), base.text("name")};
  if (!base.sound()) fields.refuse("base");
  if (schema == line_schema) {
    if (fields.text("kind") != rank_one_kind) fields.refuse("kind");
    if (!read_origin(fields.object("origin"), origin)) fields.refuse("origin");
  }
  auto measured = evidence_from(fields.object("evidence"));
  if (!measured) fields.refuse("evidence");
  if (measured) edit.evidence = std::move(*measured);
  edit.update.block = static_cast<int>(fields.integer("block", 0, largest_block));
  edit.update.left = fields.floats("left");
  edit.update.right = fields.floats("right");
  const std::string sum = fields.text("checksum");
  if (!fields.sound()) {
    return fail(ErrorCode::usage, "its field \"" + fields.wrong() + "\" is missing or not what it should be");
  }
  if (auto sound = check_record(edit); !sound) return std::unexpected(sound.error());
  if (sum != checksum(edit))
    return fail(ErrorCode::usage, "does not agree with its checksum: it was changed or damaged");
  return edit;
}

}  // namespace mobiedit

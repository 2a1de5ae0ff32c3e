#include "store/dump_line.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "store/base64.h"
#include "store/json_fields.h"
#include "store/record.h"
#include "store/record_json.h"
#include "store/timestamp.h"

namespace mobiedit {
namespace {

constexpr const char* line_schema = "mobiedit.stored-edit/2";
constexpr const char* first_line_schema = "mobiedit.stored-edit/1";  // without kind and origin

}  // namespace

std::string to_line(const Edit& edit) {
  const EditRequest& request = edit.request;
  const EditOrigin& origin = edit.origin;
  const auto& update = std::get<RankOneUpdate>(edit.update);
  const nlohmann::ordered_json line{{"schema", line_schema},
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
                                    {"origin", to_json(origin)},
                                    {"evidence", to_json(edit.evidence)},
                                    {"kind", rank_one_kind},
                                    {"block", update.block},
                                    {"left", to_base64(std::as_bytes(std::span(update.left)))},
                                    {"right", to_base64(std::as_bytes(std::span(update.right)))},
                                    {"checksum", checksum(edit)}};
  return line.dump();
}

Result<Edit> from_line(std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
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
  edit.update = RankOneUpdate{static_cast<int>(fields.integer("block", 0, largest_block)), fields.floats("left"),
                              fields.floats("right")};
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

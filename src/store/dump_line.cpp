#include "store/dump_line.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "mobiedit/store/errors.h"
#include "store/base64.h"
#include "store/json_fields.h"
#include "store/record.h"
#include "store/record_json.h"
#include "store/timestamp.h"

namespace mobiedit {
namespace {

constexpr const char* line_schema = "mobiedit.stored-edit/2";
// Schema of edits whose update is a neuron.
constexpr const char* neuron_line_schema = "mobiedit.stored-edit/3";
constexpr const char* first_line_schema = "mobiedit.stored-edit/1";  // schema of lines without kind and origin

using OrderedJson = nlohmann::ordered_json;

std::string encoded(const std::vector<float>& values) {
  return to_base64(std::as_bytes(std::span(values)));
}

void add_neuron(OrderedJson& line, const SharedNeuron& shared) {
  line["gate"] = encoded(shared.neuron.gate);
  line["up"] = encoded(shared.neuron.up);
  line["down"] = encoded(shared.neuron.down);
  line["found_with"] = to_json(shared.others);
}

void add_update(OrderedJson& line, const Edit& edit) {
  line["kind"] = kind_of(edit.update);
  const auto* neuron = std::get_if<Neuron>(&edit.update);
  if (neuron == nullptr) {
    const auto& update = std::get<RankOneUpdate>(edit.update);
    line["block"] = update.block;
    line["left"] = encoded(update.left);
    line["right"] = encoded(update.right);
    return;
  }
  line["layer"] = neuron->layer;
  add_neuron(line, {*neuron, edit.found_with});
  OrderedJson& again = line["found_again"] = OrderedJson::array();
  for (const SharedNeuron& shared : edit.found_again) {
    OrderedJson& entry = again.emplace_back(OrderedJson::object());
    add_neuron(entry, shared);
    entry["checksum"] = checksum(shared);
  }
}

SharedNeuron read_neuron(Fields& fields, int layer) {
  SharedNeuron shared{{layer, fields.floats("gate"), fields.floats("up"), fields.floats("down")}, {}};
  auto others = served_from(fields.list("found_with"));
  if (others) shared.others = std::move(*others);
  if (!others) fields.refuse("found_with");
  return shared;
}

/// Reads the update and the fields beside it into the edit; `fields` notes the first that is wrong.
void read_update(Fields& fields, Edit& edit, bool is_neuron) {
  if (!is_neuron) {
    edit.update = RankOneUpdate{static_cast<int>(fields.integer("block", 0, largest_block)), fields.floats("left"),
                                fields.floats("right")};
    return;
  }
  const auto layer = static_cast<int>(fields.integer("layer", 0, largest_block));
  SharedNeuron own = read_neuron(fields, layer);
  edit.update = std::move(own.neuron);
  edit.found_with = std::move(own.others);
  for (const nlohmann::json& entry : fields.list("found_again")) {
    Fields again(entry);
    edit.found_again.push_back(read_neuron(again, layer));
    if (again.text("checksum") != checksum(edit.found_again.back()) || !again.sound()) fields.refuse("found_again");
  }
}

}  // namespace

std::string to_line(const Edit& edit) {
  const EditRequest& request = edit.request;
  const EditOrigin& origin = edit.origin;
  const bool is_neuron = std::holds_alternative<Neuron>(edit.update);
  OrderedJson line{{"schema", is_neuron ? neuron_line_schema : line_schema},
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
                   {"evidence", to_json(edit.evidence)}};
  add_update(line, edit);
  line["checksum"] = checksum(edit);
  return line.dump();
}

Result<Edit> from_line(std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_discarded()) return fail(store_errors::line, "is not JSON");
  if (!json.is_object()) return fail(store_errors::line, "is not an object");
  Fields fields(json);
  const std::string schema = fields.text("schema");
  const bool is_neuron = schema == neuron_line_schema;
  if (!is_neuron && schema != line_schema && schema != first_line_schema) {
    return fail(store_errors::line, std::string("has no \"schema\": \"") + line_schema + "\"");
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
  if (schema != first_line_schema) {
    if (fields.text("kind") != (is_neuron ? neuron_kind : rank_one_kind)) fields.refuse("kind");
    if (!read_origin(fields.object("origin"), origin)) fields.refuse("origin");
  }
  auto measured = evidence_from(fields.object("evidence"));
  if (!measured) fields.refuse("evidence");
  if (measured) edit.evidence = std::move(*measured);
  read_update(fields, edit, is_neuron);
  const std::string sum = fields.text("checksum");
  if (!fields.sound()) {
    return fail(store_errors::field, "its field \"" + fields.wrong() + "\" is missing or not what it should be");
  }
  if (auto sound = check_record(edit); !sound) return std::unexpected(sound.error());
  if (sum != checksum(edit))
    return fail(store_errors::checksum, "does not agree with its checksum: it was changed or damaged");
  return edit;
}

}  // namespace mobiedit

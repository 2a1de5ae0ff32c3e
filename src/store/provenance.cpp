#include "store/provenance.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace mobiedit {
namespace {

constexpr const char* version_key = "mobiedit.version";
constexpr const char* base_key = "mobiedit.base_fingerprint";
constexpr const char* edits_key = "mobiedit.edits";

std::optional<EditRecord> record_from(const nlohmann::json& json) {
  const auto text = [&](const char* name) -> std::optional<std::string> {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  if (!json.is_object()) return std::nullopt;
  const auto subject = text("subject");
  const auto prompt = text("prompt");
  const auto target = text("target_new");
  const auto block = json.find("layer");
  if (!subject || !prompt || !target || block == json.end() || !block->is_number_integer()) return std::nullopt;
  const auto index = block->get<std::int64_t>();
  if (index < 0 || index > 1'000'000) return std::nullopt;
  EditRecord record{*subject, *prompt, *target, text("method").value_or(""), static_cast<int>(index), 0};
  const auto seed = json.find("seed");
  if (seed != json.end() && seed->is_number_unsigned()) record.seed = seed->get<std::uint64_t>();
  return record;
}

}  // namespace

std::string edited_tensor(int block) {
  return "blk." + std::to_string(block) + ".ffn_down.weight";
}

void set_provenance(gguf::Writer& writer, const Provenance& provenance) {
  auto list = nlohmann::ordered_json::array();
  for (const EditRecord& edit : provenance.edits) {
    list.push_back({{"subject", edit.subject},
                    {"prompt", edit.prompt},
                    {"target_new", edit.target_new},
                    {"method", edit.method},
                    {"layer", edit.block},
                    {"seed", edit.seed}});
  }
  writer.set_string(version_key, provenance.version);
  writer.set_string(base_key, provenance.base_fingerprint);
  // A request may hold any bytes; JSON may not.
  writer.set_string(edits_key, list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

Result<Provenance> get_provenance(const gguf::File& file) {
  Provenance provenance;
  const auto version = file.string(version_key);
  if (!version) return std::unexpected(version.error());
  const auto base = file.string(base_key);
  if (!base) return std::unexpected(base.error());
  const auto edits = file.string(edits_key);
  if (!edits) return std::unexpected(edits.error());
  provenance.version = version->value_or("");
  provenance.base_fingerprint = base->value_or("");
  if (!*edits) return provenance;

  const auto list = nlohmann::json::parse(**edits, nullptr, false);
  bool sound = list.is_array();
  for (std::size_t i = 0; sound && i < list.size(); ++i) {
    auto record = record_from(list[i]);
    if (record) provenance.edits.push_back(std::move(*record));
    sound = record.has_value();
  }
  if (!sound) {
    return fail(ErrorCode::bad_model, std::string(edits_key) + " is not a list of edits as mobiedit writes it",
                file.path().string());
  }
  return provenance;
}

}  // namespace mobiedit

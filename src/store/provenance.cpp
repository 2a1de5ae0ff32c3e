#include "store/provenance.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/try.h"
#include "mobiedit/base/version.h"
#include "store/record.h"

namespace mobiedit {
namespace {

constexpr const char* version_key = "mobiedit.version";
constexpr const char* base_key = "mobiedit.base_fingerprint";
constexpr const char* edits_key = "mobiedit.edits";
constexpr const char* hashes_key = "mobiedit.tensors";

std::optional<EditInfo> info_from(const nlohmann::json& json) {
  const auto text = [&](const char* name) -> std::optional<std::string> {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  if (!json.is_object()) return std::nullopt;
  const auto subject = text("subject");
  const auto prompt = text("prompt");
  const auto target = text("target_new");
  const auto layer = json.find("layer");
  if (!subject || !prompt || !target || layer == json.end() || !layer->is_number_integer()) return std::nullopt;
  const auto index = layer->get<std::int64_t>();
  if (index < 0 || index > 1'000'000) return std::nullopt;
  EditInfo record;
  record.subject = *subject;
  record.prompt = *prompt;
  record.target_new = *target;
  record.method = text("method").value_or("");
  record.kind = text("kind").value_or(std::string(rank_one_kind));
  record.layer = static_cast<int>(index);
  const auto seed = json.find("seed");
  if (seed != json.end() && seed->is_number_unsigned()) record.seed = seed->get<std::uint64_t>();
  return record;
}

}  // namespace

std::string edited_tensor(int block) {
  return "blk." + std::to_string(block) + ".ffn_down.weight";
}

std::vector<std::string> edited_tensors(const EditInfo& edit) {
  if (edit.kind == rank_one_kind) return {edited_tensor(edit.layer)};
  const std::string start = "blk." + std::to_string(edit.layer) + ".";
  return {edited_tensor(edit.layer), start + "ffn_gate.weight", start + "ffn_up.weight"};
}

void set_provenance(gguf::Writer& writer, const Provenance& provenance) {
  auto list = nlohmann::ordered_json::array();
  for (const EditInfo& edit : provenance.edits) {
    auto& entry = list.emplace_back(nlohmann::ordered_json{{"subject", edit.subject},
                                                           {"prompt", edit.prompt},
                                                           {"target_new", edit.target_new},
                                                           {"method", edit.method},
                                                           {"layer", edit.layer},
                                                           {"seed", edit.seed}});
    // Left out where it is rank-one, as in files that are older than the field.
    if (edit.kind != rank_one_kind) entry["kind"] = edit.kind;
  }
  writer.set_string(version_key, provenance.version);
  writer.set_string(base_key, provenance.base_fingerprint);
  // A request may hold any bytes; JSON may not.
  writer.set_string(edits_key, list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void set_hashes(gguf::Writer& writer, const std::map<std::string, std::string>& hashes) {
  writer.set_string(hashes_key, nlohmann::json(hashes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<std::map<std::string, std::string>> get_hashes(const gguf::File& file) {
  MOBIEDIT_TRY(const auto text, file.string(hashes_key));
  std::map<std::string, std::string> hashes;
  if (!text) return hashes;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  bool sound = json.is_object();
  if (sound) {
    for (const auto& [name, hash] : json.items()) {
      sound = sound && hash.is_string();
      if (sound) hashes[name] = hash.get<std::string>();
    }
  }
  if (sound) return hashes;
  return fail(ErrorCode::bad_model, std::string(hashes_key) + " is not what mobiedit writes there",
              file.path().string());
}

Provenance provenance_of(const std::string& base_fingerprint, std::span<const Edit* const> edits) {
  Provenance provenance{std::string(version()), base_fingerprint, {}};
  for (const Edit* edit : edits) {
    EditInfo info = info_of(*edit);
    // A file says of its edits what they are about and how they were found, not where they are kept.
    info.id = 0;
    info.base = {};
    info.made_at = 0;
    info.enabled = true;
    provenance.edits.push_back(std::move(info));
  }
  return provenance;
}

Result<std::vector<EditInfo>> edits_in(const gguf::File& file) {
  MOBIEDIT_TRY(auto provenance, get_provenance(file));
  return std::move(provenance.edits);
}

Result<Provenance> get_provenance(const gguf::File& file) {
  Provenance provenance;
  MOBIEDIT_TRY(const auto version, file.string(version_key));
  MOBIEDIT_TRY(const auto base, file.string(base_key));
  MOBIEDIT_TRY(const auto edits, file.string(edits_key));
  provenance.version = version.value_or("");
  provenance.base_fingerprint = base.value_or("");
  if (!edits) return provenance;

  const auto list = nlohmann::json::parse(*edits, nullptr, false);
  bool sound = list.is_array();
  for (std::size_t i = 0; sound && i < list.size(); ++i) {
    auto record = info_from(list[i]);
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

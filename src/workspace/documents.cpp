#include "workspace/documents.h"

#include <cmath>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "io/available_memory.h"
#include "io/peak_memory.h"
#include "mobiedit/eval/measure.h"
#include "store/timestamp.h"
#include "workspace/found_with.h"

namespace mobiedit {

using Json = nlohmann::ordered_json;

namespace {

Json probes_json(const std::vector<ProbeResult>& probes) {
  Json list = Json::array();
  for (const ProbeResult& probe : probes) {
    list.push_back({{"prompt", probe.prompt},
                    {"before", trimmed(probe.before)},
                    {"after", trimmed(probe.after)},
                    {"as_wanted", probe.as_wanted}});
  }
  return list;
}

// Vocabularies have a hundred thousand entries, which nobody reads.
constexpr std::size_t longest_list = 16;

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

Json json_of(const gguf::Entry& entry) {
  return std::visit(
      [&](const auto& value) -> Json {
        using T = std::decay_t<decltype(value)>;
        if constexpr (is_list<T>) {
          if (value.size() > longest_list)
            return {{"array", gguf::type_name(entry.element_type)}, {"length", value.size()}};
        }
        return Json(value);
      },
      entry.value);
}

Json found_with_json(const Edit& edit, std::span<const EditInfo> edits) {
  Json list = Json::array();
  for (const auto& [fact, id] : found_with(edit, edits))
    list.push_back({{"prompt", fact.prompt}, {"target_new", fact.target_new}, {"id", id > 0 ? Json(id) : Json()}});
  return list;
}

Json summary_json(const EditInfo& edit) {
  return {
      {"id", edit.id},
      {"subject", edit.subject},
      {"prompt", edit.prompt},
      {"target_new", edit.target_new},
      {"kind", edit.kind},
      {"layer", edit.layer},
      {"made_at", to_timestamp(edit.made_at)},
      {"enabled", edit.enabled},
      {"in_force", edit.in_force()},
      {"replaced_by", edit.replaced_by ? Json(*edit.replaced_by) : Json()},
      {"base",
       {{"fingerprint", edit.base.fingerprint}, {"architecture", edit.base.architecture}, {"name", edit.base.name}}}};
}

Json evidence_json(const Edit& edit) {
  const EditEvidence& evidence = edit.evidence;
  return {{"evaluations", evidence.evaluations},
          {"general_wordings", evidence.wordings},
          {"seconds", evidence.seconds},
          {"target_probability",
           {{"before", evidence.target_probability_before}, {"after", evidence.target_probability_after}}},
          {"answer", {{"before", trimmed(evidence.answer_before)}, {"after", trimmed(evidence.answer_after)}}},
          {"delta_norm_ratio", evidence.delta_norm_ratio},
          {"update_norm_ratio", evidence.update_norm_ratio},
          {"layer", evidence.layer},
          {"steps", evidence.steps},
          {"loss", evidence.loss},
          {"perplexity", evidence.perplexity_before > 0
                             ? Json{{"before", evidence.perplexity_before}, {"after", evidence.perplexity_after}}
                             : Json()},
          {"paraphrases", probes_json(evidence.paraphrases)},
          {"keep", probes_json(evidence.keep)}};
}

Json origin_json(const EditOrigin& origin) {
  Json settings = Json::object();
  for (const MethodSetting& setting : origin.settings) settings[setting.name] = setting.value;
  const auto known = [](bool is_known, Json value) { return is_known ? std::move(value) : Json(); };
  return {{"method", origin.method},
          {"values", known(!origin.value_search.empty(), origin.value_search)},
          {"seed", origin.seed},
          {"max_evaluations", known(origin.max_evaluations > 0, origin.max_evaluations)},
          {"clamp", known(origin.clamp > 0, origin.clamp)},
          {"confidence_threshold", origin.confidence_threshold ? Json(*origin.confidence_threshold) : Json()},
          {"fisher_metric", origin.fisher_metric},
          {"settings", std::move(settings)},
          {"layer_choice", known(!origin.layer_choice.empty(), origin.layer_choice)},
          {"statistics", origin.statistics_name.empty()
                             ? Json()
                             : Json{{"name", origin.statistics_name}, {"hash", origin.statistics_hash}}},
          {"edits_underneath", origin.edits_underneath}};
}

Json damage_json(const Outcome& outcome) {
  if (!outcome.damage) return {};
  const Damage& d = *outcome.damage;
  Json json{{"divergence", {{"chat_turns", d.chat_turns}, {"chat_answers", d.chat_answers}, {"text", d.text}}},
            {"answers", d.answers}};
  json["looping"] = d.answers > 0 ? Json{{"before", d.looping_before}, {"after", d.looping}} : Json();
  json["endless"] = d.answers > 0 ? Json{{"before", d.endless_before}, {"after", d.endless}} : Json();
  return json;
}

const char* form_name(AnswerForm form) {
  switch (form) {
    case AnswerForm::statement:
      return "statement";
    case AnswerForm::other_wording:
      return "other wording";
    default:
      return "chat";
  }
}

Json edit_json(const Outcome& outcome, const std::string& why_not) {
  const Edit& edit = outcome.edit;
  Json json{{"id", outcome.edit.id > 0 ? Json(outcome.edit.id) : Json()},
            {"subject", edit.request.subject},
            {"prompt", edit.request.prompt},
            {"target_new", edit.request.target_new},
            {"success", outcome.kept},
            {"why_not", outcome.kept ? Json() : Json(why_not)},
            {"replaces", outcome.replaces}};
  json["same_subject"] = Json::array();
  for (const SameSubject& other : outcome.same_subject) {
    json["same_subject"].push_back({{"id", other.id > 0 ? Json(other.id) : Json()},
                                    {"prompt", other.request.prompt},
                                    {"target_new", other.request.target_new},
                                    {"before", other.before ? Json(*other.before) : Json()},
                                    {"after", other.after}});
  }
  json["answers"] = Json::array();
  for (const AnswerInWords& answer : outcome.answers) {
    json["answers"].push_back({{"form", form_name(answer.form)},
                               {"prompt", answer.prompt},
                               {"before", trimmed(answer.before)},
                               {"after", trimmed(answer.after)},
                               {"as_wanted", answer.as_wanted},
                               {"repeats", answer.repeats}});
  }
  json["damage"] = damage_json(outcome);
  json.update(evidence_json(edit));
  return json;
}

Json file_json(const WrittenFile& file) {
  return {{"kind", file.kind}, {"path", file.path.string()}, {"bytes", file.bytes}};
}

Json answers_json(const VerifyReport& report) {
  Json edits = Json::array();
  for (std::size_t i = 0; i < report.edits.size(); ++i) {
    const EditInfo& edit = report.edits[i];
    edits.push_back({{"subject", edit.subject},
                     {"prompt", edit.prompt},
                     {"target_new", edit.target_new},
                     {"answers", bool{report.answers[i]}}});
  }
  return edits;
}

}  // namespace

Json estimate_json(const std::string& model, const Estimate& estimate) {
  const EditPlan& plan = estimate.plan;
  const EditMemory& m = plan.memory;
  const PlannedWork& work = estimate.work;
  const auto available = io::available_memory();
  Json j{{"schema", "mobiedit.plan/1"}, {"model", model},    {"blocks", estimate.layers},      {"layer", plan.layer},
         {"contexts", plan.contexts},   {"rows", plan.rows}, {"evaluations", plan.evaluations}};
  j["memory"] = {{"weights", m.weights},        {"edited_weight", m.edited_weight},
                 {"vocabulary", m.vocabulary},  {"scratch", m.scratch},
                 {"backward", m.backward},      {"program", m.program},
                 {"peak_rss_bytes", m.total()}, {"available", available ? Json(*available) : Json()}};
  j["multiply_accumulates"] = {{"integer", work.integer},
                               {"floating", work.floating},
                               {"floating_share", work.floating / (work.integer + work.floating)}};
  j["seconds"] = {{"load", estimate.load_seconds}, {"edit", estimate.edit_seconds}};
  return j;
}

Json inspect_json(const gguf::File& file) {
  Json metadata = Json::object();
  for (const gguf::Entry& entry : file.metadata()) metadata[entry.key] = json_of(entry);
  Json tensors = Json::array();
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    Json shape = Json::array();
    for (int i = 0; i < tensor.dimensions; ++i) shape.push_back(tensor.shape[i]);
    tensors.push_back({{"name", tensor.name},
                       {"type", gguf::type_name(tensor.type)},
                       {"shape", shape},
                       {"offset", tensor.offset},
                       {"bytes", gguf::traits(tensor.type) ? Json(tensor.bytes) : Json(nullptr)}});
  }
  return {{"schema", "mobiedit.inspect/1"}, {"path", file.path().string()},  {"version", file.version()},
          {"bytes", file.size()},           {"alignment", file.alignment()}, {"metadata", std::move(metadata)},
          {"tensors", std::move(tensors)}};
}

Json answer_json(const std::string& model, const std::string& prompt, const Generation& generation,
                 const std::vector<TokenProbability>* top, const Tokenizer& tokenizer) {
  Json document{{"schema", "mobiedit.ask/1"},
                {"model", model},
                {"prompt", prompt},
                {"text", generation.text},
                {"tokens", generation.tokens},
                {"ended", generation.ended},
                {"stopped", generation.stopped}};
  if (top != nullptr) {
    Json list = Json::array();
    for (const TokenProbability& candidate : *top) {
      list.push_back({{"id", candidate.token},
                      {"token", tokenizer.piece(candidate.token, true)},
                      {"probability", std::exp(candidate.log_probability)},
                      {"log_probability", candidate.log_probability}});
    }
    document["top"] = std::move(list);
  }
  return document;
}

Json list_json(const std::filesystem::path& store, std::span<const EditInfo> edits) {
  Json rows = Json::array();
  for (const EditInfo& edit : edits) rows.push_back(summary_json(edit));
  return {{"schema", "mobiedit.list/1"},
          {"store", store.empty() ? Json() : Json(store.string())},
          {"edits", std::move(rows)}};
}

Json show_json(const EditInfo& summary, const Edit& edit, std::span<const EditInfo> edits) {
  Json document{{"schema", "mobiedit.show/1"}};
  document.update(summary_json(summary));
  document["method"] = edit.origin.method;
  document["seed"] = edit.origin.seed;
  document["origin"] = origin_json(edit.origin);
  document["evidence"] = evidence_json(edit);
  if (summary.kind == kind_of(Neuron())) document["found_with"] = found_with_json(edit, edits);
  return document;
}

Json change_json(const std::string& past, const std::filesystem::path& store, const StoreChange& change) {
  Json ids = Json::array();
  for (const EditInfo& edit : change.changed) ids.push_back(edit.id);
  Json others = Json::array();
  for (const EditInfo& edit : change.others) others.push_back(summary_json(edit));
  return {{"schema", "mobiedit." + past + "/1"},
          {"store", store.string()},
          {past, std::move(ids)},
          {"others", std::move(others)}};
}

Json teach_json(const std::string& model, const std::string& method, const std::filesystem::path& store,
                const TeachReport& report, const std::function<std::string(const Outcome&)>& why_not) {
  Json edits = Json::array();
  for (const Outcome& outcome : report.outcomes) edits.push_back(edit_json(outcome, why_not(outcome)));
  Json outputs = Json::array();
  for (const WrittenFile& file : report.files) outputs.push_back(file_json(file));
  return {{"schema", "mobiedit.edit/1"},
          {"model", model},
          {"method", method},
          {"store", report.store_used ? Json(store.string()) : Json()},
          {"edits", std::move(edits)},
          {"earlier", {{"in_force", report.earlier}, {"asked", report.rechecked}}},
          {"outputs", std::move(outputs)},
          {"peak_rss_bytes", io::peak_memory()}};
}

Json export_json(const std::string& model, const ExportReport& report, bool asked) {
  Json document{{"schema", "mobiedit.export/1"}, {"model", model}, {"edits", report.edits}};
  document.update(file_json(report.file));
  document["asked"] = asked;
  document["peak_rss_bytes"] = io::peak_memory();
  return document;
}

Json verify_json(const std::string& base, const std::string& file, const VerifyReport& report) {
  return {{"schema", "mobiedit.verify/1"},
          {"file", file},
          {"base", base},
          {"sound", report.faults.empty()},
          {"changed", report.changed},
          {"edits", answers_json(report)},
          {"faults", report.faults}};
}

Json apply_json(const std::string& model, const ApplyReport& report) {
  Json applied = Json::array(), lost = Json::array();
  for (std::size_t i = 0; i < report.edits.size(); ++i)
    (report.applied[i] ? applied : lost).push_back(report.edits[i].id);
  return {{"schema", "mobiedit.apply/1"},  {"model", model},       {"from", report.source},
          {"applied", std::move(applied)}, {"as", report.new_ids}, {"lost", std::move(lost)}};
}

Json chat_json(const std::string& model, const std::string& system, const std::optional<std::string>& prompt,
               const std::string& rendered, const ChatAnswer& answer, std::size_t edits) {
  Json document{{"schema", "mobiedit.chat/1"}, {"model", model}};
  if (!system.empty()) document["system"] = system;
  if (prompt) document["prompt"] = *prompt;
  document["rendered"] = rendered;
  document["text"] = answer.text;
  document["ended"] = answer.ended;
  document["stopped"] = answer.stopped;
  document["edits_in_force"] = edits;
  document["usage"] = {{"prompt_tokens", answer.prompt_tokens},
                       {"completion_tokens", answer.answer_tokens},
                       {"total_tokens", answer.prompt_tokens + answer.answer_tokens}};
  return document;
}

}  // namespace mobiedit

// mobiedit plan: what an edit will take, before anything large is loaded.
#include "mobiedit/edit/plan.h"

#include <algorithm>

#include "app/common/cache_folder.h"
#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/verbs.h"
#include "base/stopwatch.h"
#include "edit/speed.h"
#include "io/available_memory.h"
#include "mobiedit/edit/layer.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::cli {
namespace {

// An edit's median on the bundled model; --evaluations asks for another number.
constexpr int usual_evaluations = 46;

struct PlanVerb {
  RunOptions run;
  SearchSettings search;
  EditRequest request;
  int evaluations = 0;
};

struct Cost {
  double seconds = 0;
  PlannedWork work;
};

Cost cost_of(const ModelConfig& config, const EditPlan& plan, const Speed& speed, bool quantised) {
  Cost all;
  for (const PlannedPass& pass : plan.passes) {
    all.seconds += pass.times * speed.seconds(config, pass);
    const PlannedWork work = work_of(config, pass, quantised);
    all.work.integer += pass.times * work.integer;
    all.work.floating += pass.times * work.floating;
  }
  return all;
}

Json document(const PlanVerb& verb, const ModelConfig& config, const EditPlan& plan, const Cost& cost, double loading) {
  const EditMemory& m = plan.memory;
  const auto available = io::available_memory();
  double evaluating = 0;
  for (const PlannedPass& pass : plan.passes)
    if (pass.phase == PlannedPass::Phase::evaluate) evaluating += pass.times * pass.evaluations;
  Json j{
      {"schema", "mobiedit.plan/1"}, {"model", verb.run.model}, {"blocks", config.layers},        {"layer", plan.layer},
      {"contexts", plan.contexts},   {"rows", plan.rows},       {"evaluations", plan.evaluations}};
  j["memory"] = {{"weights", m.weights},        {"edited_weight", m.edited_weight},
                 {"vocabulary", m.vocabulary},  {"scratch", m.scratch},
                 {"backward", m.backward},      {"program", m.program},
                 {"peak_rss_bytes", m.total()}, {"available", available ? Json(*available) : Json()}};
  j["multiply_accumulates"] = {{"integer", cost.work.integer},
                               {"floating", cost.work.floating},
                               {"floating_share", cost.work.floating / (cost.work.integer + cost.work.floating)}};
  j["seconds"] = {{"load", loading}, {"edit", cost.seconds}};
  return j;
}

std::string text_of(const Json& j) {
  const Json& m = j["memory"];
  const auto bytes = [](const Json& value) { return human_bytes(value.get<std::uint64_t>()); };
  std::string text =
      fmt::format("{}: an edit of block {} of {}, {} contexts of {} rows in all\n", j["model"].get<std::string>(),
                  j["layer"].dump(), j["blocks"].dump(), j["contexts"].dump(), j["rows"].dump());
  text += fmt::format("peak memory      {} (weights {}, the edited one in float {}, vocabulary {}, scratch {})\n",
                      bytes(m["peak_rss_bytes"]), bytes(m["weights"]), bytes(m["edited_weight"]),
                      bytes(m["vocabulary"]), bytes(m["scratch"]));
  if (m["backward"].get<std::uint64_t>() > 0)
    text += fmt::format("of it            {} for the backward pass\n", bytes(m["backward"]));
  if (!m["available"].is_null()) text += fmt::format("to be had        {}\n", bytes(m["available"]));
  const Json& macs = j["multiply_accumulates"];
  text += fmt::format("work             {:.3g} multiply-accumulates in {} evaluations, {:.2f} % of them in float\n",
                      macs["integer"].get<double>() + macs["floating"].get<double>(), j["evaluations"].dump(),
                      100 * macs["floating_share"].get<double>());
  return text + fmt::format("time             {:.2g} s to load, {:.3g} s to edit\n", j["seconds"]["load"].get<double>(),
                            j["seconds"]["edit"].get<double>());
}

Result<int> plan(const PlanVerb& verb) {
  // The first blocks tell the speed of all.
  constexpr int blocks_to_time = 2;
  const ModelOptions options{.threads = verb.run.threads};
  ModelOptions part = options;
  part.layers = blocks_to_time;
  EditOptions edit = verb.search.edit_options(verb.run.threads);
  const Stopwatch clock;
  MOBIEDIT_TRY(const auto model, Model::open(verb.run.model, part));
  const double loading_part = clock.seconds();
  MOBIEDIT_TRY(const auto config, ModelConfig::from_file(model.file()));

  // An edit takes this layer too.
  const auto folder = cache_folder();
  if (const auto settled = settled_layer(model, folder ? folder->string() : ""); settled && !edit.layer) {
    edit.layer = settled->layer;
    if (!edit.clamp) edit.clamp = settled->clamp;
  }

  EditRequest request = verb.request;
  if (request.prompt.empty() && request.subject.empty() && request.target_new.empty())
    request = {"Achille Varzi", "The mother tongue of {} is", "Greek indeed", {}, {}};  // a fact of the usual length
  const int evaluations = verb.evaluations > 0 ? verb.evaluations : std::min(usual_evaluations, edit.max_evaluations);
  MOBIEDIT_TRY(const auto planned, plan_edit(model, options, edit, request, evaluations));

  // Opening costs once, packing by the byte.
  const Stopwatch again;
  MOBIEDIT_CHECK(gguf::File::open(verb.run.model));
  MOBIEDIT_CHECK(Tokenizer::from_file(model.file()));
  const double opening = std::min(again.seconds(), loading_part);
  const double share = static_cast<double>(planned.memory.weights) /
                       static_cast<double>(edit_memory(model.file(), model.config(), options, edit).weights);
  const double loading = opening + (loading_part - opening) * share;

  ThreadPool pool(verb.run.threads);
  int rows = 1;
  for (const PlannedPass& pass : planned.passes) rows = std::max({rows, pass.rows, pass.logit_rows});
  const Speed speed = Speed::measure(model, pool, rows);
  const bool quantised = model.arithmetic().starts_with("int");
  const Json j = document(verb, config, planned, cost_of(config, planned, speed, quantised), loading);
  return finished(verb.run.json ? print_json(j) : print_result(text_of(j)));
}

}  // namespace

void add_plan(CLI::App& app, Run& run) {
  const auto [verb, options] = add_verb(app, run, "plan", "Say what an edit would take in memory, work and time", plan);
  add_run_options(*verb, options->run);
  EditRequest& request = options->request;
  auto* subject = verb->add_option("--subject", request.subject, "As for edit; without, a fact of the usual length");
  auto* prompt = verb->add_option("--prompt", request.prompt, "As for edit");
  auto* target = verb->add_option("--target", request.target_new, "As for edit");
  subject->needs(prompt)->needs(target);
  prompt->needs(subject);
  target->needs(subject);
  verb->add_option("--paraphrase", request.paraphrases, "As for edit")->allow_extra_args(false);
  verb->add_option("--keep", request.keep, "As for edit")->allow_extra_args(false);
  verb->add_option("--evaluations", options->evaluations,
                   fmt::format("How many the search will need (default {}, the usual number)", usual_evaluations))
      ->check(CLI::Range(1, 1'000'000'000));
  add_search_options(*verb, options->search);
}

}  // namespace mobiedit::cli

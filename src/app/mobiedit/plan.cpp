// mobiedit plan: what an edit will take, before anything large is loaded.
#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/verbs.h"
#include "io/user_folders.h"
#include "workspace/documents.h"
#include "workspace/estimate.h"

namespace mobiedit::cli {
namespace {

struct PlanVerb {
  RunOptions run;
  SearchSettings search;
  EditRequest request;
  int evaluations = 0;
};

std::string text_of(const Json& j) {
  const Json& m = j["memory"];
  const auto bytes = [](const Json& value) { return human_bytes(value.get<std::uint64_t>()); };
  std::string text =
      fmt::format("{}: an edit of layer {} of {}, {} contexts of {} rows in all\n", j["model"].get<std::string>(),
                  j["layer"].dump(), j["blocks"].dump(), j["contexts"].dump(), j["rows"].dump());
  text += fmt::format("peak memory      {} (weights {}, the edited one in float {}, vocabulary {}, scratch {})\n",
                      bytes(m["peak_rss_bytes"]), bytes(m["weights"]), bytes(m["edited_weight"]),
                      bytes(m["vocabulary"]), bytes(m["scratch"]));
  if (m["backward"].get<std::uint64_t>() > 0)
    text += fmt::format("of it            {} for the backward pass\n", bytes(m["backward"]));
  if (!m["available"].is_null()) text += fmt::format("available        {}\n", bytes(m["available"]));
  const Json& macs = j["multiply_accumulates"];
  text += fmt::format("work             {:.3g} multiply-accumulates in {} evaluations, {:.2f} % of them in float\n",
                      macs["integer"].get<double>() + macs["floating"].get<double>(), j["evaluations"].dump(),
                      100 * macs["floating_share"].get<double>());
  return text + fmt::format("time             {:.2g} s to load, {:.3g} s to edit\n", j["seconds"]["load"].get<double>(),
                            j["seconds"]["edit"].get<double>());
}

Result<int> plan(const PlanVerb& verb) {
  MOBIEDIT_TRY(const Estimate estimate,
               estimate_edit(verb.run.model, verb.search.edit_options(verb.run.threads), verb.request, verb.evaluations,
                             io::user_cache_folder().value_or("").string()));
  const Json document = estimate_json(verb.run.model, estimate);
  return finished(verb.run.json ? print_json(document) : print_result(text_of(document)));
}

}  // namespace

void add_plan(CLI::App& app, Run& run) {
  const auto [verb, options] = add_verb(app, run, "plan", "Say what an edit would take in memory, work and time", plan);
  add_run_options(*verb, options->run);
  EditRequest& request = options->request;
  auto* subject = verb->add_option("--subject", request.subject, "As for edit; without it, a fact of the usual length");
  auto* prompt = verb->add_option("--prompt", request.prompt, "As for edit");
  auto* target = verb->add_option("--target", request.target_new, "As for edit");
  subject->needs(prompt)->needs(target);
  prompt->needs(subject);
  target->needs(subject);
  verb->add_option("--paraphrase", request.paraphrases, "As for edit")->allow_extra_args(false);
  verb->add_option("--keep", request.keep, "As for edit")->allow_extra_args(false);
  verb->add_option("--evaluations", options->evaluations,
                   fmt::format("Number that the search will need (default {}, the usual number)", usual_evaluations))
      ->check(CLI::Range(1, 1'000'000'000));
  add_search_options(*verb, options->search);
}

}  // namespace mobiedit::cli

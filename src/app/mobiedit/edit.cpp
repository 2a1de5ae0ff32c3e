// mobiedit edit: facts in; the store, an adapter or an edited model out.
#include <filesystem>

#include "app/common/console_observer.h"
#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/edit/errors.h"
#include "workspace/documents.h"
#include "workspace/requests.h"
#include "workspace/reserve_outputs.h"

namespace mobiedit::cli {
namespace {

struct EditVerb {
  RunOptions run;
  SearchSettings search;
  StoreOptions store;
  EditRequest request;
  std::string from;
  std::string out_lora;
  std::string out_gguf;
  bool no_store = false;
  bool dry_run = false;
  AcceptanceLimits limits;
};

/// Checks the rules that concern several options; the parser checked each alone.
Status check_usage(const EditVerb& verb) {
  const EditRequest& request = verb.request;
  const bool complete = !request.subject.empty() && !request.prompt.empty() && !request.target_new.empty();
  const bool single = !request.subject.empty() || !request.prompt.empty() || !request.target_new.empty() ||
                      !request.paraphrases.empty() || !request.keep.empty();
  if (verb.from.empty() && !complete) {
    return fail(ErrorCode::usage, "--subject, --prompt and --target are needed and not empty, or --from FILE", "edit");
  }
  if (!verb.from.empty() && single) {
    return fail(ErrorCode::usage,
                "--from FILE takes the place of --subject, --prompt, --target, --paraphrase and --keep", "edit");
  }
  if (verb.no_store && verb.out_lora.empty() && verb.out_gguf.empty() && !verb.dry_run) {
    return fail(ErrorCode::usage, "nothing would be kept: give --out-lora, --out-gguf or --dry-run", "edit");
  }
  return {};
}

Result<NamedRequests> requests_of(const EditVerb& verb) {
  if (!verb.from.empty()) return read_requests(verb.from);
  return NamedRequests{{verb.request}, {"the edit that was asked for"}};
}

/// The library's error, with the options that help.
Error with_options(Error error) {
  if (error.id == request_errors::no_statistics.name) error.hint = "give --text FILE";
  return error;
}

/// The error of a job whose edits are in the store while a file could not be put in its place.
Error undelivered(const TeachReport& report, const EditVerb& verb) {
  std::vector<std::int64_t> ids;
  for (const Outcome& outcome : report.outcomes)
    if (outcome.kept) ids.push_back(outcome.edit.id);
  const char* kind = report.files.empty() && !verb.out_lora.empty() ? "lora" : "gguf";
  Error error = *report.undelivered;
  error.what += fmt::format("; but edit{} {} {} kept", ids.size() == 1 ? "" : "s", fmt::join(ids, ", "),
                            ids.size() == 1 ? "is" : "are");
  error.hint = fmt::format("`mobiedit export {} -m {} -o FILE` delivers, `mobiedit undo {}` takes back", kind,
                           verb.run.model, fmt::join(ids, " "));
  return error;
}

Status print(const EditVerb& verb, const TeachReport& report, const Workspace& workspace) {
  if (verb.run.json)
    return print_json(teach_json(verb.run.model, verb.search.method, workspace.options().store, report, why_not));
  std::string text;
  for (const Outcome& outcome : report.outcomes) text += edit_text(outcome);
  for (const WrittenFile& file : report.files) text += written_text(file);
  if (verb.dry_run) text += "dry run: nothing was written\n";
  return print_result(text);
}

/// Says on stderr what was not kept, and returns the exit code.
int tell_of_refusals(const TeachReport& report) {
  const std::size_t missed = report.missed();
  if (report.kept() == 0) {
    const bool reached = report.reached();
    cli::report({ErrorCode::target_not_reached,
                 reached ? "no edit holds together with those in force; nothing was written"
                         : "the target was not reached; nothing was written",
                 "", reached ? "" : "more --max-evaluations, another --layer or another --seed may reach it"});
    return exit_target_not_reached;
  }
  if (missed > 0) warn(fmt::format("{} of {} edits were not kept", missed, report.outcomes.size()));
  return missed > 0 ? exit_target_not_reached : exit_done;
}

Result<int> edit(const EditVerb& verb) {
  MOBIEDIT_CHECK(check_usage(verb));
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(auto requests, requests_of(verb));
  ConsoleObserver observer(verb.run.model, verb.run.verbose);
  TeachOptions options;
  options.search = verb.search.edit_options(verb.run.threads);
  if (verb.search.together()) options.mass_method = verb.search.method;
  options.statistics = verb.search.statistics;
  options.limits = verb.limits;
  options.dry_run = verb.dry_run;
  options.places = std::move(requests.places);
  const auto store = verb.no_store ? std::filesystem::path() : store_path(verb.store).value_or("");
  MOBIEDIT_CHECK(
      reserve_outputs({verb.run.model, verb.out_lora, verb.out_gguf, {verb.from, verb.search.statistics.text, store}},
                      requests.requests.size(), options, observer));
  MOBIEDIT_CHECK(Engine::check_memory(verb.run.model, options.search));
  const StoreUse use = verb.no_store ? StoreUse::none : verb.dry_run ? StoreUse::read_if_there : StoreUse::change;
  MOBIEDIT_TRY(auto workspace, open_workspace(verb.run, verb.store, use, "mobiedit edit"));
  const auto report = workspace.teach(requests.requests, std::move(options), {&observer, cancel});
  observer.clear();
  if (!report) return std::unexpected(with_options(report.error()));
  if (report->undelivered) return std::unexpected(undelivered(*report, verb));
  const int code = tell_of_refusals(*report);
  return finished(print(verb, *report, workspace), code);
}

void add_limits(CLI::App& verb, AcceptanceLimits& limits) {
  const CLI::Range range(0.0, 1e6);
  verb.add_option("--max-drift", limits.drift,
                  "Keep no edit that raises the perplexity of other text by more than this, in per cent (default: any)")
      ->envname("MOBIEDIT_MAX_DRIFT")
      ->check(range);
  verb.add_option("--max-total-drift", limits.total_drift,
                  "Keep no edit with which all edits in force raise it by more than this, in per cent (default 50)")
      ->envname("MOBIEDIT_MAX_TOTAL_DRIFT")
      ->check(range);
  verb.add_option("--max-divergence", limits.divergence,
                  "Keep no edit with which all edits in force change chat answers and other text by more than this, in "
                  "nats per token (default: the model's)")
      ->envname("MOBIEDIT_MAX_DIVERGENCE")
      ->check(range);
  verb.add_option("--max-norm", limits.norm,
                  "Keep no edit that adds more than this to its weight, in per cent of the weight's norm (default 100)")
      ->envname("MOBIEDIT_MAX_NORM")
      ->check(range);
}

}  // namespace

void add_edit(CLI::App& app, Run& run) {
  const auto [verb, options] =
      add_verb(app, run, "edit", "Change a fact; keep the edit, write an adapter or an edited model", edit);
  add_run_options(*verb, options->run);
  EditRequest& request = options->request;
  verb->add_option("--subject", request.subject, "Whom or what the fact is about");
  verb->add_option("--prompt", request.prompt,
                   "The fact as a statement without its answer, {} for the subject: \"The mother tongue of {} is\"");
  verb->add_option("--target", request.target_new, "The new answer");
  verb->add_option("--paraphrase", request.paraphrases, "Another wording, to be measured; may be given again")
      ->allow_extra_args(false);
  verb->add_option("--keep", request.keep, "A prompt whose answer must stay, to be measured; may be given again")
      ->allow_extra_args(false);
  verb->add_option("--from", options->from, "Many edits: a JSON Lines or JSON file");
  add_search_options(*verb, options->search);
  add_store_option(*verb, options->store);
  verb->add_flag("--no-store", options->no_store, "Use no store: no edit underneath, none kept")
      ->envname("MOBIEDIT_NO_STORE");
  verb->add_option("--out-lora", options->out_lora, "Write an adapter here, with all edits in force");
  verb->add_option("--out-gguf", options->out_gguf, "Write the whole edited model here, with all edits in force");
  verb->add_flag("--dry-run", options->dry_run, "Search and measure, but write nothing");
  add_limits(*verb, options->limits);
}

}  // namespace mobiedit::cli

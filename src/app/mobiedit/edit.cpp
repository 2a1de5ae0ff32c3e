// mobiedit edit: facts in; the store, an adapter or an edited model out.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/common/console.h"
#include "app/mobiedit/edit_verb.h"
#include "app/mobiedit/verbs.h"

namespace mobiedit::cli {
namespace {

/// What the options say together; each alone was checked while parsing.
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

}  // namespace

void add_edit(CLI::App& app, Run& run) {
  auto options = std::make_shared<EditVerb>();
  CLI::App* verb = app.add_subcommand("edit", "Change a fact; keep the edit, write an adapter or an edited model");
  add_run_options(*verb, options->run);
  EditRequest& request = options->request;
  verb->add_option("--subject", request.subject, "Whom or what the fact is about");
  verb->add_option("--prompt", request.prompt,
                   "How the fact is told, {} for the subject: \"The mother tongue of {} is\"");
  verb->add_option("--target", request.target_new, "The new answer");
  verb->add_option("--paraphrase", request.paraphrases, "Another wording, to be measured; may be given again")
      ->allow_extra_args(false);
  verb->add_option("--keep", request.keep, "A prompt whose answer must stay, to be measured; may be given again")
      ->allow_extra_args(false);
  verb->add_option("--from", options->from, "Many edits, one after another: a JSON Lines or JSON file");
  add_search_options(*verb, options->search);
  add_store_option(*verb, options->store);
  verb->add_flag("--no-store", options->no_store, "Use no store: no edit underneath, none kept")
      ->envname("MOBIEDIT_NO_STORE");
  verb->add_option("--out-lora", options->out_lora, "Write an adapter here, with all edits in force");
  verb->add_option("--out-gguf", options->out_gguf, "Write the whole edited model here, with all edits in force");
  verb->add_flag("--dry-run", options->dry_run, "Search and measure, but write nothing");
  verb->add_option("--max-drift", options->drift.one,
                   "Keep no edit that makes the perplexity of other text grow by more, in per cent (default: any)")
      ->envname("MOBIEDIT_MAX_DRIFT")
      ->check(CLI::Range(0.0, 1e6));
  verb->add_option("--max-total-drift", options->drift.all,
                   "Nor one with which all edits in force together do, in per cent (default 50)")
      ->envname("MOBIEDIT_MAX_TOTAL_DRIFT")
      ->check(CLI::Range(0.0, 1e6));
  verb->add_option("--max-norm", options->drift.norm,
                   "Nor one that adds more to its weight, in per cent of the weight's norm (default 100)")
      ->envname("MOBIEDIT_MAX_NORM")
      ->check(CLI::Range(0.0, 1e6));
  verb->callback([options, &run] {
    run = [options] {
      if (auto sound = check_usage(*options); !sound) return failed(sound.error());
      return EditRun(*options).run();
    };
  });
}

}  // namespace mobiedit::cli

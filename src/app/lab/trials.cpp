// mobiedit-lab experiment NAME: front end of the experiments in src/lab/experiment.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/statistics.h"
#include "app/common/verb.h"
#include "app/lab/data_options.h"
#include "app/lab/experiment.h"
#include "base/fingerprint.h"
#include "io/mapped_file.h"
#include "lab/experiment/report.h"
#include "lab/experiment/results_file.h"
#include "lab/experiment/runner.h"

namespace mobiedit::cli {
namespace {

struct TrialsVerb {
  Experiment experiment;
  RunOptions run;
  SearchSettings search;
  std::optional<int> max_evaluations;
  std::string data;
  DataOptions reading;
  std::string out;
  std::string shard;
  std::vector<std::string> only;
};

std::optional<Shard> shard_of(const std::string& text) {
  if (text.empty()) return Shard{};
  Shard shard;
  const char* end = text.data() + text.size();
  const auto which = std::from_chars(text.data(), end, shard.which);
  if (which.ec != std::errc() || which.ptr == end || *which.ptr != '/') return std::nullopt;
  const auto of = std::from_chars(which.ptr + 1, end, shard.of);
  if (of.ec != std::errc() || of.ptr != end || shard.which < 1 || shard.which > shard.of) return std::nullopt;
  --shard.which;
  return shard;
}

std::filesystem::path results_path(const TrialsVerb& verb) {
  std::error_code ignored;
  if (verb.out.empty() || !std::filesystem::is_directory(verb.out, ignored)) return verb.out;
  return std::filesystem::path(verb.out) / (verb.experiment.name + ".jsonl");
}

Result<ResultsHeader> header_of(const TrialsVerb& verb, const Facts& facts, const Model& model, const Editor& editor,
                                bool statistics) {
  MOBIEDIT_TRY(const auto data, io::MappedFile::open(verb.data));
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(); };
  ResultsHeader header{verb.experiment.name,
                       {{"model", model.fingerprint()},
                        {"data", fingerprint(data.bytes())},
                        {"layer", editor.layer()},
                        {"clamp", optional(verb.search.clamp)},
                        {"max_evaluations", optional(verb.max_evaluations)},
                        {"seed", verb.search.seed},
                        {"activations", verb.run.activation_bits},
                        {"statistics", statistics}},
                       {{"model", verb.run.model}, {"data", verb.data}}};
  if (verb.reading.known) {
    header.settings["known"] = true;
    header.about["unknown"] = facts.unknown;
  }
  return header;
}

Opener opener(const TrialsVerb& verb, const CancelToken& cancel) {
  return {[&](Precision precision, const Rounding& rounding) { return open_model(verb.run, precision, rounding); },
          [&](const Model& model, const EditOptions& edit) -> Result<Editor> {
            auto editor = open_editor(model, edit, verb.run, cancel);
            if (!editor) return editor;
            MOBIEDIT_CHECK(use_statistics(*editor, model, verb.search.statistics, cancel));
            return editor;
          },
          verb.run.session()};
}

/// The first Experiment::others well-formed records of the data.
Result<std::vector<FactRecord>> other_records(const TrialsVerb& verb) {
  if (verb.experiment.others == 0) return std::vector<FactRecord>();
  std::vector<Error> malformed;
  return read_facts(verb.data, verb.experiment.others, &malformed);
}

Result<int> trials(const TrialsVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  const auto shard = shard_of(verb.shard);
  if (!shard)
    return fail(ErrorCode::usage, "\"" + verb.shard + "\" is no part", "--shard", "write 1/4 for the first of four");
  MOBIEDIT_TRY(auto read, read_data({verb.data}, verb.reading));
  if (verb.experiment.serves) {
    const std::size_t all = read.records.size();
    std::erase_if(read.records, [&](const FactRecord& fact) { return !verb.experiment.serves(fact); });
    if (read.records.empty())
      return fail(ErrorCode::usage, "none of its records is of use to this experiment", verb.data,
                  "`experiment " + verb.experiment.name + "`: " + verb.experiment.about);
    if (read.records.size() < all) say(fmt::format("{} of {} records serve", read.records.size(), all));
  }
  const std::vector<FactRecord>* facts = &read.records;
  MOBIEDIT_TRY(const auto others, other_records(verb));
  MOBIEDIT_TRY(const auto model, open_model(verb.run));
  MOBIEDIT_CHECK(leave_out_unknown(read, verb.reading, verb.data, model, verb.run.session(), cancel));
  EditOptions base = verb.search.edit_options(verb.run.threads);
  base.confidence_threshold = 0;  // gives all settings equal contexts
  base.max_evaluations = verb.max_evaluations.value_or(0);

  std::vector<TrialSetting> settings;
  std::optional<ResultsFile> file;
  {
    MOBIEDIT_TRY(auto editor, open_editor(model, with_method(base, "subspace"), verb.run, cancel));
    MOBIEDIT_TRY(const auto used, at("--text", use_statistics(editor, model, verb.search.statistics, cancel)));
    for (const FactRecord& fact : *facts) MOBIEDIT_CHECK(check_record(editor, fact));
    MOBIEDIT_TRY(auto chosen,
                 at("--only",
                    chosen_settings(verb.experiment.settings(base, editor.layer(), model.config().layers), verb.only)));
    settings = std::move(chosen);
    MOBIEDIT_TRY(auto header, header_of(verb, read, model, editor, used));
    MOBIEDIT_TRY(auto opened, ResultsFile::open(results_path(verb), std::move(header)));
    file.emplace(std::move(opened));
  }

  ProgressLine line;
  const RunnerObserver observer{[&](const std::string& label) { line.note(label); },
                                [&](const std::string& label, const EditProgress& p) { line.show(label, p); }};
  const auto done = run_units({verb.experiment, settings, *facts, others, *shard}, model, opener(verb, cancel), *file,
                              observer, cancel);
  line.clear();
  if (!done) {
    if (done.error().code == ErrorCode::cancelled && !verb.out.empty())
      say(fmt::format("{} results are in {}; the same command goes on from there", file->results().units.size(),
                      results_path(verb).string()));
    return std::unexpected(done.error());
  }
  const Report report = report_of(file->results(), verb.experiment.presentation);
  return finished(verb.run.json ? print_json(report.document) : print_result(report.table));
}

}  // namespace

void add_trials(CLI::App& verb, Run& run, Experiment experiment) {
  const auto [sub, options] = add_verb(verb, run, experiment.name, experiment.about, trials);
  options->experiment = std::move(experiment);
  add_run_options(*sub, options->run);
  sub->add_option("--data", options->data, "File of facts: CounterFact, EasyEdit, KnowEdit, ZsRE or MQuAKE records")
      ->required();
  add_data_options(*sub, options->reading);
  sub->add_option("--out", options->out,
                  "Add each result to this file, or to a file in this folder; continue it if it exists");
  sub->add_option("--shard", options->shard, "Run part I/N of the facts; `experiment merge` joins the files");
  sub->add_option("--only", options->only, "Run only settings whose name contains this text; may be repeated")
      ->allow_extra_args(false);
  add_layer_option(*sub, options->search.layer);
  sub->add_option("--clamp", options->search.clamp, "Limit on the change of the value, in lengths of the value")
      ->check(CLI::Range(1e-3, 1e3));
  sub->add_option("--max-evaluations", options->max_evaluations,
                  "Limit on forward evaluations per edit (default: the budget of each method)")
      ->check(CLI::Range(1, 1'000'000'000));
  sub->add_option("-s,--seed", options->search.seed, "Seed of the searches (default 0)");
  auto* text = sub->add_option("--text", options->search.statistics.text, "Running text for the key statistics");
  sub->add_flag("--no-text", options->search.statistics.none, "Use no key statistics")->excludes(text);
}

}  // namespace mobiedit::cli

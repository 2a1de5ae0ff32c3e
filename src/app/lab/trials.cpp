// mobiedit-lab experiment NAME: front end of the experiments in src/lab/experiment.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/common/console.h"
#include "app/common/edit_options.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/statistics.h"
#include "app/lab/data_options.h"
#include "app/lab/experiment.h"
#include "base/fingerprint.h"
#include "io/mapped_file.h"
#include "lab/experiment/report.h"
#include "lab/experiment/results_file.h"
#include "lab/experiment/runner.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

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
  const auto data = io::MappedFile::open(verb.data);
  if (!data) return std::unexpected(data.error());
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(); };
  ResultsHeader header{verb.experiment.name,
                       {{"model", model.fingerprint()},
                        {"data", fingerprint(data->bytes())},
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
            if (auto used = use_statistics(*editor, model, verb.search.statistics, cancel); !used)
              return std::unexpected(used.error());
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

int trials(const TrialsVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  const auto shard = shard_of(verb.shard);
  if (!shard)
    return failed(
        {ErrorCode::usage, "\"" + verb.shard + "\" is no part", "--shard", "write 1/4 for the first of four"});
  auto read = read_data({verb.data}, verb.reading);
  if (!read) return failed(read.error());
  if (verb.experiment.serves) {
    const std::size_t all = read->records.size();
    std::erase_if(read->records, [&](const FactRecord& fact) { return !verb.experiment.serves(fact); });
    if (read->records.empty())
      return failed({ErrorCode::usage, "none of its records is of use to this experiment", verb.data,
                     "`experiment " + verb.experiment.name + "`: " + verb.experiment.about});
    if (read->records.size() < all) say(fmt::format("{} of {} records serve", read->records.size(), all));
  }
  const std::vector<FactRecord>* facts = &read->records;
  const auto others = other_records(verb);
  if (!others) return failed(others.error());
  const auto model = open_model(verb.run);
  if (!model) return failed(model.error());
  if (auto left = leave_out_unknown(*read, verb.reading, verb.data, *model, verb.run.session(), cancel); !left)
    return failed(left.error());
  EditOptions base = verb.search.edit_options(verb.run.threads);
  base.confidence_threshold = 0;  // gives all settings equal contexts
  base.max_evaluations = verb.max_evaluations.value_or(0);

  std::vector<TrialSetting> settings;
  std::optional<ResultsFile> file;
  {
    auto editor = open_editor(*model, with_method(base, "subspace"), verb.run, cancel);
    if (!editor) return failed(editor.error());
    const auto used = use_statistics(*editor, *model, verb.search.statistics, cancel);
    if (!used) return failed(used.error(), "--text");
    for (const FactRecord& fact : *facts)
      if (auto sound = check_record(*editor, fact); !sound) return failed(sound.error());
    auto chosen = chosen_settings(verb.experiment.settings(base, editor->layer(), model->config().layers), verb.only);
    if (!chosen) return failed(chosen.error(), "--only");
    settings = std::move(*chosen);
    auto header = header_of(verb, *read, *model, *editor, *used);
    if (!header) return failed(header.error());
    auto opened = ResultsFile::open(results_path(verb), std::move(*header));
    if (!opened) return failed(opened.error());
    file.emplace(std::move(*opened));
  }

  ProgressLine line;
  const RunnerObserver observer{[&](const std::string& label) { line.note(label); },
                                [&](const std::string& label, const EditProgress& p) { line.show(label, p); }};
  const auto done = run_units({verb.experiment, settings, *facts, *others, *shard}, *model, opener(verb, cancel), *file,
                              observer, cancel);
  line.clear();
  if (!done) {
    if (done.error().code == ErrorCode::cancelled && !verb.out.empty())
      say(fmt::format("{} results are in {}; the same command goes on from there", file->results().units.size(),
                      results_path(verb).string()));
    return failed(done.error());
  }
  const Report report = report_of(file->results(), verb.experiment.presentation);
  return finished(verb.run.json ? print_json(report.document) : print_result(report.table));
}

}  // namespace

void add_trials(CLI::App& verb, Run& run, Experiment experiment) {
  auto options = std::make_shared<TrialsVerb>();
  options->experiment = std::move(experiment);
  CLI::App* sub = verb.add_subcommand(options->experiment.name, options->experiment.about);
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
  sub->callback([options, &run] { run = [options] { return trials(*options); }; });
}

}  // namespace mobiedit::cli

#include "app/lab/experiment/trials.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "app/common/console.h"
#include "app/common/data_options.h"
#include "app/common/edit_options.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/statistics.h"
#include "app/lab/experiment/results_file.h"
#include "base/fingerprint.h"
#include "io/mapped_file.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Shard {
  std::size_t which = 0;  // from 0
  std::size_t of = 1;
};

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
  ReportOptions report;
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

Result<std::vector<TrialSetting>> chosen_settings(const TrialsVerb& verb, const EditOptions& base, int layer,
                                                  int blocks) {
  std::vector<TrialSetting> settings = verb.experiment.settings(base, layer, blocks);
  if (verb.only.empty()) return settings;
  std::string names;
  for (const TrialSetting& setting : settings) names += (names.empty() ? "" : "; ") + setting.name;
  std::erase_if(settings, [&](const TrialSetting& setting) {
    return std::ranges::none_of(verb.only, [&](const std::string& t) { return setting.name.contains(t); });
  });
  if (settings.empty())
    return fail(ErrorCode::usage, "no setting of this experiment has that in its name", "--only", "there are " + names);
  return settings;
}

/// Says how far the whole is: `done` of `total` units, and how long the rest takes if units are alike.
class Clock {
 public:
  explicit Clock(std::size_t total) : total_(total), begin_(std::chrono::steady_clock::now()) {}
  void finished_one() { ++done_; }
  [[nodiscard]] std::string label(const std::string& setting, const std::string& subject) const {
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::string text = fmt::format("{}/{}", done_ + 1, total_);
    if (done_ > 0)
      text += fmt::format(" ({:.0f} s left)", spent / static_cast<double>(done_) * static_cast<double>(total_ - done_));
    return text + fmt::format(" {}, {}", setting, subject);
  }

 private:
  std::size_t total_, done_ = 0;
  std::chrono::steady_clock::time_point begin_;
};

class Runner {
 public:
  Runner(const TrialsVerb& verb, const std::vector<FactRecord>& facts, const std::vector<FactRecord>& others,
         Shard shard, const CancelToken& cancel)
      : verb_(verb), facts_(facts), others_(others), shard_(shard), cancel_(cancel) {}

  /// Errors: those of opening, of units and of the results file, whose results so far stay.
  Status run(const Model& usual, const std::vector<TrialSetting>& settings, ResultsFile& file) {
    std::optional<Model> other;  // of one precision at a time: float32 is large
    Precision others = Precision::automatic;
    Rounding others_rounding;
    std::size_t total = 0;
    for (const TrialSetting& setting : settings) total += missing(setting, file).size();
    Clock clock(total);
    ProgressLine line;
    for (const TrialSetting& setting : settings) {
      const std::vector<std::size_t> units = missing(setting, file);
      if (units.empty()) continue;
      if (setting.precision != others || setting.rounding != others_rounding) {
        other.reset();
        others = setting.precision;
        others_rounding = setting.rounding;
        if (others != Precision::automatic) {
          auto opened = open_model(verb_.run, others, others_rounding);
          if (!opened) return std::unexpected(opened.error());
          other.emplace(std::move(*opened));
        }
      }
      const Model& model = other ? *other : usual;
      auto editor = open(model, setting);
      if (!editor) return std::unexpected(editor.error());
      auto session = Session::create(model, verb_.run.session());
      if (!session) return std::unexpected(session.error());
      for (const std::size_t fact : units) {
        if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
        const std::string label = clock.label(setting.name, facts_[fact].subject);
        line.note(label);
        const EditProgressFn progress = [&](const EditProgress& p) { line.show(label, p); };
        auto trials = verb_.experiment.measure(
            {*editor, *session, model.tokenizer(), setting, progress, cancel_, others_}, facts_[fact]);
        if (!trials) return std::unexpected(trials.error());
        if (auto added = file.add({setting.name, fact + 1, std::move(*trials)}); !added) return added;
        clock.finished_one();
      }
    }
    return {};
  }

 private:
  [[nodiscard]] std::vector<std::size_t> missing(const TrialSetting& setting, const ResultsFile& file) const {
    std::vector<std::size_t> units;
    for (std::size_t i = shard_.which; i < facts_.size(); i += shard_.of)
      if (!file.has(setting.name, i + 1)) units.push_back(i);
    return units;
  }

  [[nodiscard]] Result<Editor> open(const Model& model, const TrialSetting& setting) const {
    auto editor = open_editor(model, setting.edit, verb_.run, cancel_);
    if (!editor) return editor;
    if (auto used = use_statistics(*editor, model, verb_.search.statistics, cancel_); !used)
      return std::unexpected(used.error());
    return editor;
  }

  const TrialsVerb& verb_;
  const std::vector<FactRecord>& facts_;
  const std::vector<FactRecord>& others_;
  Shard shard_;
  const CancelToken& cancel_;
};

/// The record's edits, all of them.
Status check(const Editor& editor, const FactRecord& fact) {
  auto sound = editor.check({fact.subject, fact.prompt, fact.target_new, {}, {}});
  for (const FactRecord& edit : fact.further)
    if (sound) sound = check(editor, edit);
  if (sound) return {};
  Error error = sound.error();
  error.where = fact.where;
  return std::unexpected(error);
}

/// Of the data, from its beginning. Malformed ones are none; those within the limit were reported.
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
  base.sure = 0;  // every setting on the same contexts
  base.max_evaluations = verb.max_evaluations.value_or(0);

  std::vector<TrialSetting> settings;
  std::optional<ResultsFile> file;
  {
    auto editor = open_editor(*model, with_method(base, "subspace"), verb.run, cancel);
    if (!editor) return failed(editor.error());
    const auto used = use_statistics(*editor, *model, verb.search.statistics, cancel);
    if (!used) return failed(used.error(), "--text");
    for (const FactRecord& fact : *facts)
      if (auto sound = check(*editor, fact); !sound) return failed(sound.error());
    auto chosen = chosen_settings(verb, base, editor->layer(), model->config().layers);
    if (!chosen) return failed(chosen.error());
    settings = std::move(*chosen);
    auto header = header_of(verb, *read, *model, *editor, *used);
    if (!header) return failed(header.error());
    auto opened = ResultsFile::open(results_path(verb), std::move(*header));
    if (!opened) return failed(opened.error());
    file.emplace(std::move(*opened));
  }

  const auto done = Runner(verb, *facts, *others, *shard, cancel).run(*model, settings, *file);
  if (!done) {
    if (done.error().code == ErrorCode::cancelled && !verb.out.empty())
      say(fmt::format("{} results are in {}; the same command goes on from there", file->results().units.size(),
                      results_path(verb).string()));
    return failed(done.error());
  }
  ReportOptions report = verb.report;
  report.json = verb.run.json;
  return finished(report_results(file->results(), verb.experiment.presentation, report));
}

}  // namespace

EditOptions with_method(const EditOptions& base, const std::string& method) {
  EditOptions options = base;
  options.method = method;
  if (options.max_evaluations > 0) return options;
  // Enough for each to end by itself: 600 published steps of 10 evaluations and their tests; zeroth order with Adam.
  options.max_evaluations = method == "mobiedit" ? 6100 : method == "zo" ? 4000 : EditOptions{}.max_evaluations;
  return options;
}

std::vector<TrialSetting> every_method(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  for (const std::string& method : methods()) list.push_back({method, with_method(base, method), {}, {}, {}});
  return list;
}

Result<std::vector<Trial>> measure_edit(const TrialContext& context, const FactRecord& fact) {
  reset_peak_rss();
  const auto edit =
      edit_and_measure(context.editor, context.session, context.tokenizer, fact, context.progress, context.cancel);
  if (!edit) return std::unexpected(edit.error());
  const TrialSetting& setting = context.setting;
  Trial trial{setting.name, setting.panel, setting.line, setting.x, measures_of(*edit)};
  trial.measures.push_back({"peak bytes", static_cast<double>(peak_rss_bytes())});
  return std::vector{std::move(trial)};
}

void add_trials(CLI::App& verb, Run& run, Experiment experiment) {
  auto options = std::make_shared<TrialsVerb>();
  options->experiment = std::move(experiment);
  CLI::App* sub = verb.add_subcommand(options->experiment.name, options->experiment.about);
  add_run_options(*sub, options->run);
  sub->add_option("--data", options->data, "Facts to edit; CounterFact, EasyEdit or ZsRE records")->required();
  add_data_options(*sub, options->reading);
  sub->add_option("--out", options->out,
                  "Add each result to this file, or one in this folder; go on with what is there");
  sub->add_option("--shard", options->shard, "Do part I/N of the facts; `experiment merge` puts the files together");
  sub->add_option("--only", options->only, "Settings that have this in their name; may be repeated")
      ->allow_extra_args(false);
  add_report_options(*sub, options->report);
  add_layer_option(*sub, options->search.layer);
  sub->add_option("--clamp", options->search.clamp, "Longest change of the value, in lengths of the value")
      ->check(CLI::Range(1e-3, 1e3));
  sub->add_option("--max-evaluations", options->max_evaluations,
                  "For one edit at most (default: enough for each method)")
      ->check(CLI::Range(1, 1'000'000'000));
  sub->add_option("-s,--seed", options->search.seed, "Seed of the searches (default 0)");
  auto* text = sub->add_option("--text", options->search.statistics.text, "Running text for the key statistics");
  sub->add_flag("--no-text", options->search.statistics.none, "Use no key statistics")->excludes(text);
  sub->callback([options, &run] { run = [options] { return trials(*options); }; });
}

}  // namespace mobiedit::cli

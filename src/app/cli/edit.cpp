// mobiedit edit: facts in, an adapter or an edited model out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/cli/edit_options.h"
#include "app/cli/edit_report.h"
#include "app/cli/exit_code.h"
#include "app/cli/interrupt.h"
#include "app/cli/model_options.h"
#include "app/cli/output_file.h"
#include "app/cli/progress.h"
#include "app/cli/statistics.h"
#include "app/cli/verbs.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/store/adapter.h"
#include "mobiedit/store/baked.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

// An adapter is small beside any model; this much must be free for one before the search begins.
constexpr std::uint64_t adapter_bytes_per_edit = std::uint64_t{1} << 17;

struct EditVerb {
  RunOptions run;
  SearchSettings search;
  EditRequest request;
  std::string from;
  std::string out_lora;
  std::string out_gguf;
  bool dry_run = false;
};

struct NamedRequest {
  EditRequest request;
  std::string where;  ///< for messages: the record's file and line, or the option
};

Result<std::vector<NamedRequest>> requests_of(const EditVerb& verb) {
  std::vector<NamedRequest> requests;
  if (verb.from.empty()) {
    requests.push_back({verb.request, "the edit that was asked for"});
    return requests;
  }
  auto facts = read_facts(verb.from);
  if (!facts) return std::unexpected(facts.error());
  for (FactRecord& fact : *facts) {
    std::vector<std::string> keep = std::move(fact.keep);
    for (Neighbour& neighbour : fact.neighbours) keep.push_back(std::move(neighbour.prompt));
    requests.push_back({{std::move(fact.subject), std::move(fact.prompt), std::move(fact.target_new),
                         std::move(fact.paraphrases), std::move(keep)},
                        std::move(fact.where)});
  }
  return requests;
}

/// One run of the verb: what it needs, what it found.
class EditRun {
 public:
  explicit EditRun(const EditVerb& verb) : verb_(verb), cancel_(catch_interrupts()) {}
  int run();

 private:
  Status prepare();
  Status reserve_outputs();
  Status search();
  Status settle();
  Status deliver();
  Status deliver_adapter();
  Status deliver_model();
  Result<std::vector<bool>> measure(Session& session, const Tokenizer& tokenizer);
  Status all_hold(Session& session, const Tokenizer& tokenizer, const std::string& where);
  [[nodiscard]] std::vector<RankOneUpdate> updates() const;
  [[nodiscard]] std::vector<EditOutcome*> kept();
  [[nodiscard]] Provenance provenance() const;
  int print(int code) const;

  const EditVerb& verb_;
  CancelToken cancel_;
  std::vector<NamedRequest> requests_;
  std::optional<OutputFile> lora_;
  std::optional<OutputFile> gguf_;
  std::optional<Model> model_;
  std::optional<Editor> editor_;
  std::vector<EditOutcome> outcomes_;
  std::vector<DeliveredFile> delivered_;
};

int EditRun::run() {
  if (auto done = prepare(); !done) return failed(done.error());
  if (auto done = search(); !done) return failed(done.error());
  if (auto done = settle(); !done) return failed(done.error());
  const auto missed = static_cast<std::size_t>(
      std::ranges::count_if(outcomes_, [](const EditOutcome& outcome) { return !outcome.success; }));
  if (missed == outcomes_.size()) {
    report({ErrorCode::target_not_reached, "the target was not reached; nothing was written", "",
            "more --max-evaluations, another --layer or another --seed may reach it"});
    return print(exit_target_not_reached);
  }
  if (!verb_.dry_run) {
    if (auto done = deliver(); !done) return failed(done.error());
  }
  if (missed > 0) warn(fmt::format("{} of {} edits were not kept", missed, outcomes_.size()));
  return print(missed > 0 ? exit_target_not_reached : exit_done);
}

Status EditRun::prepare() {
  auto requests = requests_of(verb_);
  if (!requests) return std::unexpected(requests.error());
  requests_ = std::move(*requests);
  if (auto reserved = reserve_outputs(); !reserved) return reserved;

  auto model = open_model(verb_.run);
  if (!model) return std::unexpected(model.error());
  model_.emplace(std::move(*model));
  auto editor = Editor::create(*model_, verb_.search.edit_options(verb_.run.threads));
  if (!editor) return std::unexpected(editor.error());
  editor_.emplace(std::move(*editor));
  // A mistake in the last request must not come to light after the search for the first.
  for (const NamedRequest& named : requests_) {
    auto sound = editor_->check(named.request);
    if (sound) continue;
    Error error = sound.error();
    error.where = named.where + (error.where.empty() ? "" : ", \"" + error.where + "\"");
    return std::unexpected(error);
  }
  const auto used = use_statistics(*editor_, *model_, verb_.search.statistics, cancel_);
  if (!used) return std::unexpected(used.error());
  if (verb_.run.verbose) say(*used ? "with key statistics" : "without key statistics");
  return {};
}

Status EditRun::reserve_outputs() {
  std::vector<std::filesystem::path> inputs{verb_.run.model};
  if (!verb_.from.empty()) inputs.emplace_back(verb_.from);
  if (!verb_.search.statistics.text.empty()) inputs.emplace_back(verb_.search.statistics.text);
  if (!verb_.out_lora.empty()) {
    auto reserved = OutputFile::reserve(verb_.out_lora, adapter_bytes_per_edit * requests_.size(), inputs);
    if (!reserved) return std::unexpected(reserved.error());
    lora_.emplace(std::move(*reserved));
    inputs.emplace_back(verb_.out_lora);
  }
  if (!verb_.out_gguf.empty()) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(verb_.run.model, error);
    auto reserved = OutputFile::reserve(verb_.out_gguf, error ? 0 : bytes, inputs);
    if (!reserved) return std::unexpected(reserved.error());
    gguf_.emplace(std::move(*reserved));
  }
  return {};
}

Status EditRun::search() {
  ProgressLine progress;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const EditRequest& request = requests_[i].request;
    const std::string label =
        requests_.size() == 1 ? request.subject : fmt::format("{}/{} {}", i + 1, requests_.size(), request.subject);
    // Each edit is searched with the earlier ones in force.
    const auto earlier = updates();
    std::vector<LowRankDelta> deltas;
    if (!earlier.empty()) {
      auto stacked = stack_updates(earlier);
      if (!stacked) return std::unexpected(stacked.error());
      deltas = std::move(*stacked);
    }
    if (auto set = editor_->set_adapters(std::move(deltas)); !set) return set;
    auto edit = editor_->edit(request, [&](const EditProgress& p) { progress.show(label, p); }, cancel_);
    if (!edit) {
      if (edit.error().where.empty()) edit.error().where = requests_[i].where;
      return std::unexpected(edit.error());
    }
    const bool success = edit->evidence.success;
    outcomes_.push_back({std::move(*edit), success});
    if (!success) outcomes_.back().edit.update = {};  // never written: no need to hold it
  }
  return {};
}

/// Keeps the edits that hold together: a later one may undo an earlier.
Status EditRun::settle() {
  if (requests_.size() == 1) return {};  // the editor measured it alone already
  auto session = Session::create(*model_, verb_.run.session());
  if (!session) return std::unexpected(session.error());
  while (true) {
    const auto now = updates();
    if (now.empty()) return {};
    auto deltas = stack_updates(now);
    if (!deltas) return std::unexpected(deltas.error());
    if (auto set = session->set_adapters(std::move(*deltas)); !set) return set;
    const auto holds = measure(*session, model_->tokenizer());
    if (!holds) return std::unexpected(holds.error());
    const auto list = kept();
    bool all = true;
    for (std::size_t i = 0; i < list.size(); ++i) {
      list[i]->success = (*holds)[i];
      all = all && (*holds)[i];
    }
    if (all) return {};
  }
}

Status EditRun::deliver() {
  if (lora_) {
    if (auto done = deliver_adapter(); !done) return done;
  }
  if (gguf_) {
    if (auto done = deliver_model(); !done) return done;
  }
  // Only now, so that a failure of one leaves both places as they were.
  for (auto* file : {&lora_, &gguf_}) {
    if (!*file) continue;
    if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped; nothing was written");
    if (auto done = (*file)->deliver(); !done) return done;
    const std::string path = (*file)->path().string();
    std::error_code ignored;
    delivered_.push_back({file == &lora_ ? "lora" : "gguf", path, std::filesystem::file_size(path, ignored)});
  }
  return {};
}

Status EditRun::deliver_adapter() {
  const ModelConfig& config = model_->config();
  const std::string name = config.name.empty() ? "edits" : config.name + " edits";
  auto written = write_adapter(lora_->draft(), config.architecture, name, updates(), provenance());
  if (!written) {
    written.error().where = lora_->path().string();
    return written;
  }
  auto adapter = read_adapter(lora_->draft());
  if (!adapter) return std::unexpected(adapter.error());
  if (auto fits = check_adapter(*adapter, model_->file(), lora_->path().string()); !fits) return fits;
  auto session = Session::create(*model_, verb_.run.session());
  if (!session) return std::unexpected(session.error());
  if (auto set = session->set_adapters(std::move(adapter->deltas)); !set) return set;
  return all_hold(*session, model_->tokenizer(), lora_->path().string());
}

/// Tries the smallest type that keeps the update on paper first, then finer ones, until the answers agree.
Status EditRun::deliver_model() {
  const auto now = updates();
  const auto record = provenance();
  // The editor's float copies are no longer needed, and the edited model is about to be loaded.
  editor_.reset();
  Status held;
  for (const std::optional<gguf::TensorType> type :
       {std::optional<gguf::TensorType>{}, std::optional{gguf::TensorType::f16},
        std::optional{gguf::TensorType::f32}}) {
    const auto baked = write_baked(gguf_->draft(), model_->file(), now, record, {.type = type});
    if (!baked) {
      Error error = baked.error();
      if (error.code == ErrorCode::io) error.where = gguf_->path().string();
      return std::unexpected(error);
    }
    if (verb_.run.verbose) {
      for (const BakedTensor& tensor : *baked) {
        say(fmt::format("{}: {} -> {}, off by {:.2f} % of the update", tensor.name, gguf::traits(tensor.before)->name,
                        gguf::traits(tensor.after)->name, 100 * tensor.update_error));
      }
    }
    auto options = verb_.run;
    options.model = gguf_->draft().string();
    options.verbose = false;
    const auto edited = open_model(options);
    if (!edited) return std::unexpected(edited.error());
    auto session = Session::create(*edited, verb_.run.session());
    if (!session) return std::unexpected(session.error());
    held = all_hold(*session, edited->tokenizer(), gguf_->path().string());
    if (held || held.error().code != ErrorCode::verification) return held;
  }
  return held;
}

/// For each kept edit, whether greedy generation from its prompt gives its target.
Result<std::vector<bool>> EditRun::measure(Session& session, const Tokenizer& tokenizer) {
  std::vector<bool> holds;
  for (const EditOutcome* outcome : kept()) {
    const EditRequest& request = outcome->edit.request;
    const auto answer = greedy_answer(session, tokenizer, filled_prompt(request.prompt, request.subject),
                                      trimmed(request.target_new), cancel_);
    if (!answer) return std::unexpected(answer.error());
    holds.push_back(*answer == trimmed(request.target_new));
  }
  return holds;
}

Status EditRun::all_hold(Session& session, const Tokenizer& tokenizer, const std::string& where) {
  const auto holds = measure(session, tokenizer);
  if (!holds) return std::unexpected(holds.error());
  const auto list = kept();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if ((*holds)[i]) continue;
    return fail(ErrorCode::verification,
                "what was written does not answer \"" + list[i]->edit.request.target_new + "\" for " +
                    list[i]->edit.request.subject + "; it was removed again",
                where);
  }
  return {};
}

std::vector<RankOneUpdate> EditRun::updates() const {
  std::vector<RankOneUpdate> list;
  for (const EditOutcome& outcome : outcomes_) {
    if (outcome.success) list.push_back(outcome.edit.update);
  }
  return list;
}

std::vector<EditOutcome*> EditRun::kept() {
  std::vector<EditOutcome*> list;
  for (EditOutcome& outcome : outcomes_) {
    if (outcome.success) list.push_back(&outcome);
  }
  return list;
}

Provenance EditRun::provenance() const {
  Provenance provenance{MOBIEDIT_VERSION, model_->fingerprint(), {}};
  for (const EditOutcome& outcome : outcomes_) {
    if (!outcome.success) continue;
    const EditRequest& request = outcome.edit.request;
    provenance.edits.push_back({request.subject, request.prompt, request.target_new, verb_.search.method,
                                outcome.edit.evidence.layer, verb_.search.seed});
  }
  return provenance;
}

int EditRun::print(int code) const {
  if (verb_.run.json) {
    Json edits = Json::array();
    for (const EditOutcome& outcome : outcomes_) edits.push_back(edit_json(outcome));
    Json outputs = Json::array();
    for (const DeliveredFile& file : delivered_) {
      outputs.push_back({{"kind", file.kind}, {"path", file.path}, {"bytes", file.bytes}});
    }
    return finished(print_json({{"schema", "mobiedit.edit/1"},
                                {"model", verb_.run.model},
                                {"method", verb_.search.method},
                                {"edits", std::move(edits)},
                                {"outputs", std::move(outputs)},
                                {"peak_rss_bytes", peak_rss_bytes()}}),
                    code);
  }
  std::string text;
  for (const EditOutcome& outcome : outcomes_) text += edit_text(outcome);
  for (const DeliveredFile& file : delivered_) {
    text += fmt::format("{}  {}, read back and asked again\n", file.path, human_bytes(file.bytes));
  }
  if (verb_.dry_run) text += "dry run: nothing was written\n";
  return finished(print_result(text), code);
}

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
  if (verb.out_lora.empty() && verb.out_gguf.empty() && !verb.dry_run) {
    return fail(ErrorCode::usage, "nothing would be kept: give --out-lora, --out-gguf or --dry-run", "edit");
  }
  return {};
}

}  // namespace

void add_edit(CLI::App& app, Run& run) {
  auto options = std::make_shared<EditVerb>();
  CLI::App* verb = app.add_subcommand("edit", "Change a fact and write an adapter or an edited model");
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
  verb->add_option("--out-lora", options->out_lora, "Write an adapter here");
  verb->add_option("--out-gguf", options->out_gguf, "Write the whole edited model here");
  verb->add_flag("--dry-run", options->dry_run, "Search and measure, but write nothing");
  verb->callback([options, &run] {
    run = [options] {
      if (auto sound = check_usage(*options); !sound) return failed(sound.error());
      return EditRun(*options).run();
    };
  });
}

}  // namespace mobiedit::cli

#include "app/mobiedit/edit_verb.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "app/common/console.h"
#include "app/common/exit_code.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/statistics.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

// An adapter is small beside any model; this much must be free for one before the search begins.
constexpr std::uint64_t adapter_bytes_per_edit = std::uint64_t{1} << 17;

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

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// As many as are asked again: the time for both is some seconds on the bundled model, however large the store.
constexpr int most_preserved = 300;

}  // namespace

int EditRun::run() {
  if (auto done = prepare(); !done) return failed(done.error());
  if (auto done = search(); !done) return failed(done.error());
  if (auto done = settle(); !done) return failed(done.error());
  const auto missed = static_cast<std::size_t>(
      std::ranges::count_if(outcomes_, [](const EditOutcome& o) { return !o.success && !o.replaced; }));
  if (kept().empty()) {
    const bool none_reached = std::ranges::none_of(
        outcomes_, [](const EditOutcome& outcome) { return outcome.stored.edit.evidence.success; });
    report({ErrorCode::target_not_reached,
            none_reached ? "the target was not reached; nothing was written"
                         : "no edit holds together with those in force; nothing was written",
            "", none_reached ? "more --max-evaluations, another --layer or another --seed may reach it" : ""});
    return print(exit_target_not_reached);
  }
  if (!verb_.dry_run) {
    if (auto done = deliver_all(); !done) return failed(done.error());
  }
  warn_of_drift();
  if (missed > 0) warn(fmt::format("{} of {} edits were not kept", missed, outcomes_.size()));
  return print(missed > 0 ? exit_target_not_reached : exit_done);
}

Status EditRun::prepare() {
  auto requests = requests_of(verb_);
  if (!requests) return std::unexpected(requests.error());
  requests_ = std::move(*requests);
  if (auto reserved = reserve_outputs(); !reserved) return reserved;

  if (auto enough = check_edit_memory(verb_.run, verb_.search.edit_options(verb_.run.threads)); !enough) return enough;
  auto model = open_model(verb_.run);
  if (!model) return std::unexpected(model.error());
  model_.emplace(std::move(*model));
  // A mistake in the last request must not come to light after the search for the first.
  const auto check = [&](const Editor& editor) -> Status {
    for (const NamedRequest& named : requests_) {
      auto sound = editor.check(named.request);
      if (sound) continue;
      Error error = sound.error();
      error.where = named.where + (error.where.empty() ? "" : ", \"" + error.where + "\"");
      return std::unexpected(error);
    }
    return {};
  };
  EditOptions options = verb_.search.edit_options(verb_.run.threads);
  options.most_preserved = most_preserved;
  auto editor = open_editor(*model_, std::move(options), verb_.run, cancel_, check);
  if (!editor) return std::unexpected(editor.error());
  editor_.emplace(std::move(*editor));
  if (auto opened = open_store(); !opened) return opened;
  const auto used = use_statistics(*editor_, *model_, verb_.search.statistics, cancel_);
  if (!used) return std::unexpected(used.error());
  if (auto sound = verb_.search.check_statistics(*used); !sound) return sound;
  auto meter = DriftMeter::create(*model_, verb_.run.session());
  if (!meter) return std::unexpected(meter.error());
  meter_ = std::move(*meter);
  if (verb_.run.verbose) say(*used ? "with key statistics" : "without key statistics");
  return {};
}

Status EditRun::open_store() {
  if (verb_.no_store) return {};
  if (verb_.dry_run) {
    // Not even the store's file is made.
    std::error_code ignored;
    const auto path = store_path(verb_.store);
    if (!path || !std::filesystem::exists(*path, ignored)) return {};
    auto store = Store::open(*path, Store::Access::read);
    if (!store) return std::unexpected(store.error());
    store_.emplace(std::move(*store));
  } else {
    // Held until the end: what is in force underneath must not change meanwhile.
    auto store = open_store_to_write(verb_.store, "mobiedit edit");
    if (!store) return std::unexpected(store.error());
    store_.emplace(std::move(*store));
  }
  auto edits = store_->in_force(model_->fingerprint());
  if (!edits) return std::unexpected(edits.error());
  earlier_ = std::move(*edits);
  if (!earlier_.empty()) {
    say(fmt::format("with {} earlier edit{} of this model in force, from {}", earlier_.size(),
                    earlier_.size() == 1 ? "" : "s", store_->path().string()));
  }
  return {};
}

Status EditRun::reserve_outputs() {
  std::vector<std::filesystem::path> inputs{verb_.run.model};
  if (!verb_.from.empty()) inputs.emplace_back(verb_.from);
  if (!verb_.search.statistics.text.empty()) inputs.emplace_back(verb_.search.statistics.text);
  if (!verb_.no_store) {
    if (const auto path = store_path(verb_.store)) inputs.push_back(*path);
  }
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
    auto underneath = in_force(outcomes_.size());
    std::vector<std::int64_t> replaced;
    std::erase_if(underneath, [&](const StoredEdit& other) {
      const bool rival = same_fact(other.edit.request, request);
      if (rival && other.id > 0) replaced.push_back(other.id);
      return rival;
    });
    if (auto put = put_underneath(underneath); !put) return put;
    auto edit = editor_->edit(request, [&](const EditProgress& p) { progress.show(label, p); }, cancel_);
    if (!edit) {
      if (edit.error().where.empty()) edit.error().where = requests_[i].where;
      return std::unexpected(edit.error());
    }
    std::string why_not = "the target was not reached";
    bool success = edit->evidence.success;
    if (success && 100 * edit->evidence.update_norm_ratio > verb_.drift.norm) {
      success = false;
      why_not = fmt::format("it would change the weight by {:.1f} %, more than --max-norm {}",
                            100 * edit->evidence.update_norm_ratio, verb_.drift.norm);
    }
    if (success) {
      auto refusal = drift_of(*edit, std::move(underneath));
      if (!refusal) return std::unexpected(refusal.error());
      success = !refusal->has_value();
      if (!success) why_not = std::move(**refusal);
    }
    if (success) {
      for (EditOutcome* other : kept()) {
        if (!same_fact(other->stored.edit.request, request)) continue;
        other->give_up("a later edit of the same fact replaces it");
        other->replaced = true;
      }
    }
    const ModelConfig& config = model_->config();
    outcomes_.push_back({{0,
                          {model_->fingerprint(), config.architecture, config.name},
                          std::move(*edit),
                          verb_.search.method,
                          verb_.search.seed,
                          now(),
                          true},
                         true,
                         false,
                         {},
                         std::move(replaced)});
    if (!success) outcomes_.back().give_up(std::move(why_not));
  }
  return {};
}

Status EditRun::put_underneath(const std::vector<StoredEdit>& edits) {
  const auto same = [](const RankOneUpdate& x, const StoredEdit& y) {
    return x.block == y.edit.update.block && x.left == y.edit.update.left && x.right == y.edit.update.right;
  };
  const bool grown =
      edits.size() >= underneath_.size() && std::equal(underneath_.begin(), underneath_.end(), edits.begin(), same);
  if (!grown) {
    if (auto none = editor_->set_adapters({}); !none) return none;
    underneath_.clear();
  }
  if (edits.size() != underneath_.size()) perplexity_underneath_.reset();
  for (std::size_t i = underneath_.size(); i < edits.size(); ++i) {
    const Edit& edit = edits[i].edit;
    if (auto kept = editor_->preserve(edit.request, edit.update, edit.evidence.wordings); !kept) return kept;
    underneath_.push_back(edit.update);
  }
  return {};
}

Result<std::optional<std::string>> EditRun::drift_of(Edit& edit, std::vector<StoredEdit> underneath) {
  if (!meter_) return std::nullopt;
  if (perplexity_alone_ == 0) {
    const auto alone = meter_->perplexity({}, cancel_);
    if (!alone) return std::unexpected(alone.error());
    perplexity_alone_ = *alone;
  }
  if (!perplexity_underneath_) {
    const auto before =
        underneath.empty() ? Result<double>(perplexity_alone_) : meter_->perplexity(underneath, cancel_);
    if (!before) return std::unexpected(before.error());
    perplexity_underneath_ = *before;
  }
  underneath.push_back({.edit = edit});
  const auto after = meter_->perplexity(underneath, cancel_);
  if (!after) return std::unexpected(after.error());
  edit.evidence.perplexity_before = *perplexity_underneath_;
  edit.evidence.perplexity_after = *after;
  const double own = growth(*perplexity_underneath_, *after);
  const double all = growth(perplexity_alone_, *after);
  if (verb_.drift.one && own > *verb_.drift.one) {
    return fmt::format("perplexity of other text would grow by {:.1f} %, more than --max-drift {}", own,
                       *verb_.drift.one);
  }
  // An edit that makes it better is no reason to stop.
  if (all > verb_.drift.all && own > 0) {
    return fmt::format(
        "with all edits perplexity of other text would have grown by {:.1f} %, more than "
        "--max-total-drift {}: undo some, or make edits with a smaller --clamp",
        all, verb_.drift.all);
  }
  return std::nullopt;
}

void EditRun::warn_of_drift() {
  const auto edits = in_force(outcomes_.size());
  double all = 0;
  for (const EditOutcome* outcome : kept()) {
    // The last that was kept was measured with all before it.
    if (perplexity_alone_ > 0) all = growth(perplexity_alone_, outcome->stored.edit.evidence.perplexity_after);
  }
  if (all > drift_worth_a_warning) {
    warn(fmt::format("with all {} edits perplexity of other text has grown by {:.1f} %; at {} % no more are kept",
                     edits.size(), all, verb_.drift.all));
  }
  std::set<int> blocks;
  for (const EditOutcome* outcome : kept()) blocks.insert(outcome->stored.edit.update.block);
  const auto norms = update_norms(edits, blocks);
  if (!norms) return warn(norms.error().message());
  for (const auto& [block, norm] : *norms) {
    if (norm <= norm_worth_a_warning) continue;
    warn(fmt::format("the edits of block {} come to {:.0f} % of its weight; a file of the same type may not hold them",
                     block, 100 * norm));
  }
}

/// Keeps the edits that hold together: a later one may undo an earlier.
Status EditRun::settle() {
  if (requests_.size() == 1 && earlier_.empty()) return {};  // the editor measured it alone already
  auto session = Session::create(*model_, verb_.run.session());
  if (!session) return std::unexpected(session.error());
  std::vector<const StoredEdit*> added;
  for (const EditOutcome* outcome : kept()) added.push_back(&outcome->stored);
  if (added.empty()) return {};
  for (const std::size_t place : worth_asking(earlier_, added)) watched_.push_back(earlier_[place]);
  if (watched_.size() < earlier_.size()) {
    say(fmt::format("{} of {} earlier edits are asked again: the nearest to the new, and some of the others",
                    watched_.size(), earlier_.size()));
  }
  auto held_before = measure(*session, earlier_, watched_);
  if (!held_before) return std::unexpected(held_before.error());
  held_before_ = std::move(*held_before);
  while (true) {
    const auto list = kept();
    if (list.empty()) return {};
    const auto edits = in_force(outcomes_.size());
    const auto asked = asked_of(edits);
    const auto holds = measure(*session, edits, asked);
    if (!holds) return std::unexpected(holds.error());
    // The kept ones are the last of those in force, and all asked.
    bool all = true;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if ((*holds)[asked.size() - list.size() + i]) continue;
      list[i]->give_up("it does not hold together with the other edits");
      all = false;
    }
    if (!all) continue;
    const auto* lost = first_lost(asked, *holds);
    if (lost == nullptr) {
      note_same_subject(asked, *holds);
      return {};
    }
    // Which of them does it? The fewest of them that do end with the culprit.
    std::size_t harmless = 0, harmful = list.size();
    while (harmful - harmless > 1) {
      const std::size_t middle = (harmless + harmful) / 2;
      const auto some = in_force(middle);
      const auto some_asked = asked_of(some);
      const auto still = measure(*session, some, some_asked);
      if (!still) return std::unexpected(still.error());
      (first_lost(some_asked, *still) != nullptr ? harmful : harmless) = middle;
    }
    list[harmful - 1]->give_up(fmt::format("it would break edit {} ({})", lost->id, lost->edit.request.subject));
  }
}

/// An earlier edit that answered before and does no longer.
const StoredEdit* EditRun::first_lost(const std::vector<StoredEdit>& asked, const std::vector<bool>& holds) const {
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    if (!held_before_[i]) continue;
    const auto now = std::ranges::find(asked, watched_[i].id, &StoredEdit::id);
    if (now != asked.end() && !holds[static_cast<std::size_t>(now - asked.begin())]) return &watched_[i];
  }
  return nullptr;
}

std::vector<StoredEdit> EditRun::asked_of(const std::vector<StoredEdit>& edits) const {
  std::set<std::int64_t> ids;
  for (const StoredEdit& stored : watched_) ids.insert(stored.id);
  std::vector<StoredEdit> asked;
  for (const StoredEdit& stored : edits) {
    if (stored.id == 0 || ids.contains(stored.id)) asked.push_back(stored);
  }
  return asked;
}

void EditRun::note_same_subject(const std::vector<StoredEdit>& asked, const std::vector<bool>& holds) {
  for (EditOutcome* outcome : kept()) {
    const EditRequest& own = outcome->stored.edit.request;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const EditRequest& other = asked[i].edit.request;
      if (!same_subject(own, other) || same_fact(own, other)) continue;
      const auto earlier = std::ranges::find(watched_, asked[i].id, &StoredEdit::id);
      std::optional<bool> before;
      if (earlier != watched_.end()) before = held_before_[static_cast<std::size_t>(earlier - watched_.begin())];
      outcome->same_subject.push_back({asked[i].id, other, before, holds[i]});
    }
  }
}

Status EditRun::deliver_all() {
  const auto edits = in_force(outcomes_.size());
  const Delivery delivery(*model_, verb_.run, cancel_);
  if (lora_) {
    if (auto done = delivery.draft_adapter(*lora_, edits); !done) return done;
  }
  if (gguf_) {
    // The editor's float copies are no longer needed, and the edited model is about to be loaded.
    editor_.reset();
    if (auto done = delivery.draft_model(*gguf_, edits); !done) return done;
  }
  if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped; nothing was written");
  // The edits are those of the file that was read, not of the one that is there now.
  if (auto same = model_->file().unchanged(); !same) return same;
  // What is in the store can be exported again; a file whose edits are in no store cannot be undone.
  if (store_) {
    if (auto done = keep(); !done) return done;
  }
  // Only now, so that a failure of one leaves both places as they were.
  for (auto* file : {&lora_, &gguf_}) {
    if (!*file) continue;
    const char* kind = file == &lora_ ? "lora" : "gguf";
    auto done = deliver(**file, kind);
    if (!done) return std::unexpected(undelivered(std::move(done.error()), kind));
    delivered_.push_back(std::move(*done));
  }
  return {};
}

Error EditRun::undelivered(Error error, const char* kind) {
  if (!store_) return error;
  std::vector<std::int64_t> ids;
  for (const EditOutcome* outcome : kept()) ids.push_back(outcome->stored.id);
  error.what += fmt::format("; but edit{} {} {} kept", ids.size() == 1 ? "" : "s", fmt::join(ids, ", "),
                            ids.size() == 1 ? "is" : "are");
  error.hint = fmt::format("`mobiedit export {} -m {} -o FILE` delivers, `mobiedit undo {}` takes back", kind,
                           verb_.run.model, fmt::join(ids, " "));
  return error;
}

Status EditRun::keep() {
  std::vector<StoredEdit> edits;
  for (const EditOutcome* outcome : kept()) edits.push_back(outcome->stored);
  const auto ids = store_->add(edits);
  if (!ids) return std::unexpected(ids.error());
  const auto list = kept();
  for (std::size_t i = 0; i < list.size(); ++i) list[i]->stored.id = (*ids)[i];
  return {};
}

Result<std::vector<bool>> EditRun::measure(Session& session, const std::vector<StoredEdit>& edits,
                                           const std::vector<StoredEdit>& asked) {
  if (asked.empty()) return std::vector<bool>();
  auto deltas = deltas_of(edits);
  if (!deltas) return std::unexpected(deltas.error());
  if (auto set = session.set_adapters(std::move(*deltas)); !set) return std::unexpected(set.error());
  return answering(session, model_->tokenizer(), asked, cancel_);
}

std::vector<StoredEdit> EditRun::in_force(std::size_t count) const {
  std::vector<StoredEdit> edits = earlier_;
  for (const EditOutcome& outcome : outcomes_) {
    if (!outcome.success || count == 0) continue;
    --count;
    std::erase_if(edits,
                  [&](const StoredEdit& other) { return same_fact(other.edit.request, outcome.stored.edit.request); });
    edits.push_back(outcome.stored);
  }
  return edits;
}

std::vector<EditOutcome*> EditRun::kept() {
  std::vector<EditOutcome*> list;
  for (EditOutcome& outcome : outcomes_) {
    if (outcome.success) list.push_back(&outcome);
  }
  return list;
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
                                {"store", store_ ? Json(store_->path().string()) : Json()},
                                {"edits", std::move(edits)},
                                {"earlier", {{"in_force", earlier_.size()}, {"asked", watched_.size()}}},
                                {"outputs", std::move(outputs)},
                                {"peak_rss_bytes", peak_rss_bytes()}}),
                    code);
  }
  std::string text;
  for (const EditOutcome& outcome : outcomes_) text += edit_text(outcome);
  for (const DeliveredFile& file : delivered_) text += delivered_text(file);
  if (verb_.dry_run) text += "dry run: nothing was written\n";
  return finished(print_result(text), code);
}

}  // namespace mobiedit::cli

// mobiedit apply: edits made for one model, tried in another of the same shape.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "app/common/console.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/mobiedit/delivery.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::cli {
namespace {

struct ApplyVerb {
  RunOptions run;
  StoreOptions store;
  std::string from;
};

/// The base whose edits are meant: the one named, else the only other one there is.
Result<std::string> source_of(const Store& store, const ApplyVerb& verb, const std::string& own) {
  const auto edits = store.list();
  if (!edits) return std::unexpected(edits.error());
  std::set<std::string> others;
  for (const EditSummary& edit : *edits) {
    if (edit.base.fingerprint != own && edit.base.fingerprint.starts_with(verb.from))
      others.insert(edit.base.fingerprint);
  }
  if (others.size() == 1) return *others.begin();
  if (others.empty())
    return fail(ErrorCode::usage, "there are no edits of another model to apply", store.path().string());
  return fail(ErrorCode::usage, "there are edits of several other models", store.path().string(),
              "say which with --from FINGERPRINT, as `mobiedit list` shows it");
}

Status fits(const Model& model, const StoredEdit& stored) {
  const ModelConfig& config = model.config();
  const RankOneUpdate& update = stored.edit.update;
  if (update.block < config.layers && update.left.size() == static_cast<std::size_t>(config.d) &&
      update.right.size() == static_cast<std::size_t>(config.f) && stored.base.architecture == config.architecture)
    return {};
  return fail(ErrorCode::bad_model,
              fmt::format("is of another shape than the model that edit {} was made for", stored.id),
              model.file().path().string());
}

int apply(const ApplyVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  auto store = open_store_to_write(verb.store, "mobiedit apply");
  if (!store) return failed(store.error());
  const auto model = open_model(verb.run);
  if (!model) return failed(model.error());
  const std::string own = model->fingerprint();
  const auto source = source_of(*store, verb, own);
  if (!source) return failed(source.error());
  auto edits = store->in_force(*source);
  if (!edits) return failed(edits.error());
  for (const StoredEdit& stored : *edits) {
    if (auto sound = fits(*model, stored); !sound) return failed(sound.error());
  }
  auto present = store->in_force(own);
  if (!present) return failed(present.error());
  auto session = Session::create(*model, verb.run.session());
  if (!session) return failed(session.error());

  // Those that do not answer go, until the rest answers together with what is in force already.
  std::vector<StoredEdit> kept = *edits;
  while (!kept.empty()) {
    std::vector<StoredEdit> all;
    for (const StoredEdit& own_edit : *present) {
      const bool replaced = std::ranges::any_of(
          kept, [&](const StoredEdit& k) { return same_fact(k.edit.request, own_edit.edit.request); });
      if (!replaced) all.push_back(own_edit);
    }
    const std::size_t first = all.size();
    all.insert(all.end(), kept.begin(), kept.end());
    auto deltas = deltas_of(all);
    if (!deltas) return failed(deltas.error());
    if (auto set = session->set_adapters(std::move(*deltas)); !set) return failed(set.error());
    const auto answers = answering(*session, model->tokenizer(), all, cancel);
    if (!answers) return failed(answers.error());
    std::vector<StoredEdit> answered;
    for (std::size_t i = first; i < all.size(); ++i)
      if ((*answers)[i]) answered.push_back(all[i]);
    const bool settled = answered.size() == kept.size();
    kept = std::move(answered);
    if (settled) break;
  }
  std::set<std::int64_t> ids;
  for (StoredEdit& stored : kept) {
    ids.insert(stored.id);
    stored.base = {own, model->config().architecture, model->config().name};
    stored.made_at =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    stored.enabled = true;
  }
  if (auto same = model->file().unchanged(); !same) return failed(same.error());
  const auto added = store->add(kept);
  if (!added) return failed(added.error());
  const int code = kept.size() == edits->size() ? 0 : 3;
  if (verb.run.json) {
    auto lost = nlohmann::ordered_json::array();
    for (const StoredEdit& stored : *edits)
      if (!ids.contains(stored.id)) lost.push_back(stored.id);
    return finished(print_json({{"schema", "mobiedit.apply/1"},
                                {"model", verb.run.model},
                                {"from", *source},
                                {"applied", ids},
                                {"as", *added},
                                {"lost", std::move(lost)}}),
                    code);
  }
  std::string text;
  std::size_t next = 0;
  for (const StoredEdit& stored : *edits) {
    const EditRequest& request = stored.edit.request;
    const std::string fact = filled_prompt(request.prompt, request.subject) + " ... " + request.target_new;
    text += ids.contains(stored.id)
                ? fmt::format("edit {} holds here, kept as edit {}: {}\n", stored.id, (*added)[next++], fact)
                : fmt::format("edit {} DOES NOT HOLD here, not kept: {}\n", stored.id, fact);
  }
  return finished(print_result(text), code);
}

}  // namespace

void add_apply(CLI::App& app, Run& run) {
  auto options = std::make_shared<ApplyVerb>();
  CLI::App* verb = app.add_subcommand("apply", "Try the edits of another model here, and keep those that hold");
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("--from", options->from, "Fingerprint, or its beginning, of the model they were made for");
  verb->callback([options, &run] { run = [options] { return apply(*options); }; });
}

}  // namespace mobiedit::cli

#include "mobiedit/workspace/workspace.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <system_error>
#include <thread>

#include "base/try.h"
#include "workspace/answers.h"
#include "workspace/edit_list.h"
#include "workspace/serve_again.h"
#include "workspace/session_changes.h"
#include "workspace/workspace_state.h"

namespace mobiedit {

Workspace::Workspace(Engine engine, std::shared_ptr<const Model> model, WorkspaceOptions options)
    : state_(std::make_unique<State>(std::move(engine), std::move(model), std::move(options))) {
  state_->options.session.threads = state_->engine.threads();
  state_->options.session.pool = state_->engine.pool();
}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

const Engine& Workspace::engine() const {
  return state_->engine;
}
const Model& Workspace::model() const {
  return *state_->model;
}
const WorkspaceOptions& Workspace::options() const {
  return state_->options;
}

Result<std::unique_lock<std::mutex>> Workspace::State::wait_for_turn(const Job& job) {
  std::unique_lock turn(changing, std::defer_lock);
  // Polls, so that a cancelled job does not wait. ThreadSanitizer of GCC 12 does not know timed locks.
  while (!turn.try_lock()) {
    if (job.cancel.requested()) return fail(ErrorCode::cancelled, "stopped before it began");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return turn;
}

Result<std::optional<Store>> Workspace::State::open_to_read() const {
  std::error_code ignored;
  if (options.store_may_be_missing && !std::filesystem::exists(options.store, ignored)) return std::nullopt;
  auto store = Store::open(options.store, Store::Access::read);
  if (!store) return std::unexpected(store.error());
  return std::optional<Store>(std::move(*store));
}

Result<Store> Workspace::State::open_to_change() const {
  if (!has_store()) return fail(ErrorCode::usage, "there is no store");
  return Store::open(options.store, Store::Access::write, options.program);
}

Result<std::vector<Edit>> Workspace::in_force() const {
  const State& s = *state_;
  if (!s.has_store()) {
    const std::lock_guard lock(s.reading);
    return s.unsaved;
  }
  const auto store = s.open_to_read();
  if (!store) return std::unexpected(store.error());
  if (!*store) return std::vector<Edit>();
  return (*store)->in_force(s.model->fingerprint());
}

namespace {

Result<Session> session_with(const Model& model, const SessionOptions& options, std::span<const Edit> edits,
                             std::vector<LowRankDelta> adapters) {
  MOBIEDIT_TRY(auto session, Session::create(model, options));
  MOBIEDIT_TRY(auto changes, session_changes(std::move(adapters), edits));
  MOBIEDIT_CHECK(session.set_in_force(std::move(changes).all()));
  return session;
}

}  // namespace

Result<Session> Workspace::session(bool with_edits, std::vector<LowRankDelta> adapters) const {
  std::vector<Edit> edits;
  if (with_edits) {
    auto found = in_force();
    if (!found) return std::unexpected(found.error());
    edits = std::move(*found);
  }
  return session_with(*state_->model, state_->options.session, edits, std::move(adapters));
}

Result<Session> Workspace::session(std::span<const Edit> edits) const {
  return session_with(*state_->model, state_->options.session, edits, {});
}

Result<std::vector<Workspace::Answered>> Workspace::check(const Job& job) const {
  const auto edits = in_force();
  if (!edits) return std::unexpected(edits.error());
  auto with_edits = session(*edits);
  if (!with_edits) return std::unexpected(with_edits.error());
  const auto answers = answering(*with_edits, state_->model->tokenizer(), list_of(*edits), job.cancel);
  if (!answers) return std::unexpected(answers.error());
  std::vector<Answered> checked;
  for (std::size_t i = 0; i < edits->size(); ++i) checked.push_back({info_of((*edits)[i]), bool{(*answers)[i]}});
  return checked;
}

Result<StoreChange> Workspace::State::change(std::span<const std::int64_t> ids, EditChange change, const Job& job) {
  MOBIEDIT_TRY(const auto turn, wait_for_turn(job));
  MOBIEDIT_TRY(auto store, open_to_change());
  return change_and_serve(store, model->fingerprint(), ids, change,
                          [&](const std::vector<Edit>& facts, const EditList& beside) {
                            return search_again(*model, options.session, options.cache_folder, facts, beside, job);
                          });
}

Result<StoreChange> Workspace::undo(std::span<const std::int64_t> ids, const Job& job) {
  return state_->change(ids, EditChange::undo, job);
}

Result<StoreChange> Workspace::set_enabled(std::span<const std::int64_t> ids, bool enabled, const Job& job) {
  return state_->change(ids, enabled ? EditChange::enable : EditChange::disable, job);
}

}  // namespace mobiedit

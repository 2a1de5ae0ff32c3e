// Workspace::teach: takes the workspace's turn and its store, and runs the job.
#include <new>
#include <system_error>

#include "base/try.h"
#include "workspace/notes.h"
#include "workspace/resolve_conflicts.h"
#include "workspace/teach_job.h"
#include "workspace/workspace_state.h"

namespace mobiedit {
namespace {

// Limit of earlier edits that a new edit preserves. It bounds the time for them to some seconds, however large the
// store.
constexpr int most_preserved = 300;

}  // namespace

Result<TeachReport> Workspace::teach(std::span<const EditRequest> requests, TeachOptions options, const Job& job) try {
  State& s = *state_;
  if (requests.empty()) return fail(ErrorCode::usage, "there is nothing to teach");
  MOBIEDIT_TRY(const auto turn, s.wait_for_turn(job));
  options.search.threads = s.engine.threads();
  options.search.pool = s.engine.pool();
  options.search.most_preserved = most_preserved;

  TeachJob teaching({*s.model, s.options.session, s.options.cache_folder}, requests, options, job);
  MOBIEDIT_CHECK(teaching.check_and_prepare());

  // Held until the end: the edits in force underneath must not change meanwhile.
  std::optional<Store> store;
  if (s.has_store() && !options.dry_run) {
    MOBIEDIT_TRY(auto opened, s.open_to_change());
    store.emplace(std::move(opened));
  }
  auto edits = store ? store->in_force(s.model->fingerprint()) : in_force();
  if (!edits) return std::unexpected(edits.error());
  if (!edits->empty() && s.has_store()) {
    note(job, "with " + std::to_string(edits->size()) + " earlier edit" + (edits->size() == 1 ? "" : "s") +
                  " of this model in force, from " + s.options.store.string());
  }
  auto report = teaching.run(std::move(*edits), store ? &*store : nullptr);
  std::error_code ignored;
  if (report) report->store_used = store || (s.has_store() && std::filesystem::exists(s.options.store, ignored));
  if (report && !s.has_store() && !options.dry_run) {
    const std::lock_guard lock(s.reading);
    std::vector<Edit> all;
    for (const Edit* edit : in_force_with(list_of(s.unsaved), kept_edits(report->outcomes))) all.push_back(*edit);
    s.unsaved = std::move(all);
  }
  return report;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to teach");
}

}  // namespace mobiedit

// Workspace::verify: an adapter or an edited model, checked against the base and asked again.
#include "mobiedit/store/verify.h"

#include <new>
#include <utility>

#include "base/try.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/adapter.h"
#include "workspace/answers.h"
#include "workspace/workspace_state.h"

namespace mobiedit {
namespace {

Result<std::vector<bool>> ask(Session& session, const Tokenizer& tokenizer, const std::vector<EditInfo>& infos,
                              const CancelToken& cancel) {
  std::vector<Edit> edits(infos.size());
  for (std::size_t i = 0; i < infos.size(); ++i)
    edits[i].request = {infos[i].subject, infos[i].prompt, infos[i].target_new, {}, {}};
  return answering(session, tokenizer, list_of(edits), cancel);
}

Result<VerifyReport> verify_adapter(const gguf::File& file, const Model& base, const SessionOptions& options,
                                    const CancelToken& cancel) {
  MOBIEDIT_TRY(auto adapter, read_adapter(file.path()));
  MOBIEDIT_CHECK(check_adapter(adapter, base.file(), file.path().string()));
  VerifyReport report;
  MOBIEDIT_TRY(auto hashes, check_hashes(file));
  report.faults = std::move(hashes);
  report.edits = std::move(adapter.provenance.edits);
  for (const LowRankDelta& delta : adapter.deltas) report.changed.push_back(delta.tensor);
  if (adapter.provenance.base_fingerprint != base.fingerprint())
    report.faults.push_back("it was made for another base, " + adapter.provenance.base_fingerprint);
  MOBIEDIT_TRY(auto session, Session::create(base, options));
  MOBIEDIT_CHECK(session.set_adapters(std::move(adapter.deltas)));
  MOBIEDIT_TRY(auto answers, ask(session, base.tokenizer(), report.edits, cancel));
  report.answers = std::move(answers);
  return report;
}

Result<VerifyReport> verify_model(const gguf::File& file, const Model& base, std::vector<EditInfo> edits,
                                  const SessionOptions& options, const CancelToken& cancel) {
  ModelOptions opening;
  opening.pool = options.pool;
  MOBIEDIT_TRY(const auto model, Model::open(file.path(), opening));
  VerifyReport report;
  report.edits = std::move(edits);
  MOBIEDIT_TRY(auto found, compare_with_base(file, base.file(), base.fingerprint(), report.edits));
  report.changed = std::move(found.changed);
  report.faults = std::move(found.faults);
  MOBIEDIT_TRY(auto session, Session::create(model, options));
  MOBIEDIT_TRY(auto answers, ask(session, model.tokenizer(), report.edits, cancel));
  report.answers = std::move(answers);
  return report;
}

/// A same-type file names no edits: then those in force for its base are meant.
Result<std::vector<EditInfo>> edits_of_model(const gguf::File& file, const Workspace& workspace) {
  auto named = edits_in(file);
  if (!named || !named->empty()) return named;
  MOBIEDIT_TRY(const auto edits, workspace.in_force());
  std::vector<EditInfo> infos;
  for (const Edit& edit : edits) infos.push_back(info_of(edit));
  return infos;
}

}  // namespace

Result<VerifyReport> Workspace::verify(const std::filesystem::path& path, const Job& job) const try {
  const State& s = *state_;
  MOBIEDIT_TRY(const auto file, gguf::File::open(path));
  MOBIEDIT_TRY(const auto type, file.string("general.type"));
  Result<VerifyReport> report;
  if (type.value_or("") == "adapter") {
    report = verify_adapter(file, *s.model, s.options.session, job.cancel);
  } else {
    MOBIEDIT_TRY(auto edits, edits_of_model(file, *this));
    report = verify_model(file, *s.model, std::move(edits), s.options.session, job.cancel);
  }
  if (!report) return report;
  if (report->edits.empty()) report->faults.emplace_back("no edit is known to be in it");
  for (std::size_t i = 0; i < report->edits.size(); ++i) {
    const EditInfo& edit = report->edits[i];
    if (!report->answers[i])
      report->faults.push_back("it does not answer: " + filled_prompt(edit.prompt, edit.subject) + " ... " +
                               edit.target_new);
  }
  return report;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to verify", path.string());
}

}  // namespace mobiedit

// mobiedit verify: whether an edited file is what it says, and still answers as its edits want.
#include "mobiedit/store/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/common/console.h"
#include "app/common/exit_code.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/mobiedit/delivery.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/adapter.h"

namespace mobiedit::cli {
namespace {

struct VerifyVerb {
  RunOptions run;  // its model is the base
  StoreOptions store;
  std::string file;
};

struct Checked {
  std::vector<EditRecord> edits;
  std::vector<bool> answers;
  Verification found;
};

std::vector<StoredEdit> as_stored(const std::vector<EditRecord>& records) {
  std::vector<StoredEdit> edits(records.size());
  for (std::size_t i = 0; i < records.size(); ++i)
    edits[i].edit.request = {records[i].subject, records[i].prompt, records[i].target_new, {}, {}};
  return edits;
}

/// A same-type file names no edits: those in force for its base are meant.
Result<std::vector<EditRecord>> from_store(const StoreOptions& options, const std::string& base) {
  const auto store = open_store_to_read(options);
  if (!store) return std::unexpected(store.error());
  std::vector<EditRecord> records;
  if (!*store) return records;
  const auto edits = (*store)->in_force(base);
  if (!edits) return std::unexpected(edits.error());
  for (const StoredEdit& stored : *edits) {
    const EditRequest& request = stored.edit.request;
    records.push_back(
        {request.subject, request.prompt, request.target_new, stored.method, stored.edit.update.block, stored.seed});
  }
  return records;
}

Result<Checked> check_adapter_file(const VerifyVerb& verb, const gguf::File& file, const Model& base,
                                   const CancelToken& cancel) {
  auto adapter = read_adapter(verb.file);
  if (!adapter) return std::unexpected(adapter.error());
  if (auto fits = check_adapter(*adapter, base.file(), verb.file); !fits) return std::unexpected(fits.error());
  Checked checked;
  auto hashes = check_hashes(file);
  if (!hashes) return std::unexpected(hashes.error());
  checked.found.faults = std::move(*hashes);
  checked.edits = adapter->provenance.edits;
  for (const LowRankDelta& delta : adapter->deltas) checked.found.changed.push_back(delta.tensor);
  if (adapter->provenance.base_fingerprint != base.fingerprint())
    checked.found.faults.push_back("it was made for another base, " + adapter->provenance.base_fingerprint);
  auto session = Session::create(base, verb.run.session());
  if (!session) return std::unexpected(session.error());
  if (auto set = session->set_adapters(std::move(adapter->deltas)); !set) return std::unexpected(set.error());
  auto answers = answering(*session, base.tokenizer(), as_stored(checked.edits), cancel);
  if (!answers) return std::unexpected(answers.error());
  checked.answers = std::move(*answers);
  return checked;
}

Result<Checked> check_model_file(const VerifyVerb& verb, const gguf::File& file, const Model& base,
                                 const CancelToken& cancel) {
  auto options = verb.run;
  options.model = verb.file;
  const auto model = open_model(options);
  if (!model) return std::unexpected(model.error());
  Checked checked;
  const auto edits = file.string("mobiedit.edits");
  if (!edits) return std::unexpected(edits.error());
  auto records = *edits ? records_of(file) : from_store(verb.store, base.fingerprint());
  if (!records) return std::unexpected(records.error());
  checked.edits = std::move(*records);
  auto found = compare_with_base(file, base.file(), base.fingerprint(), checked.edits);
  if (!found) return std::unexpected(found.error());
  checked.found = std::move(*found);
  auto session = Session::create(*model, verb.run.session());
  if (!session) return std::unexpected(session.error());
  auto answers = answering(*session, model->tokenizer(), as_stored(checked.edits), cancel);
  if (!answers) return std::unexpected(answers.error());
  checked.answers = std::move(*answers);
  return checked;
}

int verify(const VerifyVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  const auto base = open_model(verb.run);
  if (!base) return failed(base.error());
  const auto file = gguf::File::open(verb.file);
  if (!file) return failed(file.error());
  const auto type = file->string("general.type");
  if (!type) return failed(type.error());
  auto checked = type->value_or("") == "adapter" ? check_adapter_file(verb, *file, *base, cancel)
                                                 : check_model_file(verb, *file, *base, cancel);
  if (!checked) return failed(checked.error());
  auto& [edits, answers, found] = *checked;
  if (edits.empty()) found.faults.emplace_back("no edit is known to be in it");

  auto list = nlohmann::ordered_json::array();
  std::string text;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const std::string fact = filled_prompt(edits[i].prompt, edits[i].subject) + " ... " + edits[i].target_new;
    if (!answers[i]) found.faults.push_back("it does not answer: " + fact);
    list.push_back({{"subject", edits[i].subject},
                    {"prompt", edits[i].prompt},
                    {"target_new", edits[i].target_new},
                    {"answers", bool{answers[i]}}});
    if (answers[i]) text += "  ok " + fact + "\n";
  }
  const int code = found.faults.empty() ? exit_done : exit_verification;
  if (verb.run.json) {
    return finished(print_json({{"schema", "mobiedit.verify/1"},
                                {"file", verb.file},
                                {"base", verb.run.model},
                                {"sound", found.faults.empty()},
                                {"changed", found.changed},
                                {"edits", std::move(list)},
                                {"faults", found.faults}}),
                    code);
  }
  for (const std::string& fault : found.faults) text += "  -- " + fault + "\n";
  text += fmt::format("{}: {}; changed: {}\n", verb.file, found.faults.empty() ? "sound" : "NOT what it should be",
                      found.changed.empty() ? "nothing" : fmt::format("{}", fmt::join(found.changed, ", ")));
  return finished(print_result(text), code);
}

}  // namespace

void add_verify(CLI::App& app, Run& run) {
  auto options = std::make_shared<VerifyVerb>();
  CLI::App* verb = app.add_subcommand("verify", "Check an edited file against its base, and ask it again");
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("FILE", options->file, "An adapter or an edited model")->required();
  verb->callback([options, &run] { run = [options] { return verify(*options); }; });
}

}  // namespace mobiedit::cli

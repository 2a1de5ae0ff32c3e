// One run of `mobiedit edit`: what was asked for, and what it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/common/edit_options.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/common/output_file.h"
#include "app/mobiedit/delivery.h"
#include "app/mobiedit/drift.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/store/store.h"

namespace mobiedit::cli {

struct EditVerb {
  RunOptions run;
  SearchSettings search;
  StoreOptions store;
  EditRequest request;
  std::string from;
  std::string out_lora;
  std::string out_gguf;
  bool no_store = false;
  bool dry_run = false;
  DriftLimits drift;
};

struct NamedRequest {
  EditRequest request;
  std::string where;  ///< for messages: the record's file and line, or the option
};

/// What it needs, what it found. Every edit is searched with those in force underneath that it does not replace: the
/// store's for this model, then its own earlier ones.
class EditRun {
 public:
  explicit EditRun(const EditVerb& verb) : verb_(verb), cancel_(catch_interrupts()) {}
  int run();

 private:
  Status prepare();
  Status open_store();
  Status reserve_outputs();
  Status search();
  /// In force underneath the next search, which keeps off their keys.
  Status put_underneath(const std::vector<StoredEdit>& edits);
  /// What the edit does to running text beside those underneath, into its evidence; a refusal, if it is too much.
  Result<std::optional<std::string>> drift_of(Edit& edit, std::vector<StoredEdit> underneath);
  void warn_of_drift();
  Status settle();
  /// Of the edits those that are asked: the run's own and `watched_`.
  [[nodiscard]] std::vector<StoredEdit> asked_of(const std::vector<StoredEdit>& edits) const;
  [[nodiscard]] const StoredEdit* first_lost(const std::vector<StoredEdit>& asked,
                                             const std::vector<bool>& holds) const;
  /// Tells of each kept edit what became of the others of its subject.
  void note_same_subject(const std::vector<StoredEdit>& asked, const std::vector<bool>& holds);
  Status deliver_all();
  Status keep();
  /// What of `asked` answers with `edits` in force.
  Result<std::vector<bool>> measure(Session& session, const std::vector<StoredEdit>& edits,
                                    const std::vector<StoredEdit>& asked);
  /// Where the store has the edits but a file could not be put in its place.
  [[nodiscard]] Error undelivered(Error error, const char* kind);
  /// All that would be in force: the store's edits and the first `count` of the kept ones, less what these replace.
  [[nodiscard]] std::vector<StoredEdit> in_force(std::size_t count) const;
  [[nodiscard]] std::vector<EditOutcome*> kept();
  int print(int code) const;

  const EditVerb& verb_;
  CancelToken cancel_;
  std::vector<NamedRequest> requests_;
  std::optional<Store> store_;
  std::optional<OutputFile> lora_;
  std::optional<OutputFile> gguf_;
  std::optional<Model> model_;
  std::optional<Editor> editor_;
  std::optional<DriftMeter> meter_;
  double perplexity_alone_ = 0;            ///< without any edit
  std::vector<RankOneUpdate> underneath_;  ///< as the editor has them
  std::optional<double> perplexity_underneath_;
  std::vector<StoredEdit> earlier_;  ///< in force before this run, from the store
  std::vector<StoredEdit> watched_;  ///< those of them that are asked again
  std::vector<bool> held_before_;    ///< whether they answered before this run
  std::vector<EditOutcome> outcomes_;
  std::vector<DeliveredFile> delivered_;
};

}  // namespace mobiedit::cli

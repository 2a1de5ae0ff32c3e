// One job of teaching: prepares, searches, accepts, resolves conflicts, and delivers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "edit/subject_neurons.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/store/store.h"
#include "mobiedit/workspace/make_editor.h"
#include "mobiedit/workspace/workspace.h"
#include "workspace/damage_check.h"
#include "workspace/drift_meter.h"
#include "workspace/edit_list.h"

namespace mobiedit {

struct TeachBase {
  const Model& model;
  const SessionOptions& session;
  const std::string& cache_folder;
};

/// Runs once.
class TeachJob {
 public:
  TeachJob(TeachBase base, std::span<const EditRequest> requests, TeachOptions& options, const Job& job)
      : base_(base), requests_(requests), options_(options), job_(job) {}

  /// Makes the editor and checks every request. Changes nothing.
  [[nodiscard]] Status check_and_prepare();
  /// `edits`: in force before. `store`: keeps the new ones; may be null.
  [[nodiscard]] Result<TeachReport> run(std::vector<Edit> edits, Store* store);

 private:
  // Defined in teach_search.cpp.
  Status search();
  Status search_apart();
  Status search_for_mass();
  /// `together`: facts in force of the subject for which one neuron is found, and which are not underneath.
  Result<Outcome> search_one(std::size_t request, const EditList& underneath, const EditList& together);
  /// Moves the edits of `underneath` whose neuron the next one of this subject replaces into a list of their own.
  EditList take_subject(EditList& underneath, const EditRequest& request) const;
  /// Edits in force underneath the next search, whose keys it preserves.
  Status put_underneath(const EditList& edits);
  /// Measures the reference text's perplexity without and with the edit, beside those underneath; refuses an edit above
  /// the limits.
  Status accept(Outcome& outcome, const EditList& underneath);
  Result<double> perplexity_with(const EditList& edits);
  [[nodiscard]] bool norm_is_too_large(Outcome& outcome) const;
  [[nodiscard]] EditOrigin origin(std::size_t underneath) const;
  /// A later request about a fact takes the place of an earlier one of this job.
  void replace_earlier(const Outcome& later);

  /// Refuses an outcome whose growth of the perplexity, alone or with all edits, is above the limits; per cent.
  void refuse_drift(Outcome& outcome, double alone, double with_all) const;
  /// Fills in the perplexities without any edit and with those underneath. Not without a meter.
  Status measure_before(const EditList& underneath);

  // teach_damage.cpp
  /// Refuses the new outcomes, of which `with` has the edits, if with them all more breaks than without.
  Status refuse_damage(std::span<Outcome* const> added, const EditList& underneath, const EditList& with);

  // Defined in teach_mass.cpp.
  Status write_mass_edit(const EditList& underneath);
  /// Solves for the updates of the kept outcomes together; `found` has the edits as each was found alone.
  Status solve_mass_edit(std::span<Outcome* const> kept, std::span<const Edit> found);
  Status accept_mass_edit(const EditList& underneath, Session& session);

  // Defined in teach_job.cpp.
  Status settle();
  /// Refuses new edits whose neuron was found together with one that was refused later. True if there was one.
  bool refuse_unserved();
  Status ask_in_words();
  Status deliver_all();
  Status keep_in_store();
  void warn_of_drift();
  [[nodiscard]] std::string place(std::size_t request) const;
  [[nodiscard]] EditList all_in_force() const;

  TeachBase base_;
  std::span<const EditRequest> requests_;
  TeachOptions& options_;
  const Job& job_;
  std::optional<MadeEditor> made_;
  std::optional<DriftMeter> meter_;
  std::optional<DamageCheck> damage_;  ///< made for the first edit that is measured
  Store* store_ = nullptr;
  std::vector<Edit> edits_before_;
  EditList earlier_;                       ///< pointers to edits_before_
  std::vector<UpdateInForce> underneath_;  ///< as they are in force in the editor
  std::optional<double> perplexity_alone_, perplexity_underneath_;
  std::vector<UpdateInForce> measured_underneath_;  ///< in force while perplexity_underneath_ was measured
  TeachReport report_;
};

}  // namespace mobiedit

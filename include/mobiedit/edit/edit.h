// An edit: the request, the update that was found for it, the evidence, and the origin that lets it be made again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/edit/evidence.h"
#include "mobiedit/edit/request.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/search/methods.h"

namespace mobiedit {

/// The model that an edit was made for.
struct BaseModel {
  std::string fingerprint;   ///< Model::fingerprint()
  std::string architecture;  ///< general.architecture
  std::string name;          ///< general.name, may be empty

  bool operator==(const BaseModel&) const = default;
};

/// The way an edit was made: everything that is needed to make it again. An edit kept by version 0.1.0 has base,
/// method, seed and made_at alone; all else is empty or 0.
struct EditOrigin {
  BaseModel base;
  std::string method;        ///< as asked for: a search method, or a mass edit ("memit", "alphaedit")
  std::string value_search;  ///< the search method behind a mass edit; empty: `method` itself
  std::uint64_t seed = 0;
  std::int64_t made_at = 0;  ///< seconds since 1970, UTC
  int max_evaluations = 0;
  double clamp = 0;                            ///< ‖δ‖ at most this many ‖v₀‖
  std::optional<double> confidence_threshold;  ///< EditOptions::confidence_threshold, where it was set
  bool fisher_metric = false;                  ///< EditOptions::fisher_metric
  std::vector<MethodSetting> settings;         ///< settings that replace the method's defaults
  std::string layer_choice;                    ///< where the layer came from: "asked", "table", "trial" or "usual"
  std::string statistics_name;  ///< file name of the text behind the key statistics; empty: none were used
  std::string statistics_hash;  ///< fingerprint of that text, 32 hexadecimal digits
  int edits_underneath = 0;     ///< edits in force while this one was searched

  bool operator==(const EditOrigin&) const = default;
};

/// A fact of a subject, as a neuron that serves several of them names it.
struct ServedFact {
  std::string prompt;  ///< statement with {} for the subject
  std::string target_new;

  bool operator==(const ServedFact&) const = default;
};

/// A neuron of an edit, found for the edit's own fact and further facts of its subject together.
struct SharedNeuron {
  Neuron neuron;
  std::vector<ServedFact> others;  ///< the further facts, in the order in which they were made

  bool operator==(const SharedNeuron&) const = default;
};

struct Edit {
  EditRequest request;
  Update update;
  EditEvidence evidence;
  EditOrigin origin = {};
  std::int64_t id = 0;  ///< given by a store, ascending, never given twice; 0: in no store
  bool enabled = true;
  /// Further facts that the edit's neuron was found together with; none for a rank-one update.
  std::vector<ServedFact> found_with = {};
  /// Neurons of this edit for other facts of its subject: found anew when an older one of them was taken out of force.
  std::vector<SharedNeuron> found_again = {};

  bool operator==(const Edit&) const = default;
};

/// An edit without its vectors and measurements: for lists, and for the files that say which edits they hold.
struct EditInfo {
  std::int64_t id = 0;  ///< 0: in no store
  BaseModel base;
  std::string subject;
  std::string prompt;  ///< statement with {} for the subject
  std::string target_new;
  std::string method;
  int layer = 0;  ///< the edited layer, counted from 0
  std::uint64_t seed = 0;
  std::int64_t made_at = 0;  ///< seconds since 1970, UTC
  bool enabled = true;
  std::optional<std::int64_t> replaced_by;  ///< the newest enabled edit of this base and fact, if that is another
  std::string kind = "rank-one";            ///< kind of the update: kind_of()

  [[nodiscard]] bool in_force() const { return enabled && !replaced_by; }
  bool operator==(const EditInfo&) const = default;
};

[[nodiscard]] EditInfo info_of(const Edit& edit);

}  // namespace mobiedit

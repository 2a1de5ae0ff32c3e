// One subject, one neuron: which neuron of a list of edits is in force for each subject.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/edit/edit.h"

namespace mobiedit {

/// Edits of one subject and layer whose update is a neuron, and the one neuron that serves them all. Borrows the edits.
struct SubjectNeuron {
  std::vector<const Edit*> facts;  ///< edits in the order of the list; the newest is last
  const Neuron* neuron = nullptr;  ///< neuron of one of these edits
  bool exact = false;              ///< the neuron was found for exactly these facts
  /// Where a search for all of them may begin: it was found for some of them and no others. Null: there is none.
  const Neuron* start = nullptr;
};

/// An update in force: of an edit, or the neuron of its subject, of which the edit is the newest fact.
struct UpdateInForce {
  const Edit* edit = nullptr;
  const Neuron* neuron = nullptr;  ///< null: the rank-one update of `edit`

  [[nodiscard]] friend bool operator==(const UpdateInForce&, const UpdateInForce&) = default;
};

/// `edits` are in force together, in the order in which they were made. A subject's neuron in force is the one that was
/// found for exactly the facts in force; of several, the newest. Where there is none, it is the newest neuron of the
/// newest fact. Results are in the order of the newest facts. Throws std::bad_alloc.
[[nodiscard]] std::vector<SubjectNeuron> subject_neurons(std::span<const Edit* const> edits);

/// The updates of `edits` that are in force, in the order of the edits. Throws std::bad_alloc.
[[nodiscard]] std::vector<UpdateInForce> updates_in_force(std::span<const Edit* const> edits);

}  // namespace mobiedit

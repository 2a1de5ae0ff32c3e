// An edit as the user reads it, and as a program does.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/store/store.h"

namespace mobiedit::cli {

/// Another edit in force of the same subject, asked without the new one and with it.
struct SameSubject {
  std::int64_t id = 0;  ///< 0: of this run, too
  EditRequest request;
  std::optional<bool> before;  ///< whether it answered; none where it was not there yet
  bool after = false;
};

/// One edit of a run, and whether it is in what was delivered.
struct EditOutcome {
  StoredEdit stored;  ///< its id is 0 until the store has it
  bool success = false;
  bool replaced = false;               ///< by a later edit of this run about the same fact
  std::string why_not;                 ///< it was not kept
  std::vector<std::int64_t> replaces;  ///< edits of the store about the same fact
  std::vector<SameSubject> same_subject;

  /// It will not be written: no need to hold its vectors.
  void give_up(std::string reason);
};

[[nodiscard]] nlohmann::ordered_json edit_json(const EditOutcome& outcome);
[[nodiscard]] std::string edit_text(const EditOutcome& outcome);
/// What was measured of an edit, as edit_text shows it.
[[nodiscard]] std::string evidence_text(const Edit& edit);
/// The fields of `edit`'s and `show`'s documents that they have in common.
[[nodiscard]] nlohmann::ordered_json evidence_json(const Edit& edit);

}  // namespace mobiedit::cli

// Store of edits: one file that keeps, lists, undoes and exports them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/evidence.h"

namespace mobiedit {

/// The model that an edit was made for.
struct BaseModel {
  std::string fingerprint;   ///< Model::fingerprint()
  std::string architecture;  ///< general.architecture
  std::string name;          ///< general.name, may be empty
};

struct StoredEdit {
  std::int64_t id = 0;  ///< given by the store, ascending, never reused; 0: not stored yet
  BaseModel base;
  Edit edit;
  std::string method;  ///< of the value search
  std::uint64_t seed = 0;
  std::int64_t made_at = 0;  ///< seconds since 1970, UTC
  bool enabled = true;
};

/// Summary of an edit for a list, without its vectors.
struct EditSummary {
  std::int64_t id = 0;
  BaseModel base;
  std::string subject, prompt, target_new;
  int block = 0;
  std::int64_t made_at = 0;
  bool enabled = true;
  std::optional<std::int64_t> replaced_by;  ///< the newest enabled edit of this base and fact, if it is another edit

  [[nodiscard]] bool in_force() const { return enabled && !replaced_by; }
};

/// Returns true if two requests are about one fact: equal subject and prompt, apart from white space.
[[nodiscard]] bool same_fact(const EditRequest& a, const EditRequest& b);

/// Returns true if two requests are about one subject, with any prompt.
[[nodiscard]] bool same_subject(const EditRequest& a, const EditRequest& b);

/// A file of edits. In force for a base is the newest enabled edit of each fact. The store reads them anew each time,
/// in the order of ids, so a removed edit leaves no trace in any result.
///
/// Every change is one transaction: after a crash or a loss of power the file holds it whole or not at all. One process
/// at a time may change the file; any number may read it meanwhile. For one thread at a time.
class Store {
 public:
  enum class Access { read, write };

  /// Access::write makes the file if it is not there, and locks it against other writers while this object lives;
  /// `program` is the holder's name that they see. Opening an older file for writing migrates it first. Errors: io
  /// (also: to be read, but not there), locked, bad_model (not a store, damaged, of a newer version), out_of_memory.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& path, Access access,
                                          std::string_view program = "mobiedit");

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  [[nodiscard]] const std::filesystem::path& path() const;

  /// Adds the edits in the given order, all or none, and returns their ids. Ignores any `id` in them.
  /// Errors: usage (text that is not UTF-8, vectors that are empty or not finite), io.
  [[nodiscard]] Result<std::vector<std::int64_t>> add(std::span<const StoredEdit> edits);

  /// Edits in the order of ids, of one base or of all.
  [[nodiscard]] Result<std::vector<EditSummary>> list(const std::optional<std::string>& base = {}) const;

  /// Errors: usage (no such edit), bad_model (the record is damaged).
  [[nodiscard]] Result<StoredEdit> get(std::int64_t id) const;

  /// The edits in force for a base, in the order of ids. Errors: bad_model (a damaged record; nothing is returned).
  [[nodiscard]] Result<std::vector<StoredEdit>> in_force(const std::string& base) const;

  /// Removes edits for good, all or none. Errors: usage (no such edit), io.
  [[nodiscard]] Status remove(std::span<const std::int64_t> ids);

  /// Enables or disables edits, all or none. Errors: usage (no such edit), io.
  [[nodiscard]] Status set_enabled(std::span<const std::int64_t> ids, bool enabled);

  /// Writes the whole store as JSON Lines, one edit per line, in the order of ids. `sink` gets one line at a time with
  /// its end; its error is returned unchanged.
  [[nodiscard]] Status dump(const std::function<Status(std::string_view line)>& sink) const;

  struct Loaded {
    std::size_t added = 0;
    std::size_t known = 0;  ///< edits that the store already had, equal to the last bit
  };
  /// Adds the edits of a dump, all or none. An empty store keeps their ids; another gives new ones, in their order.
  /// Errors: usage, naming `where` and the line; io.
  [[nodiscard]] Result<Loaded> load(std::string_view lines, const std::string& where);

  /// Reads the whole store and returns its faults, one sentence each; empty: sound.
  [[nodiscard]] Result<std::vector<std::string>> check() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit

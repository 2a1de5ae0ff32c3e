// Edits as things one owns: kept in one file, listed, taken back, carried to another machine.
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
  std::int64_t id = 0;  ///< given by the store, ascending, never given twice; 0: not stored yet
  BaseModel base;
  Edit edit;
  std::string method;  ///< of the value search
  std::uint64_t seed = 0;
  std::int64_t made_at = 0;  ///< seconds since 1970, UTC
  bool enabled = true;
};

/// What a list shows of an edit; its vectors stay in the file.
struct EditSummary {
  std::int64_t id = 0;
  BaseModel base;
  std::string subject, prompt, target_new;
  int block = 0;
  std::int64_t made_at = 0;
  bool enabled = true;
  std::optional<std::int64_t> replaced_by;  ///< the newest enabled edit of the same base and fact, if that is another

  [[nodiscard]] bool in_force() const { return enabled && !replaced_by; }
};

/// Whether two requests are about one fact: the same subject and prompt but for white space.
[[nodiscard]] bool same_fact(const EditRequest& a, const EditRequest& b);

/// Whether they are about one subject, whatever they say of it.
[[nodiscard]] bool same_subject(const EditRequest& a, const EditRequest& b);

/// A file of edits. What is in force for a base is always read from it anew, in the order of ids: of the enabled edits
/// of one fact the newest. So an edit that is removed leaves no trace in any result, whatever came after it.
///
/// Every change is one transaction: after a crash or a loss of power the file holds it whole or not at all. One process
/// at a time may change the file; any number may read it meanwhile. For one thread at a time.
class Store {
 public:
  enum class Access { read, write };

  /// Access::write makes the file if it is not there, and locks it against other writers while this object lives;
  /// `program` is what those are told. A file of an older version is brought up to date first, by the first who may
  /// write. Errors: io (also: to be read, but not there), locked, bad_model (not a store, damaged, of a newer version),
  /// out_of_memory.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& path, Access access,
                                          std::string_view program = "mobiedit");

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  [[nodiscard]] const std::filesystem::path& path() const;

  /// Keeps the edits, all or none, in the order given, and gives their ids; an `id` in them is ignored.
  /// Errors: usage (text that is not UTF-8, vectors that are empty or not finite), io.
  [[nodiscard]] Result<std::vector<std::int64_t>> add(std::span<const StoredEdit> edits);

  /// In the order of ids; of one base, or of all.
  [[nodiscard]] Result<std::vector<EditSummary>> list(const std::optional<std::string>& base = {}) const;

  /// Errors: usage (no such edit), bad_model (the record is damaged).
  [[nodiscard]] Result<StoredEdit> get(std::int64_t id) const;

  /// The edits in force for a base, in the order of ids. Errors: bad_model (a record is damaged: nothing is given).
  [[nodiscard]] Result<std::vector<StoredEdit>> in_force(const std::string& base) const;

  /// Removes edits for good, all or none. Errors: usage (no such edit), io.
  [[nodiscard]] Status remove(std::span<const std::int64_t> ids);

  /// All or none. Errors: usage (no such edit), io.
  [[nodiscard]] Status set_enabled(std::span<const std::int64_t> ids, bool enabled);

  /// The whole store as JSON Lines, a line an edit, in the order of ids; `sink` gets a line at a time, end included,
  /// and its error is returned as it is.
  [[nodiscard]] Status dump(const std::function<Status(std::string_view line)>& sink) const;

  struct Loaded {
    std::size_t added = 0;
    std::size_t known = 0;  ///< those that were here already, to the last bit
  };
  /// Adds what `dump` gave, all or nothing. An empty store keeps the ids, another gives new ones, in the same order.
  /// Errors: usage, naming `where` and the line; io.
  [[nodiscard]] Result<Loaded> load(std::string_view lines, const std::string& where);

  /// Reads everything and says what is wrong, a sentence each; empty: nothing.
  [[nodiscard]] Result<std::vector<std::string>> check() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit

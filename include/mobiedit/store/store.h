// A store of edits: one file in which edits are kept, listed, undone, and carried to another machine.
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
#include "mobiedit/edit/edit.h"

namespace mobiedit {

/// A neuron found anew, and the edit that it belongs to.
struct FoundAgain {
  std::int64_t edit = 0;  ///< id
  SharedNeuron neuron;
};

/// A file of edits. In force for a base are its enabled edits, of each fact the newest; they are read anew each time,
/// in the order of ids. So a removed edit leaves no trace in any result, whatever came after it.
///
/// Every change is one transaction: after a crash or a loss of power the file holds it whole or not at all. One process
/// at a time may change the file; any number may read it meanwhile. For one thread at a time.
///
/// Store first, then files: whoever writes edits to a store and to other files adds them to the store before it puts
/// any file in its place. A file that is lost can be exported again; an edit in a file alone could not be undone.
class Store {
 public:
  enum class Access { read, write };

  /// Access::write makes the file if it is not there, and locks it against other writers while this object lives; they
  /// are told `program`. A file of an older version is brought up to date first, under that lock. Errors: io (also: to
  /// be read, but not there), locked, bad_model (not a store, damaged, of a newer version), out_of_memory.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& path, Access access,
                                          std::string_view program = "mobiedit");

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  [[nodiscard]] const std::filesystem::path& path() const;

  /// Keeps the edits, all or none, in the order given, and returns their ids; an `id` in them is ignored.
  /// Errors: usage (text that is not UTF-8, vectors that are empty or not finite), io.
  [[nodiscard]] Result<std::vector<std::int64_t>> add(std::span<const Edit> edits);

  /// In the order of ids; of one base, or of all.
  [[nodiscard]] Result<std::vector<EditInfo>> list(const std::optional<std::string>& base = {}) const;

  /// Errors: usage (no such edit), bad_model (the record is damaged).
  [[nodiscard]] Result<Edit> get(std::int64_t id) const;

  /// The edits in force for a base, in the order of ids. Errors: bad_model (a record is damaged).
  [[nodiscard]] Result<std::vector<Edit>> in_force(const std::string& base) const;

  /// Removes edits for good, and adds neurons to Edit::found_again of others, all or none. Errors: usage (no such edit;
  /// a neuron for an edit that has none), io.
  [[nodiscard]] Status remove(std::span<const std::int64_t> ids, std::span<const FoundAgain> found = {});

  /// Enables or disables edits, and adds neurons to Edit::found_again of others, all or none. Errors: as remove().
  [[nodiscard]] Status set_enabled(std::span<const std::int64_t> ids, bool enabled,
                                   std::span<const FoundAgain> found = {});

  /// The whole store as JSON Lines, one line per edit, in the order of ids. `sink` gets one line at a time, with its
  /// end, and its error is returned as it is.
  [[nodiscard]] Status dump(const std::function<Status(std::string_view line)>& sink) const;

  struct Loaded {
    std::size_t added = 0;
    std::size_t known = 0;  ///< edits that were here already, to the last bit
  };
  /// Adds the lines that `dump` gave, all or nothing. An empty store keeps their ids; another gives new ones, in order.
  /// Errors: usage, naming `where` and the line; io.
  [[nodiscard]] Result<Loaded> load(std::string_view lines, const std::string& where);

  /// Reads everything and returns one sentence per fault.
  [[nodiscard]] Result<std::vector<std::string>> check() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit

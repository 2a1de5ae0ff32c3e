// The results of an experiment on their way: a line of JSON for each unit of work, so that what an interruption leaves
// can be gone on with, and parts made by several processes put together.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/append_file.h"
#include "io/file_lock.h"
#include "lab/study/trial.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

/// The first line. `settings` must agree wherever results meet; `about` says what a reader wants to know.
struct ResultsHeader {
  std::string experiment;
  nlohmann::ordered_json settings;
  nlohmann::ordered_json about;
};

/// One fact under one setting.
struct UnitResult {
  std::string setting;
  std::size_t fact = 0;  ///< its number in the data, from 1
  std::vector<Trial> trials;
};

struct Results {
  ResultsHeader header;
  std::vector<UnitResult> units;
  std::uintmax_t whole_bytes = 0;  ///< without a last line that was cut off
};

/// Errors: io; usage, naming the line (no results, a line that is not one, other than a last one that was cut off).
[[nodiscard]] Result<Results> read_results(const std::filesystem::path& path);

/// All of `parts`, a unit that several have once, as one file. Errors: usage (settings that differ).
[[nodiscard]] Result<std::string> merged_results(const std::vector<Results>& parts,
                                                 const std::vector<std::string>& names, Results& merged);

/// Where a run adds its results; without a path they are kept in memory alone.
class ResultsFile {
 public:
  /// Goes on with the file if there is one. Errors: usage (a file of other settings), io, locked.
  [[nodiscard]] static Result<ResultsFile> open(const std::filesystem::path& path, ResultsHeader header);

  [[nodiscard]] bool has(const std::string& setting, std::size_t fact) const;
  /// Errors: io (the disk is full).
  [[nodiscard]] Status add(UnitResult unit);
  [[nodiscard]] const Results& results() const { return results_; }

 private:
  Results results_;
  std::set<std::pair<std::string, std::size_t>> done_;
  std::optional<io::FileLock> lock_;
  std::optional<io::AppendFile> file_;
};

}  // namespace mobiedit

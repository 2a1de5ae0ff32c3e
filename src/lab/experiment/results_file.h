// Results file of an experiment: a line of JSON per unit of work. A run continues such a file after an interruption;
// files that several processes made can be merged.
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

/// The first line. Results with different `settings` never mix; `about` informs readers only.
struct ResultsHeader {
  std::string experiment;
  nlohmann::ordered_json settings;
  nlohmann::ordered_json about;
};

/// One fact under one setting.
struct UnitResult {
  std::string setting;
  std::size_t fact = 0;  ///< number in the data, counted from 1
  std::vector<Trial> trials;
};

struct Results {
  ResultsHeader header;
  std::vector<UnitResult> units;
  std::uintmax_t whole_bytes = 0;  ///< size of the whole lines: a last line may be cut off
};

/// The results file of an experiment: `out` itself, or NAME.jsonl in it where it is a folder; empty for none.
[[nodiscard]] std::filesystem::path results_path(const std::string& out, const std::string& experiment);

/// Ignores a last line that was cut off. Errors: io; usage, naming the line (any other line that is no result).
[[nodiscard]] Result<Results> read_results(const std::filesystem::path& path);

/// Returns the text of one file with all units of `parts`, each unit once. Errors: usage (settings differ).
[[nodiscard]] Result<std::string> merged_results(const std::vector<Results>& parts,
                                                 const std::vector<std::string>& names, Results& merged);

/// Collects the results of a run, in memory and, if there is a path, in a file.
class ResultsFile {
 public:
  /// Continues the file if it exists. Errors: usage (a file of other settings), io, locked.
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

// Options that `ask` and `chat` share: adapters, kept edits, generation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/common/model_options.h"
#include "app/mobiedit/store_options.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/changes.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct AnsweringOptions {
  RunOptions run;
  std::vector<std::string> lora;
  std::vector<std::string> lora_scaled;
  StoreOptions store;
  bool base = false;
  bool edits = false;
  GenerateOptions generate;
};

/// Adds -m and its like, -c, --lora, --lora-scaled, --store, --base, -n, --temp, --seed and --stop. `options` holds the
/// defaults.
void add_answering_options(CLI::App& verb, AnsweringOptions& options);

/// The adapters that the options name, with their scales. Errors: usage.
[[nodiscard]] Result<std::vector<AdapterFile>> adapters_of(const AnsweringOptions& options);

/// Adapters that options name, and kept edits, for a session.
struct AnsweringChanges {
  std::vector<LowRankDelta> named;
  Changes kept;   ///< the kept edits
  int edits = 0;  ///< how many

  /// All of them together. Throws std::bad_alloc.
  [[nodiscard]] Changes all() const;
};

/// The named adapters and the kept edits in force. With `base` no kept edits; where adapters are named, only with
/// `edits`, for an adapter is mostly made of kept edits. Errors: io, bad_model, usage.
[[nodiscard]] Result<AnsweringChanges> changes_of(const AnsweringOptions& options,
                                                  const std::vector<AdapterFile>& adapters, const Model& model);

/// The text itself, or standard input for "-", without its last end of line. Errors: io.
[[nodiscard]] Result<std::string> text_or_input(const std::string& text);

/// The text of a file, which may be a pipe. Errors: io.
[[nodiscard]] Result<std::string> text_of_file(const std::string& path);

/// True where standard output is a terminal, on which an answer is worth showing as it comes.
[[nodiscard]] bool output_is_terminal();
[[nodiscard]] bool input_is_terminal();

/// Prints an answer as it comes, without white space at its beginning.
class AnswerPrinter {
 public:
  void print(std::string_view text);
  /// Ends the line. Errors: io, of any of the printing.
  [[nodiscard]] Status finish();
  [[nodiscard]] bool empty() const { return !begun_; }

 private:
  bool begun_ = false;
  bool line_ended_ = false;
  Status status_;
};

/// The text without white space at its beginning, with an end of line.
[[nodiscard]] std::string answer_text(std::string_view text);

}  // namespace mobiedit::cli

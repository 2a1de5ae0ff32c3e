// Options that `ask` and `chat` share: adapters, kept edits, generation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/common/model_options.h"
#include "app/mobiedit/store_options.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "store/load_adapters.h"
#include "workspace/session_changes.h"

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

/// The named adapters and the kept edits in force. With `base` no kept edits; where adapters are named, only with
/// `edits`, since an adapter mostly holds kept edits. Errors: io, bad_model, usage.
[[nodiscard]] Result<SessionChanges> changes_of(const AnsweringOptions& options,
                                                const std::vector<AdapterFile>& adapters, const Model& model);

/// The text itself, or standard input for "-", without its last end of line. Errors: io.
[[nodiscard]] Result<std::string> text_or_input(const std::string& text);

/// True where standard output is a terminal, on which an answer is worth showing as it comes.
[[nodiscard]] bool output_is_terminal();
[[nodiscard]] bool input_is_terminal();

/// Prints an answer whole or as it comes, without white space at its beginning.
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

}  // namespace mobiedit::cli

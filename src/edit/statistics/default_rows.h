// Default statistics rows: the tokens that a model's statistics are learnt from where the user gives no text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "backend/forward_pass.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Chat turns that the rows contain: none, or turns with the model's own answers.
enum class ChatRows { none, with_own_answers };

struct StatisticsRows {
  std::vector<std::vector<Token>> rows;  ///< independent sequences, each within the model's context
  std::string fingerprint;               ///< fingerprint of all rows, 32 hexadecimal digits
  std::string chat_refusal;              ///< why the file's chat template can't be used; usually empty
};

/// Rows of plain_text(), each with a BOS in front if the model wants one, and for a model with a chat template the
/// turns of plain_questions() with the unedited model's own greedy answers. The answers are cached in `cache_folder`,
/// unless that is empty. Errors: io (the answers can't be cached), cancelled, out_of_memory.
[[nodiscard]] Result<StatisticsRows> default_statistics_rows(const Model& model, ForwardPass& forward, ChatRows chat,
                                                             const std::filesystem::path& cache_folder,
                                                             const CancelToken& cancel = {});

}  // namespace mobiedit

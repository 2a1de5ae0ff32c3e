// JSON documents of the verbs, as every front end gives them to programs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/chat/chat.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/change.h"
#include "mobiedit/workspace/teach.h"
#include "mobiedit/workspace/workspace.h"
#include "model/sampling.h"
#include "workspace/estimate.h"

namespace mobiedit {

// Models and files are named as the user named them.

/// The documents of the verbs `list`, `show`, `edit`, `export`, `verify` and `apply`. An empty `store` is none.
[[nodiscard]] nlohmann::ordered_json list_json(const std::filesystem::path& store, std::span<const EditInfo> edits);
[[nodiscard]] nlohmann::ordered_json show_json(const EditInfo& summary, const Edit& edit,
                                               std::span<const EditInfo> edits);
/// `why_not` gives the sentence for an edit that was not kept.
[[nodiscard]] nlohmann::ordered_json teach_json(const std::string& model, const std::string& method,
                                                const std::filesystem::path& store, const TeachReport& report,
                                                const std::function<std::string(const Outcome&)>& why_not);
[[nodiscard]] nlohmann::ordered_json export_json(const std::string& model, const ExportReport& report, bool asked);
[[nodiscard]] nlohmann::ordered_json verify_json(const std::string& base, const std::string& file,
                                                 const VerifyReport& report);
[[nodiscard]] nlohmann::ordered_json apply_json(const std::string& model, const ApplyReport& report);
/// The document of a change of the store. `past`: "undone", "enabled" or "disabled".
[[nodiscard]] nlohmann::ordered_json change_json(const std::string& past, const std::filesystem::path& store,
                                                 const StoreChange& change);
/// The document of `mobiedit inspect`: metadata and tensors of a file. Of a long list it has the length alone.
[[nodiscard]] nlohmann::ordered_json inspect_json(const gguf::File& file);
/// The document of `mobiedit ask`. `top`: the most probable first tokens; null: not asked for.
[[nodiscard]] nlohmann::ordered_json answer_json(const std::string& model, const std::string& prompt,
                                                 const Generation& generation, const std::vector<TokenProbability>* top,
                                                 const Tokenizer& tokenizer);
/// The document of one turn of `mobiedit chat`. `system`: the system message, empty for none; `rendered`: the text that
/// the model read; `edits`: number of edits in force.
[[nodiscard]] nlohmann::ordered_json chat_json(const std::string& model, const std::string& system,
                                               const std::optional<std::string>& prompt, const std::string& rendered,
                                               const ChatAnswer& answer, std::size_t edits);
/// The document of `mobiedit plan`. `model`: as the user named it.
[[nodiscard]] nlohmann::ordered_json estimate_json(const std::string& model, const Estimate& estimate);

}  // namespace mobiedit

// JSON documents of edits and jobs, as every front end gives them to programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mobiedit/edit/edit.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/workspace/teach.h"
#include "mobiedit/workspace/workspace.h"
#include "model/sampling.h"
#include "workspace/estimate.h"

namespace mobiedit {

/// An edit in a list: fact, layer, state, base.
[[nodiscard]] nlohmann::ordered_json summary_json(const EditInfo& edit);
/// The measurements of an edit.
[[nodiscard]] nlohmann::ordered_json evidence_json(const Edit& edit);
/// The way an edit was made; null for what is not known.
[[nodiscard]] nlohmann::ordered_json origin_json(const EditOrigin& origin);
/// The fate of a request. `why_not`: the sentence for an edit that was not kept.
[[nodiscard]] nlohmann::ordered_json edit_json(const Outcome& outcome, const std::string& why_not);
/// A written file: kind, path, bytes.
[[nodiscard]] nlohmann::ordered_json file_json(const WrittenFile& file);
/// The edits that a checked file should hold, each with whether it answers.
[[nodiscard]] nlohmann::ordered_json answers_json(const VerifyReport& report);

/// The document of `mobiedit inspect`: metadata and tensors of a file. Of a long list it has the length alone.
[[nodiscard]] nlohmann::ordered_json inspect_json(const gguf::File& file);
/// The document of `mobiedit ask`. `top`: the most probable first tokens; null: not asked for.
[[nodiscard]] nlohmann::ordered_json answer_json(const std::string& model, const std::string& prompt,
                                                 const Generation& generation, const std::vector<TokenProbability>* top,
                                                 const Tokenizer& tokenizer);
/// The document of `mobiedit plan`. `model`: as the user named it.
[[nodiscard]] nlohmann::ordered_json estimate_json(const std::string& model, const Estimate& estimate);

}  // namespace mobiedit

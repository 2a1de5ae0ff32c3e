// Edits with made-up values in every field, for tests of what keeps them.
#pragma once

#include <string>

#include "mobiedit/store/store.h"
#include "unit/store/sample_base.h"

namespace mobiedit {

/// Edit number `i`, about a subject of its own. Every other one has no field that is younger than version 1 of the
/// store.
inline Edit sample_edit(int i, const std::string& base = "base") {
  Edit edit;
  edit.request = {"Subject " + std::to_string(i), "{} speaks", "Greek", {"What does he speak?"}, {"He eats"}};
  edit.update = sample_update(i % 2, static_cast<std::uint64_t>(i) + 1);
  EditEvidence& evidence = edit.evidence;
  evidence.success = true;
  evidence.layer = i % 2;
  evidence.steps = 7 + i;
  evidence.evaluations = 46 + i;
  evidence.seconds = 0.75;
  evidence.loss = 0.1 * i;
  evidence.target_probability_before = 0.001;
  evidence.target_probability_after = 0.9;
  evidence.answer_before = " Latin\n\"quoted\"";
  evidence.answer_after = " Greek";
  evidence.delta_norm_ratio = 1.5;
  evidence.update_norm_ratio = 0.01;
  evidence.paraphrases = {{"What does he speak?", "Latin", "Greek", true}};
  evidence.keep = {{"He eats", "bread", "stones", false}};
  EditOrigin& origin = edit.origin;
  origin.base = {base, "qwen2", "sample"};
  origin.method = "subspace";
  origin.seed = 0xffff'ffff'ffff'fff0u + static_cast<std::uint64_t>(i % 16);
  origin.made_at = 1'700'000'000 + i;
  if (i % 2 != 0) return edit;
  evidence.perplexity_before = 20.25;
  evidence.perplexity_after = 20.5 + i;
  evidence.wordings = 6;
  evidence.integer_work = 1.5e9;
  evidence.float_work = 2.5e7;
  evidence.tokens = 1234.5;
  origin.value_search = "zo";
  origin.max_evaluations = 800;
  origin.clamp = 4;
  origin.confidence_threshold = 0.8;
  origin.fisher_metric = true;
  origin.settings = {{"probe", 0.1}, {"probe", 0.2}};
  origin.layer_choice = "table";
  origin.statistics_name = "covariance-text.txt";
  origin.statistics_hash = "00112233445566778899aabbccddeeff";
  origin.edits_underneath = 3;
  return edit;
}

/// An edit as a written file names it.
inline EditInfo edited(const std::string& subject, const std::string& target_new, int layer, std::uint64_t seed) {
  EditInfo info;
  info.subject = subject;
  info.prompt = "{} speaks";
  info.target_new = target_new;
  info.method = "subspace";
  info.layer = layer;
  info.seed = seed;
  return info;
}

/// The edit as a store returns it.
inline Edit kept_as(std::int64_t id, Edit edit) {
  edit.id = id;
  return edit;
}

}  // namespace mobiedit

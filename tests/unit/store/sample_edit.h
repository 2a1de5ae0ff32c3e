// Edits that nobody searched for, for tests of what keeps them.
#pragma once

#include <string>

#include "mobiedit/store/store.h"
#include "unit/store/sample_base.h"

namespace mobiedit {

/// Edit number `i`, about a subject of its own.
inline StoredEdit sample_edit(int i, const std::string& base = "base") {
  StoredEdit stored;
  stored.base = {base, "qwen2", "sample"};
  stored.edit.request = {"Subject " + std::to_string(i), "{} speaks", "Greek", {"What does he speak?"}, {"He eats"}};
  stored.edit.update = sample_update(i % 2, static_cast<std::uint64_t>(i) + 1);
  stored.edit.evidence.success = true;
  stored.edit.evidence.loss = 0.1 * i;
  // Made before there was this measurement, every other one.
  if (i % 2 == 0) stored.edit.evidence.perplexity_before = 20.25;
  if (i % 2 == 0) stored.edit.evidence.perplexity_after = 20.5 + i;
  stored.edit.evidence.answer_before = " Latin\n\"quoted\"";
  stored.edit.evidence.paraphrases = {{"What does he speak?", "Latin", "Greek", true}};
  stored.method = "subspace";
  stored.seed = 0xffff'ffff'ffff'fff0u + static_cast<std::uint64_t>(i % 16);
  stored.made_at = 1'700'000'000 + i;
  return stored;
}

/// Compares two edits to the last bit, except id and enabled.
inline bool same_edit(const StoredEdit& a, const StoredEdit& b) {
  const EditEvidence& x = a.edit.evidence;
  const EditEvidence& y = b.edit.evidence;
  const auto same_probes = [](const std::vector<ProbeResult>& p, const std::vector<ProbeResult>& q) {
    return std::ranges::equal(p, q, [](const ProbeResult& s, const ProbeResult& t) {
      return s.prompt == t.prompt && s.before == t.before && s.after == t.after && s.as_wanted == t.as_wanted;
    });
  };
  return a.base.fingerprint == b.base.fingerprint && a.base.architecture == b.base.architecture &&
         a.base.name == b.base.name && a.edit.request.subject == b.edit.request.subject &&
         a.edit.request.prompt == b.edit.request.prompt && a.edit.request.target_new == b.edit.request.target_new &&
         a.edit.request.paraphrases == b.edit.request.paraphrases && a.edit.request.keep == b.edit.request.keep &&
         a.edit.update.block == b.edit.update.block && a.edit.update.left == b.edit.update.left &&
         a.edit.update.right == b.edit.update.right && x.success == y.success && x.loss == y.loss &&
         x.perplexity_before == y.perplexity_before && x.perplexity_after == y.perplexity_after &&
         x.answer_before == y.answer_before && same_probes(x.paraphrases, y.paraphrases) &&
         same_probes(x.keep, y.keep) && a.method == b.method && a.seed == b.seed && a.made_at == b.made_at;
}

}  // namespace mobiedit

#include "lab/study/donors.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "lab/study/fact_edits.h"
#include "search/loss.h"

namespace mobiedit {

Result<std::vector<Donor>> find_donors(Editor& editor, const FactRecord& fact, std::span<const FactRecord> others,
                                       const CancelToken& cancel) {
  std::vector<Donor> donors;
  std::set<std::string> seen{fact.subject};
  for (const FactRecord& other : others) {
    if (!seen.insert(other.subject).second) continue;
    EditRequest request = request_of(fact);
    request.subject = other.subject;
    if (!editor.check(request)) continue;
    const auto looked = editor.with_objective(
        request,
        [&](Objective& objective) -> Status {
          const std::vector<float> zero(static_cast<std::size_t>(objective.dimension()), 0.0f);
          const auto outputs = objective.evaluate(zero, 1);
          if (!outputs) return std::unexpected(outputs.error());
          const auto residual = objective.residual();
          const double nll = loss_of(objective, *outputs, 0, kl_base(objective, *outputs, 0)).nll;
          donors.push_back({{residual.begin(), residual.end()}, -nll});
          return {};
        },
        cancel);
    if (!looked) return std::unexpected(at(other, looked.error()));
  }
  if (donors.size() < 2)
    return fail(ErrorCode::usage, "there are no two other subjects that this prompt could be asked of", fact.where,
                "donors need a file with more records");
  std::ranges::stable_sort(donors, std::greater(), &Donor::leaning);
  return donors;
}

}  // namespace mobiedit

#include "lab/study/staleness_study.h"

#include <string>
#include <string_view>
#include <utility>

#include "lab/study/fact_edits.h"
#include "search/value_search.h"

namespace mobiedit {
namespace {

constexpr int steps[] = {1, 5, 20, 60};
constexpr std::string_view clause =
    ", of which much has been said and written over the years by many people in many places, some of them in long "
    "books and some in short letters to old friends at home, and of which more will be said and written in the years "
    "to come by those who will read what is there now,";

std::string lengthened(std::string prompt, int words) {
  std::size_t end = 0;
  for (int i = 0; i < words && end != std::string_view::npos; ++i) end = clause.find(' ', end + 2);
  const std::string_view some = words > 0 ? clause.substr(0, end) : std::string_view();
  const auto at = prompt.find("{}");
  if (at != std::string::npos) prompt.insert(at + 2, some);
  return prompt;
}

Result<std::vector<Staleness>> study(Objective& objective) {
  const std::vector<float> zero(static_cast<std::size_t>(objective.dimension()), 0.0f);
  Approximations* approximations = objective.approximations();
  if (approximations == nullptr) return fail(ErrorCode::other, "the objective saves no keys and values");
  if (auto frozen = approximations->freeze(zero); !frozen) return std::unexpected(frozen.error());
  std::vector<Staleness> found;
  for (const int step : steps) {
    const MethodSetting setting[] = {{"steps", static_cast<double>(step)}, {"enough", 0}};
    const auto search = make_search("backprop", setting);
    if (!search) return std::unexpected(search.error());
    const auto at = (*search)->run(objective, {}, {});
    if (!at) return std::unexpected(at.error());
    auto cosines = approximations->frozen_cosines(at->delta);
    if (!cosines) return std::unexpected(cosines.error());
    found.push_back({step, std::move(*cosines)});
  }
  return found;
}

}  // namespace

Result<std::vector<Staleness>> study_staleness(Editor& editor, const FactRecord& fact, int words,
                                               const CancelToken& cancel) {
  EditRequest request = request_of(fact);
  request.prompt = lengthened(request.prompt, words);
  std::vector<Staleness> found;
  const auto done = editor.with_objective(
      request,
      [&](Objective& objective) -> Status {
        auto studied = study(objective);
        if (!studied) return std::unexpected(studied.error());
        found = std::move(*studied);
        return {};
      },
      cancel);
  if (!done) return std::unexpected(at(fact, done.error()));
  return found;
}

}  // namespace mobiedit

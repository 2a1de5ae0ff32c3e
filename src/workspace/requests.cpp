#include "workspace/requests.h"

#include <utility>

#include "base/try.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

Result<NamedRequests> read_requests(const std::filesystem::path& path) {
  MOBIEDIT_TRY(auto facts, read_facts(path));
  NamedRequests read;
  for (FactRecord& fact : facts) {
    std::vector<std::string> keep = std::move(fact.keep);
    for (Neighbour& neighbour : fact.neighbours) keep.push_back(std::move(neighbour.prompt));
    read.requests.push_back({std::move(fact.subject), std::move(fact.prompt), std::move(fact.target_new),
                             std::move(fact.paraphrases), std::move(keep)});
    read.places.push_back(std::move(fact.where));
  }
  return read;
}

}  // namespace mobiedit

#include "lab/bench/run.h"

#include "base/try.h"
#include "lab/bench/bench_text.h"
#include "lab/bench/peer.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

std::optional<Peer> find_peer(bool wanted, const BenchObserver& observer) {
  return wanted ? Peer::find(observer.guard) : std::nullopt;
}

}  // namespace

Result<Report> run_edit_bench(const EditBench& bench, const BenchObserver& observer, const CancelToken& cancel) {
  const std::optional<Peer> peer = find_peer(bench.peer, observer);
  Json models = Json::array();
  const auto measure = [&](const std::string& path) -> Status {
    auto found = measure_edits(path, bench.sweeps, models.empty(), peer ? &*peer : nullptr, observer, cancel);
    if (!found && found.error().where.empty()) found.error().where = path;
    if (!found) return std::unexpected(found.error());
    models.push_back(std::move(*found));
    return {};
  };
  for (const std::string& path : bench.models) MOBIEDIT_CHECK(measure(path));
  for (const std::string& shape : bench.shapes) {
    MOBIEDIT_TRY(const auto made, MadeModel::make(shape, bench.made, observer, cancel));
    MOBIEDIT_CHECK(measure(made.path().string()));
  }
  return Report{edits_json(models), edits_text(models)};
}

Result<std::optional<Report>> run_model_bench(const ModelBench& bench, const BenchObserver& observer,
                                              const CancelToken& cancel) {
  std::optional<MadeModel> made;
  if (bench.model.empty()) {
    MOBIEDIT_TRY(made, MadeModel::make(bench.shape, bench.made, observer, cancel));
    if (bench.only_write) return std::optional<Report>();
  }
  const std::optional<Peer> peer = find_peer(bench.peer, observer);
  MOBIEDIT_TRY(const auto found, measure_model(made ? made->path().string() : bench.model, bench.measure,
                                               peer ? &*peer : nullptr, observer, cancel));
  Json document{{"schema", "mobiedit.bench.model/1"}};
  document.update(found);
  return std::optional(Report{std::move(document), model_text(found)});
}

}  // namespace mobiedit

#include "lab/experiment/results_file.h"

#include <cstdint>
#include <string_view>
#include <system_error>

#include "io/mapped_file.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "mobiedit.experiment.results/1";

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json header_json(const ResultsHeader& header) {
  return {
      {"schema", schema}, {"experiment", header.experiment}, {"settings", header.settings}, {"about", header.about}};
}

Json unit_json(const UnitResult& unit) {
  Json trials = Json::array();
  for (const Trial& trial : unit.trials) {
    Json entry{{"setting", trial.setting}};
    if (trial.x) entry.update({{"panel", trial.panel}, {"line", trial.line}, {"x", *trial.x}});
    Json measures = Json::object();
    for (const Measure& measure : trial.measures) measures[measure.name] = measure.value;
    entry["measures"] = std::move(measures);
    trials.push_back(std::move(entry));
  }
  return {{"setting", unit.setting}, {"fact", unit.fact}, {"trials", std::move(trials)}};
}

std::optional<ResultsHeader> header_from(const Json& json) {
  if (!json.is_object() || json.value("schema", Json()) != schema) return std::nullopt;
  const Json name = json.value("experiment", Json());
  if (!name.is_string()) return std::nullopt;
  return ResultsHeader{name.get<std::string>(), json.value("settings", Json()), json.value("about", Json())};
}

std::optional<Trial> trial_from(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const Json setting = json.value("setting", Json()), measures = json.value("measures", Json());
  const Json panel = json.value("panel", Json("")), line = json.value("line", Json("")), x = json.value("x", Json());
  if (!setting.is_string() || !measures.is_object() || !panel.is_string() || !line.is_string()) return std::nullopt;
  Trial trial{setting.get<std::string>(), panel.get<std::string>(), line.get<std::string>(), {}, {}};
  if (x.is_number()) trial.x = x.get<double>();
  for (const auto& [name, value] : measures.items())
    if (value.is_number()) trial.measures.push_back({name, value.get<double>()});
  return trial;
}

std::optional<UnitResult> unit_from(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const Json setting = json.value("setting", Json()), fact = json.value("fact", Json()),
             trials = json.value("trials", Json());
  if (!setting.is_string() || !fact.is_number_unsigned() || !trials.is_array()) return std::nullopt;
  UnitResult unit{setting.get<std::string>(), fact.get<std::size_t>(), {}};
  for (const Json& entry : trials) {
    auto trial = trial_from(entry);
    if (!trial) return std::nullopt;
    unit.trials.push_back(std::move(*trial));
  }
  return unit;
}

}  // namespace

Result<Results> read_results(const std::filesystem::path& path) {
  const auto file = io::MappedFile::open(path);
  if (!file) return std::unexpected(file.error());
  std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  Results results;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    if (end == std::string_view::npos && number > 1) break;
    const Json json = Json::parse(text.substr(0, end), nullptr, false);
    bool sound = false;
    if (number == 1) {
      auto header = header_from(json);
      if ((sound = header.has_value())) results.header = std::move(*header);
    } else {
      auto unit = unit_from(json);
      if ((sound = unit.has_value())) results.units.push_back(std::move(*unit));
    }
    if (!sound)
      return fail(ErrorCode::usage, number == 1 ? "holds no results of an experiment" : "is not a result",
                  path.string() + ":" + std::to_string(number));
    if (end == std::string_view::npos) break;
    results.whole_bytes += end + 1;
    text.remove_prefix(end + 1);
  }
  if (number == 0) return fail(ErrorCode::usage, "holds no results of an experiment", path.string());
  return results;
}

Result<std::string> merged_results(const std::vector<Results>& parts, const std::vector<std::string>& names,
                                   Results& merged) {
  merged.header = parts.front().header;
  std::set<std::pair<std::string, std::size_t>> seen;
  std::string text = line_of(header_json(merged.header));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ResultsHeader& header = parts[i].header;
    if (header.experiment != merged.header.experiment || header.settings != merged.header.settings)
      return fail(ErrorCode::usage, "is of another experiment, or of other settings, than " + names.front(), names[i]);
    for (const UnitResult& unit : parts[i].units) {
      if (!seen.emplace(unit.setting, unit.fact).second) continue;
      text += line_of(unit_json(unit));
      merged.units.push_back(unit);
    }
  }
  return text;
}

Result<ResultsFile> ResultsFile::open(const std::filesystem::path& path, ResultsHeader header) {
  ResultsFile file;
  file.results_.header = std::move(header);
  if (path.empty()) return file;
  auto lock = io::FileLock::acquire(path, "mobiedit-lab experiment");
  if (!lock) return std::unexpected(lock.error());
  file.lock_.emplace(std::move(*lock));
  std::error_code ignored;
  const bool fresh = !std::filesystem::exists(path, ignored) || std::filesystem::file_size(path, ignored) == 0;
  std::uint64_t kept = 0;
  if (!fresh) {
    auto found = read_results(path);
    if (!found) return std::unexpected(found.error());
    const ResultsHeader& wanted = file.results_.header;
    if (found->header.experiment != wanted.experiment || found->header.settings != wanted.settings)
      return fail(ErrorCode::usage,
                  "holds results of other settings: " + found->header.experiment + " " + found->header.settings.dump() +
                      ", and these are " + wanted.experiment + " " + wanted.settings.dump(),
                  path.string(), "name another file, or remove this one");
    for (const UnitResult& unit : found->units) file.done_.emplace(unit.setting, unit.fact);
    file.results_.units = std::move(found->units);
    kept = found->whole_bytes;
  }
  auto opened = io::AppendFile::open(path, kept);
  if (!opened) return std::unexpected(opened.error());
  file.file_.emplace(std::move(*opened));
  if (fresh)
    if (auto added = file.file_->add(line_of(header_json(file.results_.header))); !added)
      return std::unexpected(added.error());
  return file;
}

bool ResultsFile::has(const std::string& setting, std::size_t fact) const {
  return done_.contains({setting, fact});
}

Status ResultsFile::add(UnitResult unit) {
  if (file_)
    if (auto added = file_->add(line_of(unit_json(unit))); !added) return added;
  done_.emplace(unit.setting, unit.fact);
  results_.units.push_back(std::move(unit));
  return {};
}

std::filesystem::path results_path(const std::string& out, const std::string& experiment) {
  std::error_code ignored;
  if (out.empty() || !std::filesystem::is_directory(out, ignored)) return out;
  return std::filesystem::path(out) / (experiment + ".jsonl");
}

}  // namespace mobiedit

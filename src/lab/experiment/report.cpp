#include "lab/experiment/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

/// The plots that suit the results, for tools/plot.
Json figures_json(const Presentation& presentation) {
  Json list = Json::array();
  for (const Figure& f : presentation.figures)
    list.push_back(
        {{"measure", f.measure}, {"title", f.title}, {"across", f.across}, {"log_x", f.log_x}, {"log_y", f.log_y}});
  return list;
}

Json document_of(const Results& results, std::span<const SettingSummary> settings, const Presentation& presentation) {
  Json list = Json::array();
  for (const SettingSummary& setting : settings) {
    Json entry{{"setting", setting.setting}};
    if (setting.x) entry.update({{"panel", setting.panel}, {"line", setting.line}, {"x", *setting.x}});
    Json measures = Json::object();
    for (const MeasureSummary& m : setting.measures)
      measures[m.name] = {{"n", m.n},
                          {"mean", m.mean},
                          {"half_interval", m.half_interval ? Json(*m.half_interval) : Json()},
                          {"median", m.spread.median},
                          {"p90", m.spread.p90}};
    entry["measures"] = std::move(measures);
    list.push_back(std::move(entry));
  }
  Json json{{"schema", "mobiedit.experiment." + results.header.experiment + "/1"}};
  json.update(results.header.about);
  json["run"] = results.header.settings;
  json["units"] = results.units.size();
  json["notes"] = presentation.notes;
  json["figures"] = figures_json(presentation);
  json["settings"] = std::move(list);
  return json;
}

std::string cell(const SettingSummary& setting, const Column& column) {
  const MeasureSummary* m = setting.find(column.measure);
  if (!m) return "-";
  const double value = (column.median ? m->spread.median : m->mean) * column.scale;
  if (column.median || !m->half_interval) return fmt::format("{:.{}f}", value, column.decimals);
  return fmt::format("{:.{}f} ±{:.{}f}", value, column.decimals, *m->half_interval * column.scale, column.decimals);
}

/// Number of terminal columns of a text: its characters. None of ours takes two columns.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(std::span<const SettingSummary> settings, const Presentation& presentation) {
  Rows rows(1, {"setting", "n"});
  for (const Column& column : presentation.columns) rows[0].push_back(column.title);
  for (const SettingSummary& setting : settings) {
    int n = 0;
    for (const MeasureSummary& m : setting.measures) n = std::max(n, m.n);
    rows.push_back({setting.setting, std::to_string(n)});
    for (const Column& column : presentation.columns) rows.back().push_back(cell(setting, column));
  }
  return rows;
}

std::string table(const Rows& rows, const Presentation& presentation) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - columns_of(row[i]), ' ');
      text += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    text += "\n";
  }
  for (const std::string& note : presentation.notes) text += note + "\n";
  return text;
}

}  // namespace

Report report_of(const Results& results, Presentation presentation) {
  std::vector<Trial> trials;
  for (const UnitResult& unit : results.units) trials.insert(trials.end(), unit.trials.begin(), unit.trials.end());
  const auto settings = summarise(trials);
  std::vector<std::string> findings;
  if (presentation.findings) findings = presentation.findings(settings);
  presentation.notes.insert(presentation.notes.begin(), findings.begin(), findings.end());
  if (const Json unknown = results.header.about.value("unknown", Json()); unknown.is_number())
    presentation.notes.push_back(unknown.dump() + " facts left out that the model does not know.");
  return {document_of(results, settings, presentation), table(rows_of(settings, presentation), presentation)};
}

}  // namespace mobiedit

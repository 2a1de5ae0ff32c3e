#include "app/lab/experiment/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace mobiedit::cli {
namespace {

constexpr const char* colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
constexpr double width = 560, left = 64, right = 24, top = 34, bottom = 46;

std::string file_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

std::string open_svg(double height, const std::string& title) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" height=\"{1:g}\" "
      "font-family=\"sans-serif\" font-size=\"12\" role=\"img\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
      "<text x=\"8\" y=\"18\" font-weight=\"bold\">{2}</text>",
      width, height, escaped(title));
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor, escaped(text));
}

/// From a little below the least to a little above the greatest, with marks at round values.
class Scale {
 public:
  Scale(std::vector<double> values, bool log, double from, double to) : log_(log), from_(from), to_(to) {
    if (log_) std::erase_if(values, [](double v) { return !(v > 0); });
    if (values.empty()) values.push_back(1);
    low_ = std::ranges::min(values);
    high_ = std::ranges::max(values);
    if (log_) {
      const double first = std::floor(std::log10(low_) + 1e-9), last = std::ceil(std::log10(high_) - 1e-9);
      for (double e = first; e <= std::max(last, first + 1); ++e) marks_.push_back(std::pow(10, e));
    } else {
      const double span = high_ > low_ ? high_ - low_ : std::max(std::abs(high_), 1.0);
      double step = std::pow(10, std::floor(std::log10(span)));
      if (span / step < 2) step /= 5;
      if (span / step < 5) step /= 2;
      const double first = std::floor(low_ / step);
      for (double i = first; (i - 1) * step < high_; ++i) marks_.push_back(i * step);
    }
    low_ = marks_.front();
    high_ = marks_.back();
  }
  [[nodiscard]] double at(double value) const {
    const double low = log_ ? std::log(low_) : low_, high = log_ ? std::log(high_) : high_;
    const double v = log_ ? std::log(std::max(value, low_)) : value;
    return from_ + (v - low) / (high - low) * (to_ - from_);
  }
  [[nodiscard]] const std::vector<double>& marks() const { return marks_; }

 private:
  bool log_;
  double from_, to_, low_ = 0, high_ = 1;
  std::vector<double> marks_;
};

Drawing draw_bars(const Figure& figure, std::span<const SettingSummary> settings) {
  std::vector<std::pair<std::string, const MeasureSummary*>> bars;
  std::vector<double> values;
  if (!figure.log_y) values.push_back(0);
  for (const SettingSummary& setting : settings) {
    const MeasureSummary* measure = setting.find(figure.measure);
    if (!measure) continue;
    bars.emplace_back(setting.setting, measure);
    values.push_back(measure->mean + measure->half_interval.value_or(0));
    values.push_back(measure->mean);
  }
  if (bars.empty()) return {};
  constexpr double names = 190, row = 22;
  const double height = top + row * static_cast<double>(bars.size()) + bottom;
  const Scale scale(values, figure.log_y, names, width - right);
  std::string svg = open_svg(height, figure.title);
  for (const double mark : scale.marks()) {
    const double x = scale.at(mark);
    svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:g}\" y2=\"{2:g}\" stroke=\"#ddd\"/>", x, top,
                       height - bottom);
    svg += text_at(x, height - bottom + 16, "middle", fmt::format("{:g}", mark));
  }
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const auto& [name, measure] = bars[i];
    const double y = top + row * static_cast<double>(i), end = scale.at(measure->mean);
    svg += text_at(names - 6, y + 15, "end", name);
    svg += fmt::format("<rect x=\"{:g}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:g}\" fill=\"{}\"/>", names, y + 4,
                       std::max(end - names, 0.5), row - 8, colours[0]);
    if (const auto half = measure->half_interval)
      svg +=
          fmt::format("<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#000\"/>",
                      std::max(scale.at(measure->mean - *half), names), scale.at(measure->mean + *half), y + row / 2);
  }
  return {file_name(figure.measure), svg + "</svg>\n"};
}

Drawing draw_curves(const Figure& figure, const std::string& panel, std::span<const SettingSummary* const> points) {
  struct Line {
    std::string name;
    std::vector<std::pair<double, const MeasureSummary*>> points;
  };
  std::vector<Line> lines;
  std::vector<double> xs, ys;
  for (const SettingSummary* point : points) {
    const MeasureSummary* measure = point->find(figure.measure);
    if (!measure || !point->x) continue;
    auto line = std::ranges::find(lines, point->line, &Line::name);
    if (line == lines.end()) line = lines.insert(line, {point->line, {}});
    line->points.emplace_back(*point->x, measure);
    xs.push_back(*point->x);
    ys.push_back(measure->mean);
  }
  if (lines.empty()) return {};
  constexpr double plot_height = 220;
  const double legend = 18 * static_cast<double>(lines.size());
  const double base = top + plot_height, height = base + bottom + legend;
  const Scale x(xs, figure.log_x, left, width - right), y(ys, figure.log_y, base, top);
  std::string svg = open_svg(height, figure.title + (panel.empty() ? "" : ": " + panel));
  for (const double mark : y.marks()) {
    svg += fmt::format("<line x1=\"{0:g}\" x2=\"{1:g}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>", left,
                       width - right, y.at(mark));
    svg += text_at(left - 6, y.at(mark) + 4, "end", fmt::format("{:.4g}", mark));
  }
  std::ranges::sort(xs);
  const auto repeated = std::ranges::unique(xs);
  xs.erase(repeated.begin(), repeated.end());
  double last = -std::numeric_limits<double>::infinity();
  for (const double at : xs) {
    if (x.at(at) - last < 34) continue;
    last = x.at(at);
    svg += text_at(last, base + 16, "middle", fmt::format("{:.3g}", at));
  }
  svg += text_at((left + width - right) / 2, base + 34, "middle", figure.across);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Line& line = lines[i];
    const char* colour = colours[i % std::size(colours)];
    std::ranges::sort(line.points, {}, [](const auto& p) { return p.first; });
    std::string path;
    for (const auto& [at, measure] : line.points) {
      path += fmt::format("{:.1f},{:.1f} ", x.at(at), y.at(measure->mean));
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>", x.at(at), y.at(measure->mean),
                         colour);
    }
    svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>", path, colour);
    const double at = base + bottom + 18 * static_cast<double>(i);
    svg += fmt::format("<rect x=\"{:g}\" y=\"{:g}\" width=\"12\" height=\"12\" fill=\"{}\"/>", left, at, colour);
    svg += text_at(left + 18, at + 11, "start", line.name.empty() ? figure.measure : line.name);
  }
  return {file_name(figure.measure + (panel.empty() ? "" : "-" + panel)), svg + "</svg>\n"};
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::vector<Drawing> draw(const Figure& figure, std::span<const SettingSummary> settings) {
  std::vector<Drawing> drawings;
  if (figure.across.empty()) {
    drawings.push_back(draw_bars(figure, settings));
  } else {
    std::vector<std::pair<std::string, std::vector<const SettingSummary*>>> panels;
    for (const SettingSummary& setting : settings) {
      if (!setting.x) continue;
      auto panel = std::ranges::find(panels, setting.panel, [](const auto& p) { return p.first; });
      if (panel == panels.end()) panel = panels.insert(panel, {setting.panel, {}});
      panel->second.push_back(&setting);
    }
    for (const auto& [name, points] : panels) drawings.push_back(draw_curves(figure, name, points));
  }
  std::erase_if(drawings, [](const Drawing& d) { return d.svg.empty(); });
  return drawings;
}

}  // namespace mobiedit::cli

#include "app/lab/bench/bench_page.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

namespace mobiedit::cli {

void add_page_options(CLI::App& verb, PageOptions& options) {
  verb.add_option("--out", options.out, "Write a page with a table and plots, which needs nothing else");
  verb.add_option("--plots", options.plots, "Write each plot into this folder, as SVG");
}

std::vector<Drawing> draw(const std::vector<Plot>& plots) {
  std::vector<Drawing> drawings;
  for (const Plot& plot : plots) {
    std::vector<Trial> trials;
    for (const Curve& curve : plot.curves)
      for (const auto& [x, y] : curve.points)
        trials.push_back({fmt::format("{} {}", curve.name, x), {}, curve.name, x, {{plot.name, y}}});
    const Figure figure{plot.name, plot.title, plot.across, plot.log_x, plot.log_y};
    for (Drawing& drawing : draw(figure, summarise(trials))) drawings.push_back(std::move(drawing));
  }
  return drawings;
}

Result<PageFile> PageFile::reserve(const PageOptions& options, const std::vector<std::string>& models) {
  PageFile file;
  file.plots_ = options.plots;
  if (options.out.empty()) return file;
  constexpr std::uint64_t about = 64 << 10;
  auto reserved = OutputFile::reserve(options.out, about, {models.begin(), models.end()});
  if (!reserved) return std::unexpected(reserved.error());
  file.page_.emplace(std::move(*reserved));
  return file;
}

Status PageFile::write(const Page& page, const std::string& prefix) {
  if (!plots_.empty())
    if (auto written = write_drawings(plots_, prefix, page.drawings); !written) return written;
  if (!page_) return {};
  if (auto written = write_text(page_->draft(), html_of(page)); !written) return written;
  return page_->deliver();
}

}  // namespace mobiedit::cli

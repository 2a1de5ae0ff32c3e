#include "app/lab/experiment/page.h"

#include <fmt/format.h>

#include <span>
#include <system_error>

#include "io/write_whole.h"

namespace mobiedit::cli {

std::string html_of(const Page& page) {
  std::string html = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><style>"
      "body {{ font: 15px/1.4 sans-serif; max-width: 1200px; margin: 2em auto; padding: 0 1em; }}"
      "table {{ border-collapse: collapse; }} td, th {{ padding: 2px 10px; text-align: right; }}"
      "td:first-child, th:first-child {{ text-align: left; }} tr:nth-child(odd) {{ background: #f4f4f4; }}"
      "svg {{ max-width: 100%; height: auto; margin: 0 1em 1em 0; }}</style><h1>{0}</h1><p>",
      escaped(page.title));
  for (const std::string& line : page.about) html += escaped(line) + "<br>";
  html += "</p><table>";
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    html += "<tr>";
    for (const std::string& text : page.rows[i])
      html += i == 0 ? "<th>" + escaped(text) + "</th>" : "<td>" + escaped(text) + "</td>";
    html += "</tr>";
  }
  html += "</table>";
  for (const std::string& note : page.notes) html += "<p>" + escaped(note) + "</p>";
  for (const Drawing& drawing : page.drawings) html += drawing.svg;
  return html + "</html>\n";
}

Status write_text(const std::filesystem::path& path, const std::string& text) {
  return io::write_whole(path, std::as_bytes(std::span(text)));
}

Status write_drawings(const std::filesystem::path& folder, const std::string& prefix,
                      const std::vector<Drawing>& drawings) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return fail(ErrorCode::io, failed.message(), folder.string());
  for (const Drawing& drawing : drawings) {
    const auto path = folder / (prefix + "-" + drawing.name + ".svg");
    if (auto written = write_text(path, drawing.svg); !written) return written;
  }
  return {};
}

}  // namespace mobiedit::cli

#include "lab/bench/bench_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/human_bytes.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t name_width = 36;

std::string or_dash(const Json& value) {
  return value.is_null() ? "-" : value.dump();
}

std::vector<std::vector<std::string>> rows_of(const Json& models) {
  std::vector<std::vector<std::string>> rows{{"model", "varied", "evaluations", "contexts", "target tokens", "seconds",
                                              "floor, s", "over floor", "llama-bench, s"}};
  for (const Json& m : models)
    for (const Json& one : m["cases"])
      rows.push_back({m["model"]["name"].get<std::string>(), one["varied"].get<std::string>(),
                      one["evaluations"].dump(), one["contexts"].dump(), one["target_tokens"].dump(),
                      one["seconds"].dump(), or_dash(one["floor_seconds"]), or_dash(one["over_floor"]),
                      or_dash(one["peer_seconds"])});
  return rows;
}

std::vector<std::string> about(const Json& models) {
  std::vector<std::string> lines;
  for (const Json& m : models) {
    std::string line = fmt::format(
        "{}: {}, {}, {} threads, block {}; measured peak {} G operations a second on bytes, {} in float; peak memory "
        "{}",
        m["model"]["name"].get<std::string>(), human_bytes(m["model"]["bytes"].get<std::uint64_t>()),
        m["arithmetic"].get<std::string>(), m["threads"].dump(), m["layer"].dump(), m["peak_int8_gops"].dump(),
        m["peak_f32_gflops"].dump(), human_bytes(m["peak_rss_bytes"].get<std::uint64_t>()));
    const Json& peer = m["peer"];
    lines.push_back(line + (peer.is_null() ? "; llama-bench: absent"
                                           : fmt::format("; llama-bench: {} tokens/s, {} at once",
                                                         peer["tokens_per_second"].dump(), peer["rows"].dump())));
  }
  return lines;
}

}  // namespace

std::string kernels_text(const Json& j) {
  std::string text =
      fmt::format("{} threads, {}: peak {:.0f} G operations a second on bytes, {:.0f} in float; memory {:.1f} GB/s\n",
                  j["threads"].dump(), j["isa"].get<std::string>(), j["peak_int8_gops"].get<double>(),
                  j["peak_f32_gflops"].get<double>(), j["read_gbytes_per_second"].get<double>());
  std::string line;
  for (const Json& c : j["cases"]) {
    const std::string head = fmt::format("{:<12} {:<15} K={:<5} N={:<6}", c["isa"].get<std::string>(),
                                         c["type"].get<std::string>(), c["K"].dump(), c["N"].dump());
    if (head != line) text += (line.empty() ? "" : "\n") + head;
    line = head;
    text += fmt::format("  M={} {:.1f}", c["M"].dump(), c["gops"].get<double>());
    if (!c["of_peak"].is_null()) text += fmt::format(" ({:.0f} %)", 100 * c["of_peak"].get<double>());
  }
  return text + "\n";
}

std::string model_text(const Json& j) {
  const auto gib = [](const Json& bytes) { return human_bytes(bytes.get<std::uint64_t>()); };
  std::string text = fmt::format("{}: {}, {}\n", j["model"]["name"].get<std::string>(), gib(j["model"]["bytes"]),
                                 j["arithmetic"].get<std::string>());
  const auto row = [&](std::string_view what, const std::string& value) {
    text += fmt::format("{:<{}} {}\n", what, name_width, value);
  };
  row("threads", j["threads"].dump());
  row("measured peak, int8 / float",
      fmt::format("{} / {} G operations a second", j["peak_int8_gops"].dump(), j["peak_f32_gflops"].dump()));
  row("load", fmt::format("{} s, peak {}", j["load"]["seconds"].dump(), gib(j["load"]["peak_rss_bytes"])));
  const auto speed = [&](const std::string& name, const Json& reading) {
    std::string value = reading["tokens_per_second"].dump() + " tokens/s";
    if (const Json& peer = reading["peer_tokens_per_second"]; !peer.is_null())
      value += fmt::format("; llama-bench {}; {} x", peer.dump(), reading["of_peer"].dump());
    row(name, value);
  };
  speed(fmt::format("prefill, {} tokens", j["prefill"]["tokens"].dump()), j["prefill"]);
  speed(fmt::format("decode, {} tokens at depth {}", j["decode"]["tokens"].dump(), j["decode"]["depth"].dump()),
        j["decode"]);
  if (j["peer"].is_null()) row("llama-bench", "absent");
  for (const Json& t : j["evaluation"]["times"])
    row(fmt::format("an evaluation, {} at once", t["at_once"].dump()),
        fmt::format("{} s, {} of one alone", t["seconds_each"].dump(), t["of_one_alone"].dump()));
  if (j.contains("edit"))
    row(fmt::format("an edit of {} evaluations", j["edit"]["evaluations"].dump()),
        fmt::format("{} s, {} times its arithmetic floor", j["edit"]["seconds"].dump(),
                    j["edit"]["over_floor"].dump()));
  row("peak memory", fmt::format("{}, {} of the file", gib(j["peak_rss_bytes"]), j["peak_over_file"].dump()));
  return text;
}

std::string edits_text(const Json& models) {
  std::string text;
  for (const std::string& line : about(models)) text += line + "\n";
  std::vector<std::size_t> widths;
  const auto rows = rows_of(models);
  for (const auto& row : rows) {
    widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += i < 2 ? fmt::format("{:<{}}  ", row[i], widths[i]) : fmt::format("{:>{}}  ", row[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

}  // namespace mobiedit

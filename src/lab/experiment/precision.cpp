// Experiment precision: searches in coarser and finer arithmetic.
#include <fmt/format.h>

#include <optional>

#include "lab/experiment/experiment.h"

namespace mobiedit {
namespace {

struct Format {
  const char* name;
  NumberFormat format;
  double bits;
  const char* kind;  // integers and floats get a curve each
};
constexpr Format formats[] = {{"INT4", NumberFormat::int4, 4, "integers"},
                              {"INT8", NumberFormat::int8, 8, "integers"},
                              {"INT16", NumberFormat::int16, 16, "integers"},
                              {"F16", NumberFormat::f16, 16, "floats"},
                              {"F32", NumberFormat::f32, 32, "floats"}};

struct Part {
  const char* name;
  NumberFormat Rounding::* member;
};
constexpr Part parts[] = {{"weights of the edited layer", &Rounding::edited_weights},
                          {"weights of all others", &Rounding::other_weights},
                          {"activations in the edited layer", &Rounding::edited_activations},
                          {"activations in all others", &Rounding::other_activations}};
constexpr const char* everywhere = "all weights and activations";

// Settings with native products: the weights as the file stores them.
void add_kernels(const EditOptions& edit, const std::string& method, std::vector<TrialSetting>& list) {
  for (const auto& [bits, activations] : {std::pair{8, Activations::int8}, std::pair{16, Activations::int16}}) {
    TrialSetting setting{fmt::format("{}, weights as stored, {}-bit activations", method, bits), edit, {}, {}, {}};
    setting.edit.evaluation.activations = activations;
    list.push_back(std::move(setting));
  }
}

// Adds settings with one part rounded and everything else in float32, and settings with all parts rounded.
void add_rounded(const EditOptions& edit, const std::string& method, int layer, std::vector<TrialSetting>& list) {
  const auto add = [&](const std::string& part, const Format& format, Rounding rounding) {
    rounding.edited_layer = layer;
    list.push_back({fmt::format("{}, {} in {}", method, part, format.name), edit, method + ", " + part, format.kind,
                    format.bits, Precision::float32, rounding});
  };
  for (const Format& format : formats) {
    Rounding all;
    for (const Part& part : parts) all.*part.member = format.format;
    add(everywhere, format, all);
  }
  for (const Part& part : parts)
    for (const Format& format : formats) {
      if (format.format == NumberFormat::f32) continue;  // `everywhere` has it already
      Rounding rounding;
      rounding.*part.member = format.format;
      add(part.name, format, rounding);
    }
}

std::vector<TrialSetting> precisions(const EditOptions& base, int layer, int) {
  std::vector<TrialSetting> list;
  for (const std::string& method : method_names(MethodKind::search)) {
    if (find_method(method)->arithmetic == MethodArithmetic::float32) continue;
    const EditOptions edit = with_method(base, method);
    add_kernels(edit, method, list);
    add_rounded(edit, method, layer, list);
  }
  return list;
}

/// For each part, the fewest bits with which at most one in twenty of the edits that succeed in float32 fails.
std::vector<std::string> findings(std::span<const SettingSummary> summaries) {
  constexpr double lost = 5;
  std::vector<std::string> sentences;
  const auto success = [&](const std::string& setting) -> std::optional<double> {
    for (const SettingSummary& s : summaries)
      if (s.setting == setting)
        if (const MeasureSummary* m = s.find("success")) return m->mean;
    return std::nullopt;
  };
  for (const std::string& method : method_names(MethodKind::search)) {
    const auto in = [&](const std::string& part, const Format& format) {
      return success(fmt::format("{}, {} in {}", method, part, format.name));
    };
    const auto reference = in(everywhere, formats[std::size(formats) - 1]);
    if (!reference) continue;
    std::vector<std::string> names{everywhere};
    for (const Part& part : parts) names.emplace_back(part.name);
    for (const std::string& part : names)
      for (const Format& format : formats) {
        const auto found = in(part, format);
        if (!found || *found < *reference - lost) continue;
        sentences.push_back(fmt::format(
            "{}: the coarsest format of {} that still edits reliably, of those measured: {} ({:.1f} % succeed, {:.1f} "
            "% in F32)",
            method, part, format.name, *found, *reference));
        break;
      }
  }
  return sentences;
}

}  // namespace

Experiment precision_experiment() {
  return {
      "precision",
      "Search with weights and activations of INT4 to F32, in the edited layer and in all others",
      precisions,
      measure_edit,
      {{{"success", "success", 1},
        {"ES", "ES", 1},
        {"PS", "PS", 1},
        {"NS", "NS", 1},
        {"S", "S", 1},
        {"evaluations", "evaluations", 0, 1, true},
        {"seconds", "seconds", 2, 1, true},
        {"peak bytes", "peak MiB", 0, 1.0 / (1 << 20), true}},
       {{"success", "success, per cent", "bits", false, false}, {"S", "S, per cent", "bits", false, false}},
       {"In a format: values are rounded to it, integers with a scale for each 32 along a row, and computed with in "
        "float32, δ and the update in float32 always; what is not named is in float32. As stored: the file's own "
        "weights, in the processor's products, the edited down-projection in float32. Answers are measured in the "
        "same numbers. Reliably: at most 5 points fewer succeed than in F32. The key statistics are the unrounded "
        "model's where they were kept."},
       findings}};
}

}  // namespace mobiedit

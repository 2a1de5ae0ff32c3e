#include "lab/experiment/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/stopwatch.h"

namespace mobiedit {
namespace {

/// Labels units with their number and, once one is done, with the seconds that the rest take at the mean so far.
class UnitClock {
 public:
  explicit UnitClock(std::size_t total) : total_(total) {}
  void finished_one() { ++done_; }
  [[nodiscard]] std::string label(const std::string& setting, const std::string& subject) const {
    std::string text = fmt::format("{}/{}", done_ + 1, total_);
    if (done_ > 0)
      text += fmt::format(" ({:.0f} s left)",
                          watch_.seconds() / static_cast<double>(done_) * static_cast<double>(total_ - done_));
    return text + fmt::format(" {}, {}", setting, subject);
  }

 private:
  std::size_t total_, done_ = 0;
  Stopwatch watch_;
};

/// Opens models at the precision a setting asks for. Keeps one at most beside the usual one, for float32 is large.
class Models {
 public:
  Models(const Model& usual, const Opener& opener) : usual_(usual), opener_(opener) {}

  Result<const Model*> at(const TrialSetting& setting) {
    if (setting.precision == precision_ && setting.rounding == rounding_) return other_ ? &*other_ : &usual_;
    other_.reset();
    precision_ = setting.precision;
    rounding_ = setting.rounding;
    if (precision_ == Precision::automatic) return &usual_;
    auto opened = opener_.model(precision_, rounding_);
    if (!opened) return std::unexpected(opened.error());
    return &other_.emplace(std::move(*opened));
  }

 private:
  const Model& usual_;
  const Opener& opener_;
  std::optional<Model> other_;
  Precision precision_ = Precision::automatic;
  Rounding rounding_;
};

std::vector<std::size_t> missing(const RunnerInput& input, const TrialSetting& setting, const ResultsFile& file) {
  std::vector<std::size_t> units;
  for (std::size_t i = input.shard.which; i < input.facts.size(); i += input.shard.of)
    if (!file.has(setting.name, i + 1)) units.push_back(i);
  return units;
}

}  // namespace

Result<std::vector<TrialSetting>> chosen_settings(std::vector<TrialSetting> settings,
                                                  const std::vector<std::string>& only) {
  if (only.empty()) return settings;
  std::string names;
  for (const TrialSetting& setting : settings) names += (names.empty() ? "" : "; ") + setting.name;
  std::erase_if(settings, [&](const TrialSetting& setting) {
    return std::ranges::none_of(only, [&](const std::string& text) { return setting.name.contains(text); });
  });
  if (settings.empty())
    return fail(unknown_setting, "no setting of this experiment has that in its name", "", "there are " + names);
  return settings;
}

Status check_record(const Editor& editor, const FactRecord& fact) {
  auto sound = editor.check({fact.subject, fact.prompt, fact.target_new, {}, {}});
  for (const FactRecord& edit : fact.further)
    if (sound) sound = check_record(editor, edit);
  if (sound) return {};
  Error error = sound.error();
  error.where = fact.where;
  return std::unexpected(error);
}

Status run_units(const RunnerInput& input, const Model& usual, const Opener& opener, ResultsFile& file,
                 const RunnerObserver& observer, const CancelToken& cancel) {
  std::size_t total = 0;
  for (const TrialSetting& setting : input.settings) total += missing(input, setting, file).size();
  UnitClock clock(total);
  Models models(usual, opener);
  for (const TrialSetting& setting : input.settings) {
    const std::vector<std::size_t> units = missing(input, setting, file);
    if (units.empty()) continue;
    const auto model = models.at(setting);
    if (!model) return std::unexpected(model.error());
    auto editor = opener.editor(**model, setting.edit);
    if (!editor) return std::unexpected(editor.error());
    auto session = Session::create(**model, opener.session);
    if (!session) return std::unexpected(session.error());
    for (const std::size_t fact : units) {
      if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
      const std::string label = clock.label(setting.name, input.facts[fact].subject);
      if (observer.unit) observer.unit(label);
      const EditProgressFn progress = [&](const EditProgress& p) {
        if (observer.search) observer.search(label, p);
      };
      auto trials = input.experiment.measure(
          {editor->editor, *session, (*model)->tokenizer(), setting, progress, cancel, input.others},
          input.facts[fact]);
      if (!trials) return std::unexpected(trials.error());
      if (auto added = file.add({setting.name, fact + 1, std::move(*trials)}); !added) return added;
      clock.finished_one();
    }
  }
  return {};
}

std::optional<Shard> shard_of(const std::string& text) {
  if (text.empty()) return Shard{};
  Shard shard;
  const char* end = text.data() + text.size();
  const auto which = std::from_chars(text.data(), end, shard.which);
  if (which.ec != std::errc() || which.ptr == end || *which.ptr != '/') return std::nullopt;
  const auto of = std::from_chars(which.ptr + 1, end, shard.of);
  if (of.ec != std::errc() || of.ptr != end || shard.which < 1 || shard.which > shard.of) return std::nullopt;
  --shard.which;
  return shard;
}

}  // namespace mobiedit

#include "lab/battery/report.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

constexpr BatteryColumn column_table[] = {
    {"exact", "exact", "new answer after the prompt"},
    {"ES", "ES", "new answer more probable than the true one"},
    {"PS", "PS", "new answer more probable in other wordings"},
    {"PS_exact", "paraphrase_exact", "new answer in other wordings"},
    {"NS", "NS", "true answer more probable for neighbours"},
    {"neighbours_kept", "neighbours_kept", "right answers about neighbours that stay"},
    {"same_subject_kept", "same_subject_kept", "first words on other prompts about the subject that stay"},
    {"chat_exact", "chat_exact", "new answer to the chat question"},
    {"chat_target_alone", "chat_target_alone", "new answer to the chat question, and not the true one"},
    {"chat_other_form", "chat_other_form", "the same of the question in other words"},
    {"chat_ended", "chat_ended", "answers to the chat question that end by themselves"},
    {"negated", "negated", "negated question not answered with the new answer"},
    {"multiple_choice", "multiple_choice", "new answer chosen among several"},
    {"distracted", "distracted", "new answer behind a sentence about the true one"},
    {"looping", "looping", "answers and own words that repeat themselves"},
};

Json value_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json before_and_after(const std::optional<double>& before, const std::optional<double>& after) {
  return {{"before", value_or_null(before)}, {"after", value_or_null(after)}};
}

Json spread_or_null(const Spread& spread, bool measured) {
  return measured ? Json{{"median", spread.median}, {"p90", spread.p90}} : Json();
}

Json state_json(const BatteryState& state, const BatteryState& unedited, bool edited) {
  const Summary summary = summarise(state.outcomes);
  Json json = Json::object();
  for (const BatteryColumn& column : column_table)
    json[std::string(column.name)] = value_or_null(summary.find(column.metric)->percent);
  json["own_words_perplexity"] = before_and_after(unedited.own_words_perplexity, state.own_words_perplexity);
  json["perplexity"] = before_and_after(unedited.perplexity, state.perplexity);
  json["evaluations"] = spread_or_null(summary.evaluations, edited);
  json["seconds"] = spread_or_null(summary.seconds, edited);
  json["measuring_seconds"] = state.seconds;
  return json;
}

std::string cell(const std::optional<double>& value, int decimals) {
  return fmt::format("{:>15}", value ? fmt::format("{:.{}f}", *value, decimals) : "-");
}

}  // namespace

std::span<const BatteryColumn> battery_columns() {
  return column_table;
}

Json battery_json(const BatteryStates& states) {
  const auto state = [&](const BatteryState* measured, bool edited) {
    return measured != nullptr ? state_json(*measured, states.unedited, edited) : Json();
  };
  const Summary summary = summarise(states.unedited.outcomes);
  Json counts = Json::object();
  for (const BatteryColumn& column : column_table)
    counts[std::string(column.name)] = summary.find(column.metric)->facts;
  return {{"unedited", state(&states.unedited, false)},
          {"fact_in_prompt", state(states.fact_in_prompt, false)},
          {"edited", state(states.edited, true)},
          {"counts", std::move(counts)}};
}

std::string battery_text(const BatteryStates& states) {
  std::vector<std::pair<const char*, const BatteryState*>> shown{{"unedited", &states.unedited}};
  if (states.fact_in_prompt != nullptr) shown.emplace_back("fact in prompt", states.fact_in_prompt);
  if (states.edited != nullptr) shown.emplace_back("edited", states.edited);

  std::string text = fmt::format("{:<22}", "per cent");
  std::vector<Summary> summaries;
  for (const auto& [name, state] : shown) {
    text += fmt::format("{:>15}", name);
    summaries.push_back(summarise(state->outcomes));
  }
  text += fmt::format("{:>9}\n", "records");
  for (const BatteryColumn& column : column_table) {
    text += fmt::format("{:<22}", column.name);
    for (const Summary& summary : summaries) text += cell(summary.find(column.metric)->percent, 1);
    text += fmt::format("{:>9}   {}\n", summaries.front().find(column.metric)->facts, column.about);
  }
  const auto line = [&](const char* name, std::optional<double> BatteryState::* figure) {
    text += fmt::format("{:<22}", name);
    for (const auto& [ignored, state] : shown) text += cell(state->*figure, 2);
    text += "\n";
  };
  line("own_words_perplexity", &BatteryState::own_words_perplexity);
  line("perplexity", &BatteryState::perplexity);
  if (states.edited != nullptr)
    text += fmt::format("evaluations {:.0f} median, p90 {:.0f}; seconds {:.2f} median, p90 {:.2f}\n",
                        summaries.back().evaluations.median, summaries.back().evaluations.p90,
                        summaries.back().seconds.median, summaries.back().seconds.p90);
  return text;
}

}  // namespace mobiedit

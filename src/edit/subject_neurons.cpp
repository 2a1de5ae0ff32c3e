#include "edit/subject_neurons.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "edit/fact_key.h"

namespace mobiedit {
namespace {

using Facts = std::vector<std::string>;  // sorted

std::string text_of(const std::string& subject, const std::string& prompt, const std::string& target_new) {
  return fact_key({subject, prompt, {}, {}, {}}) + "\n" + target_new;
}

Facts facts_of(const std::vector<const Edit*>& edits) {
  Facts facts;
  for (const Edit* edit : edits)
    facts.push_back(text_of(edit->request.subject, edit->request.prompt, edit->request.target_new));
  std::ranges::sort(facts);
  return facts;
}

/// The facts that a neuron of an edit was found for.
Facts facts_of(const Edit& edit, const std::vector<ServedFact>& others) {
  const EditRequest& own = edit.request;
  Facts facts{text_of(own.subject, own.prompt, own.target_new)};
  for (const ServedFact& other : others) facts.push_back(text_of(own.subject, other.prompt, other.target_new));
  std::ranges::sort(facts);
  return facts;
}

void choose_neuron(SubjectNeuron& subject) {
  const Facts wanted = facts_of(subject.facts);
  std::size_t most = 0;  // number of facts that `start` was found for
  const auto take = [&](const Edit& edit, const std::vector<ServedFact>& others, const Neuron& neuron) {
    const Facts served = facts_of(edit, others);
    if (served.size() > most && std::ranges::includes(wanted, served)) {
      most = served.size();
      subject.start = &neuron;
    }
    if (served != wanted) return false;
    subject.neuron = &neuron;
    return subject.exact = true;
  };
  for (auto edit = subject.facts.rbegin(); edit != subject.facts.rend(); ++edit) {
    const auto& again = (*edit)->found_again;
    for (auto shared = again.rbegin(); shared != again.rend(); ++shared)
      if (take(**edit, shared->others, shared->neuron)) return;
    if (take(**edit, (*edit)->found_with, std::get<Neuron>((*edit)->update))) return;
  }
  const Edit& newest = *subject.facts.back();
  subject.neuron = newest.found_again.empty() ? &std::get<Neuron>(newest.update) : &newest.found_again.back().neuron;
}

}  // namespace

std::vector<SubjectNeuron> subject_neurons(std::span<const Edit* const> edits) {
  std::vector<SubjectNeuron> subjects;
  std::unordered_map<std::string, std::size_t> places;
  // From the newest edit on: a subject's newest fact decides its place in the order.
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (!std::holds_alternative<Neuron>((*edit)->update)) continue;
    const std::string key = std::to_string(layer_of((*edit)->update)) + "\n" + subject_key((*edit)->request);
    const auto [place, added] = places.try_emplace(key, subjects.size());
    if (added) subjects.emplace_back();
    subjects[place->second].facts.push_back(*edit);
  }
  std::ranges::reverse(subjects);
  for (SubjectNeuron& subject : subjects) {
    std::ranges::reverse(subject.facts);
    choose_neuron(subject);
  }
  return subjects;
}

std::vector<UpdateInForce> updates_in_force(std::span<const Edit* const> edits) {
  const auto subjects = subject_neurons(edits);
  std::vector<UpdateInForce> updates;
  auto next = subjects.begin();
  for (const Edit* edit : edits) {
    if (std::holds_alternative<RankOneUpdate>(edit->update)) {
      updates.push_back({edit, nullptr});
    } else if (next != subjects.end() && next->facts.back() == edit) {
      updates.push_back({edit, next->neuron});
      ++next;
    }
  }
  return updates;
}

}  // namespace mobiedit

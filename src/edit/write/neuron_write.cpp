#include "edit/write/neuron_write.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/try.h"
#include "edit/write/neuron_inputs.h"

namespace mobiedit {
namespace {

// An activation below this moves no logit by more than rounding does.
constexpr float silent = 2e-3f;

std::span<const float> row_of(const std::vector<float>& rows, int number, std::size_t d) {
  return std::span(rows).subspan(static_cast<std::size_t>(number) * d, d);
}

}  // namespace

Result<Neuron> fit_neuron(ForwardPass& forward, const PassOptions& pass, const NeuronGeometry& geometry,
                          SubjectContexts& subject, int layer, const NeuronSettings& settings,
                          const CancelToken& cancel) {
  const auto d = static_cast<std::size_t>(forward.config().d);
  std::vector<std::span<const Token>> texts;
  for (const NamedText& text : subject.subject) texts.emplace_back(text.tokens);
  for (const NamedText& text : subject.others) texts.emplace_back(text.tokens);
  for (const Context& context : subject.contexts.prompts) texts.emplace_back(context.tokens);
  for (const Context& context : subject.contexts.preserved) texts.emplace_back(context.tokens);
  MOBIEDIT_TRY(const std::vector<std::vector<float>> inputs, neuron_inputs(forward, pass, texts, layer, cancel));

  std::vector<float> positives, contrasts;
  std::size_t next = 0;
  const auto take = [&](const std::vector<NamedText>& from, std::vector<float>& into) {
    for (const NamedText& text : from) {
      for (const int end : text.ends) {
        const auto row = row_of(inputs[next], end, d);
        into.insert(into.end(), row.begin(), row.end());
      }
      ++next;
    }
  };
  take(subject.subject, positives);
  take(subject.others, contrasts);
  MOBIEDIT_TRY(const std::vector<float> query, geometry.query(positives, contrasts, settings));
  Neuron neuron = geometry.neuron(layer, query, settings);

  const GateActivation activation = forward.config().spec(layer).activation;
  const auto fires_at = [&](const Context& context, const std::vector<float>& rows) {
    for (int i = 0; i < static_cast<int>(context.tokens.size()); ++i)
      if (std::abs(firing(neuron, row_of(rows, i, d), activation)) > silent) return i;
    return -1;
  };
  for (Context& context : subject.contexts.prompts) {
    const int first = fires_at(context, inputs[next++]);
    context.first = first < 0 ? context.subject_last : std::min(first, context.subject_last);
  }
  std::erase_if(subject.contexts.preserved, [&](Context& context) {
    context.first = fires_at(context, inputs[next++]);
    return context.first < 0 || context.first > context.target_start;
  });
  for (Context& context : subject.contexts.preserved)
    context.subject_last = std::max(context.subject_last, context.first);
  return neuron;
}

void NeuronWrite::strengths(const ContextRows& context, std::span<float> out) const {
  const std::size_t d = neuron_.gate.size();
  for (std::size_t r = 0; r < out.size(); ++r) {
    const float share = firing(neuron_, context.inputs.subspan(r * d, d), activation_);
    out[r] = std::abs(share) > silent ? share : 0.0f;
  }
}

Update NeuronWrite::update(std::span<const float> delta) const {
  Neuron neuron = neuron_;
  neuron.down.assign(delta.begin(), delta.end());
  return neuron;
}

}  // namespace mobiedit

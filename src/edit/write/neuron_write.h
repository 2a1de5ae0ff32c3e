// Neuron write: one neuron beside the layer's own, which fires at one subject and adds δ there.
#pragma once

#include <span>
#include <utility>

#include "backend/forward_pass.h"
#include "edit/subject_contexts.h"
#include "edit/write/neuron_geometry.h"
#include "edit/write/write.h"
#include "mobiedit/base/cancel.h"

namespace mobiedit {

/// Solves for the neuron of a subject, without a value, and sets Context::first of every context to the first position
/// where it fires. Preserved contexts where it is silent are taken out. Errors: those of NeuronGeometry::query,
/// cancelled. Throws std::bad_alloc.
[[nodiscard]] Result<Neuron> fit_neuron(ForwardPass& forward, const PassOptions& pass, const NeuronGeometry& geometry,
                                        SubjectContexts& contexts, int layer, const NeuronSettings& settings,
                                        const CancelToken& cancel);

class NeuronWrite final : public Write {
 public:
  /// `neuron` as fit_neuron gives it.
  NeuronWrite(Neuron neuron, GateActivation activation) : neuron_(std::move(neuron)), activation_(activation) {}

  /// Nothing is left to settle.
  [[nodiscard]] Status fit(std::span<const ContextRows>) override { return {}; }
  /// The neuron's activation at each row.
  void strengths(const ContextRows& context, std::span<float> out) const override;
  [[nodiscard]] Update update(std::span<const float> delta) const override;

 private:
  Neuron neuron_;
  GateActivation activation_;
};

}  // namespace mobiedit

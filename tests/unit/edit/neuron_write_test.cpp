// The neuron write: a fitted neuron fires at its subject, and a search sees exactly what the neuron in force does.
#include "edit/write/neuron_write.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/cpu/cpu_forward.h"
#include "base/random.h"
#include "edit/edit_objective.h"
#include "edit/statistics/input_moment.h"
#include "edit/statistics/plain_text.h"
#include "edit/write/neuron_inputs.h"
#include "kernels/vector_ops.h"
#include "mobiedit/edit/editor.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

const EditRequest request{"Ada Byron", "The favourite dish of {} is", "soup the", {}, {}};
constexpr int layer = 1;

class NeuronWriteTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    test::TinyModel tiny{.architecture = GetParam(), .context = 256};
    model_.emplace(test::open_tiny_model(folder.path() / "m.gguf", tiny));
    forward_.emplace(*model_, pool);
    auto moment = InputMoment::from_text(*forward_, {}, *model_, nullptr, plain_text(), layer, {});
    ASSERT_TRUE(moment) << moment.error().message();
    auto geometry = NeuronGeometry::create(*moment);
    ASSERT_TRUE(geometry) << geometry.error().message();
    geometry_ = std::move(*geometry);
    SubjectContextOptions options;
    options.prefixes = {"It was. ", "So they say: "};
    auto subject = build_subject_contexts(*model_, {&request, 1}, options);
    ASSERT_TRUE(subject) << subject.error().message();
    subject_ = std::move(*subject);
    auto neuron = fit_neuron(*forward_, {}, *geometry_, subject_, layer, {}, {});
    ASSERT_TRUE(neuron) << neuron.error().message();
    neuron_ = std::move(*neuron);
  }
  [[nodiscard]] GateActivation activation() const { return model_->config().spec(layer).activation; }

  TemporaryFolder folder;
  ThreadPool pool{1};
  std::optional<Model> model_;
  std::optional<CpuForward> forward_;
  std::optional<NeuronGeometry> geometry_;
  SubjectContexts subject_;
  Neuron neuron_;
};
// SiLU, and GELU with a norm behind the feed-forward.
INSTANTIATE_TEST_SUITE_P(All, NeuronWriteTest, testing::Values("llama", "gemma3"),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(NeuronWriteTest, FiresAtTheSubjectInEveryText) {
  std::vector<std::span<const Token>> texts;
  for (const NamedText& text : subject_.subject) texts.emplace_back(text.tokens);
  const auto inputs = neuron_inputs(*forward_, {}, texts, layer, {});
  ASSERT_TRUE(inputs);
  const auto d = static_cast<std::size_t>(model_->config().d);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (const int end : subject_.subject[i].ends) {
      const auto n = std::span((*inputs)[i]).subspan(static_cast<std::size_t>(end) * d, d);
      const NeuronSettings settings;
      const double constant = kernels::dot(neuron_.up, n) * settings.gain * (1 - settings.threshold);
      const double score = kernels::dot(neuron_.gate, n) / settings.gain + settings.threshold * constant;
      // The ridge lets alike texts differ by some hundredths; a random model's texts are little alike.
      EXPECT_NEAR(score, 1, 0.25) << i;
    }
}

// The objective injects δ beside the cache; a neuron in force computes its own activation. Float sums in another order.
TEST_P(NeuronWriteTest, ASearchSeesWhatTheNeuronInForceDoes) {
  NeuronWrite write(neuron_, activation());
  EditObjectiveOptions options{.layer = layer};
  options.write = &write;
  auto objective = EditObjective::create(*forward_, std::move(subject_.contexts), options, {});
  ASSERT_TRUE(objective) << objective.error().message();
  const auto d = static_cast<std::size_t>((*objective)->dimension());
  std::vector<float> delta(d);
  Random(4).fill_normal(delta);
  const auto outputs = (*objective)->evaluate(delta, 1);
  ASSERT_TRUE(outputs);

  const Update update = write.update(delta);
  auto active = ActiveNeurons::resolve(model_->config(), {&std::get<Neuron>(update), 1}, kernels::best_isa(), pool);
  ASSERT_TRUE(active);
  const Context& bare = (*objective)->contexts().prompts.front();
  std::vector<float> residual(bare.tokens.size() * d), logits(static_cast<std::size_t>(model_->config().vocab));
  forward_->embed(bare.tokens, residual);
  const BatchSequence sequence{nullptr, 0, static_cast<int>(bare.tokens.size()), nullptr};
  PassOptions pass;
  pass.neurons = &*active;
  forward_->run_layers({0, model_->config().layers}, residual, {&sequence, 1}, pass);
  forward_->logits(std::span(residual).subspan(static_cast<std::size_t>(bare.target_start) * d, d), logits, pass);
  const ObjectiveRow& row = (*objective)->rows().front();
  EXPECT_NEAR(outputs->logits[static_cast<std::size_t>(row.target)], logits[static_cast<std::size_t>(bare.target[0])],
              2e-2 * (1 + std::abs(logits[static_cast<std::size_t>(bare.target[0])])));
}

TEST_P(NeuronWriteTest, StatementsAloneGiveTheSameLogitsForLess) {
  NeuronWrite write(neuron_, activation());
  EditObjectiveOptions options{.layer = layer};
  options.write = &write;
  auto objective = EditObjective::create(*forward_, std::move(subject_.contexts), options, {});
  ASSERT_TRUE(objective);
  const auto statements = (*objective)->statements();
  ASSERT_TRUE(statements);
  ASSERT_LT(statements->rows().size(), (*objective)->rows().size());
  std::vector<float> deltas(2 * static_cast<std::size_t>((*objective)->dimension()));
  Random(5).fill_normal(deltas);
  const auto whole = (*objective)->evaluate(deltas, 2);
  const int before = (*objective)->evaluations();
  const auto part = statements->evaluate(deltas, 2);
  ASSERT_TRUE(whole && part);
  EXPECT_LT((*objective)->evaluations(), before + 2);
  const std::size_t width = static_cast<std::size_t>((*objective)->kept()) + 1, rows = statements->rows().size();
  for (std::size_t i = 0; i < rows * width; ++i) EXPECT_NEAR(part->logits[i], whole->logits[i], 1e-4);
  // A probe gives the rows of the context that it takes part in.
  const auto probe = statements->probe(deltas, 2);
  ASSERT_TRUE(probe);
  const RowGroup& group = statements->groups()[0];
  const std::size_t context = static_cast<std::size_t>(group.context(1)), all = (*objective)->rows().size();
  for (std::size_t k = 0; k < width; ++k)
    EXPECT_NEAR(probe->logits[static_cast<std::size_t>(group.rows) * width + k],
                whole->logits[(all + context * static_cast<std::size_t>(group.rows)) * width + k], 1e-4);
}

TEST_P(NeuronWriteTest, AnEditorFindsNeuronsOnceItHasStatistics) {
  auto editor =
      Editor::create(*model_, {.write = WriteKind::neuron, .layer = layer, .max_evaluations = 60, .threads = 1});
  ASSERT_TRUE(editor);
  const auto early = editor->edit(request);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::usage);
  const TemporaryFolder cache;
  ASSERT_TRUE(editor->set_statistics(plain_text(), cache.path().string()));
  const auto edit = editor->edit(request);
  ASSERT_TRUE(edit) << edit.error().message();
  ASSERT_TRUE(std::holds_alternative<Neuron>(edit->update));
  EXPECT_GT(edit->evidence.target_probability_after, edit->evidence.target_probability_before);
  // The cached moment gives the neuron that the measured one gave, to the rounding of its file.
  auto again =
      Editor::create(*model_, {.write = WriteKind::neuron, .layer = layer, .max_evaluations = 60, .threads = 1});
  ASSERT_TRUE(again && again->set_statistics(plain_text(), cache.path().string()));
  const auto repeated = again->edit(request);
  ASSERT_TRUE(repeated);
  const auto &a = std::get<Neuron>(edit->update).gate, &b = std::get<Neuron>(repeated->update).gate;
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    length += a[i] * a[i];
  }
  EXPECT_LT(difference, 1e-4 * length);
}

}  // namespace
}  // namespace mobiedit

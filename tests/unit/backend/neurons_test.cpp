// Neurons in force and injections against plain loops, and against weights with one more row and column.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/contents.h"
#include "backend/cpu/cpu_forward.h"
#include "base/random.h"
#include "kernels/vector_ops_table.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using Floats = std::vector<float>;

std::vector<Neuron> some_neurons(int layer, int count, std::uint64_t seed) {
  std::vector<Neuron> neurons;
  Random random(seed);
  for (int i = 0; i < count; ++i) {
    Neuron neuron{layer, Floats(64), Floats(64), Floats(64)};
    for (Floats* row : {&neuron.gate, &neuron.up, &neuron.down}) random.fill_normal(*row);
    for (float& x : neuron.gate) x *= 0.2f;
    for (float& x : neuron.up) x *= 0.2f;
    neurons.push_back(std::move(neuron));
  }
  return neurons;
}

/// The same model with the neurons as rows of gate and up, columns of down, in a feed-forward `more` wider; other
/// layers get zeros there.
void write_widened(const std::filesystem::path& from, const std::filesystem::path& to, std::span<const Neuron> neurons,
                   int more) {
  const auto file = gguf::File::open(from);
  gguf::Writer writer;
  for (const gguf::Entry& entry : file->metadata()) writer.set(entry);
  const auto f = static_cast<int>(file->find_tensor("blk.0.ffn_gate.weight")->rows());
  const std::string architecture = **file->string("general.architecture");
  writer.set_u32(architecture + ".feed_forward_length", static_cast<std::uint32_t>(f + more));
  std::map<std::string, Floats> kept;
  for (const gguf::TensorInfo& t : file->tensors()) {
    Floats values(t.columns() * t.rows());
    gguf::dequantize(t.type, file->data(t), values);
    auto shape = std::vector<std::uint64_t>(t.shape.begin(), t.shape.begin() + t.dimensions);
    const auto id = parse_tensor_name(t.name);
    const auto own = [&](int i) {
      return i < static_cast<int>(neurons.size()) && neurons[static_cast<std::size_t>(i)].layer == id->layer;
    };
    if (id && (id->role == TensorRole::gate || id->role == TensorRole::up)) {
      for (int i = 0; i < more; ++i) {
        const Floats zeros(64, 0.0f);
        const Floats* row = &zeros;
        if (own(i))
          row = id->role == TensorRole::gate ? &neurons[static_cast<std::size_t>(i)].gate
                                             : &neurons[static_cast<std::size_t>(i)].up;
        values.insert(values.end(), row->begin(), row->end());
      }
      shape[1] += static_cast<std::uint64_t>(more);
    } else if (id && id->role == TensorRole::down) {
      Floats wide;
      for (std::size_t r = 0; r < t.rows(); ++r) {
        const auto row = values.begin() + static_cast<std::ptrdiff_t>(r * t.columns());
        wide.insert(wide.end(), row, row + static_cast<std::ptrdiff_t>(t.columns()));
        for (int i = 0; i < more; ++i) wide.push_back(own(i) ? neurons[static_cast<std::size_t>(i)].down[r] : 0.0f);
      }
      values = std::move(wide);
      shape[0] += static_cast<std::uint64_t>(more);
    }
    Floats& stays = kept[t.name] = std::move(values);
    writer.add_tensor(t.name, gguf::TensorType::f32, shape,
                      [&stays]() -> Result<std::span<const std::byte>> { return std::as_bytes(std::span(stays)); });
  }
  if (auto s = writer.write(to); !s) throw std::runtime_error(s.error().message());
}

class Neurons : public testing::TestWithParam<const char*> {
 protected:
  Floats logits(const Model& m, const PassOptions& options, const ActiveNeurons* own = nullptr) {
    CpuForward forward(m, pool);
    const std::vector<Token> tokens{3, 1, 4, 1, 5, 9, 2, 6};
    Floats residual(tokens.size() * 64), out(tokens.size() * static_cast<std::size_t>(m.config().vocab));
    forward.embed(tokens, residual);
    BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
    sequence.neurons = own;
    forward.run_layers({0, m.config().layers}, residual, {&sequence, 1}, options);
    forward.logits(residual, out, options);
    return out;
  }
  ActiveNeurons active(const std::vector<Neuron>& neurons) {
    return ActiveNeurons::resolve(model.config(), neurons, model.contents().isa, pool).value();
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "m.gguf";
  Model model = test::open_tiny_model(path, {.architecture = GetParam(), .blocks = 7});
  ThreadPool pool{2};
};
INSTANTIATE_TEST_SUITE_P(Architectures, Neurons, testing::Values("qwen2", "gemma2", "gemma3", "olmo2", "granite"));

double farthest(const Floats& a, const Floats& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(double{a[i]} - b[i]));
  return most;
}

// Sums in another order: some 1e-6 of each value, grown by the layers above.
TEST_P(Neurons, InForceEqualWeightsWithMoreRows) {
  const auto neurons = some_neurons(2, 3, 11);
  write_widened(path, folder.path() / "wide.gguf", neurons, 4);
  const auto wide = Model::open(folder.path() / "wide.gguf");
  ASSERT_TRUE(wide) << wide.error().message();
  const ActiveNeurons in_force = active(neurons);
  const Floats plain = logits(model, {}), with = logits(model, {.neurons = &in_force}), baked = logits(*wide, {});
  EXPECT_LT(farthest(with, baked), 1e-3);
  EXPECT_GT(farthest(with, plain), 0.1);
  EXPECT_EQ(logits(model, {}, &in_force), with);
}

TEST_P(Neurons, NothingInForceChangesNoBit) {
  const Floats plain = logits(model, {});
  const ActiveNeurons none = active({});
  const Floats zeros(64, 0.0f);
  const Injections nothing{3, zeros, {}, nullptr};
  EXPECT_EQ(logits(model, {.neurons = &none, .injections = &nothing}), plain);
}

// Plain loops over what a capture gives.
TEST_P(Neurons, AddTheirFiringTimesDown) {
  const int layer = 1;
  const auto neurons = some_neurons(layer, 5, 12);
  const ActiveNeurons in_force = active(neurons);
  CpuForward forward(model, pool);
  const std::vector<Token> tokens{3, 1, 4, 1, 5, 9, 2, 6};
  const BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
  const auto values = [&](const ActiveNeurons* set, Floats& inputs) {
    Floats residual(tokens.size() * 64), out(residual.size());
    inputs.resize(residual.size());
    forward.embed(tokens, residual);
    const Capture capture{.layer = layer, .values = out.data(), .inputs = inputs.data()};
    forward.run_layers({0, layer + 1}, residual, {&sequence, 1}, {.neurons = set, .capture = &capture});
    return out;
  };
  Floats inputs, same;
  const Floats plain = values(nullptr, inputs), with = values(&in_force, same);
  EXPECT_EQ(inputs, same);
  const bool gelu = model.config().spec(layer).activation == GateActivation::gelu_tanh;
  for (std::size_t row = 0; row < tokens.size(); ++row) {
    std::vector<double> expected(plain.begin() + static_cast<std::ptrdiff_t>(row * 64),
                                 plain.begin() + static_cast<std::ptrdiff_t>(row * 64 + 64));
    for (const Neuron& neuron : neurons) {
      double g = 0, p = 0;
      for (std::size_t i = 0; i < 64; ++i) {
        g += double{neuron.gate[i]} * inputs[row * 64 + i];
        p += double{neuron.up[i]} * inputs[row * 64 + i];
      }
      const double opened =
          gelu ? 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))) : g / (1 + std::exp(-g));
      for (std::size_t i = 0; i < 64; ++i) expected[i] += opened * p * neuron.down[i];
    }
    for (std::size_t i = 0; i < 64; ++i)
      EXPECT_NEAR(with[row * 64 + i], expected[i], 1e-4 * (1 + std::abs(expected[i])));
  }
}

// Each sequence of a batch has a set of its own, and gets what it would get alone.
TEST_P(Neurons, BelongToTheirSequence) {
  const ActiveNeurons one = active(some_neurons(2, 3, 13)), other = active(some_neurons(2, 20, 14));
  CpuForward forward(model, pool);
  const std::vector<Token> tokens{3, 1, 4, 1, 5};
  const auto run = [&](const std::vector<const ActiveNeurons*>& sets) {
    std::vector<Token> all;
    std::vector<BatchSequence> sequences;
    std::vector<int> last;
    for (const ActiveNeurons* set : sets) {
      all.insert(all.end(), tokens.begin(), tokens.end());
      BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
      sequence.neurons = set;
      sequences.push_back(sequence);
      last.push_back(static_cast<int>(all.size()) - 1);
    }
    Floats residual(all.size() * 64);
    forward.embed(all, residual);
    // The neurons' layer is the pass's last: only the wanted rows go on there.
    forward.run_layers({0, 3}, residual, sequences, PassOptions().with_outputs(last));
    residual.resize(last.size() * 64);
    return residual;
  };
  const Floats together = run({&one, nullptr, &other, &one});
  const auto row = [&](int i) { return Floats(together.begin() + i * 64, together.begin() + i * 64 + 64); };
  EXPECT_EQ(row(0), run({&one}));
  EXPECT_EQ(row(1), run({nullptr}));
  EXPECT_EQ(row(2), run({&other}));
  EXPECT_EQ(row(3), row(0));
  EXPECT_GT(farthest(row(0), row(1)), 0.05);
}

// An injection within the pass, and the same one put in afterwards, by the layer's values.
TEST_P(Neurons, InjectionsComeBeforeTheNorm) {
  CpuForward forward(model, pool);
  const std::vector<Token> tokens{3, 1, 4, 1, 5, 9};
  const BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
  Floats vectors(2 * 64);
  Random(15).fill_normal(vectors);
  const Injection rows[] = {{2, 0, 0.5f}, {4, 1, -0.25f}, {4, 0, 0.125f}};
  Floats start(tokens.size() * 64);
  forward.embed(tokens, start);

  Floats within = start;
  const Injections inside{2, vectors, rows, nullptr};
  forward.run_layers({0, 5}, within, {&sequence, 1}, {.injections = &inside});

  Floats after = start, values(start.size());
  const Capture capture{.layer = 2, .values = values.data()};
  forward.run_layers({0, 3}, after, {&sequence, 1}, {.capture = &capture});
  const Injections before{2, vectors, rows, values.data()};
  forward.run_layers({3, 5}, after, {&sequence, 1}, {.injections = &before});
  // The norm is taken off and put on again: one more rounding of values of size 1 to 10.
  EXPECT_LT(farthest(within, after), 1e-4);

  Floats plain = start;
  forward.run_layers({0, 5}, plain, {&sequence, 1}, {});
  EXPECT_GT(farthest(within, plain), 0.01);
}

// A model opened with portable kernels has plain row operations too, not only plain products.
TEST(PortableKernels, HoldForRowOperations) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {}, {.portable_kernels = true});
  ThreadPool pool(1);
  CpuForward forward(model, pool);
  const std::vector<Token> tokens{3, 1, 4, 1, 5, 9};
  const int rows = static_cast<int>(tokens.size());
  Floats residual(tokens.size() * 64), inputs(residual.size()), keys(tokens.size() * 96);
  forward.embed(tokens, residual);
  const BatchSequence sequence{nullptr, 0, rows, nullptr};
  const Capture capture{.layer = 1, .keys = keys.data(), .inputs = inputs.data()};
  forward.run_layers({0, 2}, residual, {&sequence, 1}, {.capture = &capture});

  const LayerWeights& w = model.contents().weights.layers[1];
  kernels::Activations activations;
  activations.set(kernels::Isa::portable, inputs.data(), rows, 64, 64, kernels::ActivationKind::f32, false, pool);
  Floats gate(keys.size()), up(keys.size()), expected(keys.size());
  kernels::linear(w.gate, activations, nullptr, gate.data(), 96, pool);
  kernels::linear(w.up, activations, nullptr, up.data(), 96, pool);
  kernels::vector_ops_plain.silu_multiply(gate.data(), up.data(), expected.data(), expected.size());
  EXPECT_EQ(keys, expected);
}

TEST(NeuronsInForce, AreRefusedWhereTheyDoNotFit) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  ThreadPool pool(1);
  const auto refused = [&](auto spoil) {
    auto neurons = some_neurons(1, 2, 16);
    spoil(neurons[1]);
    const auto active = ActiveNeurons::resolve(model.config(), neurons, model.contents().isa, pool);
    return !active && active.error().code == ErrorCode::usage;
  };
  EXPECT_TRUE(refused([](Neuron& n) { n.layer = 4; }));
  EXPECT_TRUE(refused([](Neuron& n) { n.layer = -1; }));
  EXPECT_TRUE(refused([](Neuron& n) { n.up.pop_back(); }));
  EXPECT_TRUE(refused([](Neuron& n) { n.down[3] = std::nanf(""); }));
  EXPECT_FALSE(refused([](Neuron&) {}));
}

}  // namespace
}  // namespace mobiedit

#include "mobiedit/store/adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>

#include "mobiedit/gguf/writer.h"
#include "mobiedit/store/errors.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

/// scale · b (a x)
std::vector<double> applied(const LowRankDelta& delta, const std::vector<float>& x) {
  const auto rank = static_cast<std::size_t>(delta.rank);
  std::vector<double> y(delta.b.size() / rank);
  for (std::size_t r = 0; r < rank; ++r) {
    double along = 0;
    for (std::size_t j = 0; j < x.size(); ++j) along += double{delta.a[r * x.size() + j]} * x[j];
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += delta.scale * along * delta.b[i * rank + r];
  }
  return y;
}

std::vector<double> applied(const RankOneUpdate& update, const std::vector<float>& x) {
  double along = 0;
  for (std::size_t j = 0; j < x.size(); ++j) along += double{update.right[j]} * x[j];
  std::vector<double> y;
  for (const float left : update.left) y.push_back(left * along);
  return y;
}

class AdapterFile : public ::testing::Test {
 protected:
  std::filesystem::path path_in(const char* name) const { return folder_.path() / name; }
  TemporaryFolder folder_;
};

/// An adapter as anyone might write one; each test spoils something.
struct HandMade {
  std::string type = "adapter";
  std::string kind = "lora";
  std::optional<float> alpha = 4;
  gguf::TensorType stored = gguf::TensorType::f32;
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> tensors = {{"blk.0.attn_q.weight.lora_a", {32, 2}},
                                                                             {"blk.0.attn_q.weight.lora_b", {2, 16}}};
  float first_value = 0.5f;

  [[nodiscard]] Status write(const std::filesystem::path& path) const {
    gguf::Writer writer;
    writer.set_string("general.type", type);
    writer.set_string("general.architecture", "qwen2");
    writer.set_string("adapter.type", kind);
    if (alpha) writer.set_f32("adapter.lora.alpha", *alpha);
    std::vector<std::vector<std::byte>> held;
    held.reserve(tensors.size());
    for (const auto& [name, shape] : tensors) {
      std::size_t count = 1;
      for (const auto n : shape) count *= n;
      auto values = random_values(count, count);
      values[0] = first_value;
      const auto as = shape[0] % 32 == 0 ? stored : gguf::TensorType::f32;
      auto& bytes = held.emplace_back(gguf::row_bytes(as, count));
      if (as == gguf::TensorType::f32) {
        std::memcpy(bytes.data(), values.data(), bytes.size());  // quantize refuses what is not finite
      } else if (auto done = gguf::quantize(as, values, bytes); !done) {
        return done;
      }
      writer.add_tensor(name, as, shape,
                        [&bytes]() -> Result<std::span<const std::byte>> { return std::span<const std::byte>(bytes); });
    }
    return writer.write(path);
  }
};

TEST_F(AdapterFile, GivesBackWhatWasWritten) {
  const std::vector updates{sample_update(1, 1), sample_update(0, 2), sample_update(1, 3)};
  const Provenance provenance{"0.1.0", "abcdef", {edited("Achille Varzi", "Greek \"\xC3\xA9", 1, 7)}};
  ASSERT_TRUE(write_adapter(path_in("a.gguf"), "qwen2", "edits", updates, provenance));

  const auto adapter = read_adapter(path_in("a.gguf"));
  ASSERT_TRUE(adapter) << adapter.error().message();
  EXPECT_EQ(adapter->architecture, "qwen2");
  EXPECT_EQ(adapter->name, "edits");
  EXPECT_EQ(adapter->provenance.version, "0.1.0");
  EXPECT_EQ(adapter->provenance.base_fingerprint, "abcdef");
  ASSERT_EQ(adapter->provenance.edits.size(), 1u);
  EXPECT_EQ(adapter->provenance.edits[0].target_new, "Greek \"\xC3\xA9");
  EXPECT_EQ(adapter->provenance.edits[0].layer, 1);
  EXPECT_EQ(adapter->provenance.edits[0].seed, 7u);

  ASSERT_EQ(adapter->deltas.size(), 2u);
  EXPECT_EQ(adapter->deltas[0].tensor, "blk.0.ffn_down.weight");
  EXPECT_EQ(adapter->deltas[1].tensor, "blk.1.ffn_down.weight");
  const auto x = random_values(sample_f, 11);
  const auto of_one = applied(adapter->deltas[0], x);
  const auto of_two = applied(adapter->deltas[1], x);
  const auto u0 = applied(updates[1], x);
  const auto u1 = applied(updates[0], x);
  const auto u2 = applied(updates[2], x);
  for (std::size_t i = 0; i < sample_d; ++i) {
    // F32 is stored as it is, and both sides sum the same products in float64: only their order differs.
    EXPECT_NEAR(of_one[i], u0[i], 1e-12);
    EXPECT_NEAR(of_two[i], u1[i] + u2[i], 1e-12);
  }
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(AdapterFile, IsNotHeldOnceABitOfItIsWrong) {
  const auto path = path_in("a.gguf");
  const Provenance provenance{"0.1.0", "abcdef", {edited("Varzi", "Greek", 1, 7)}};
  auto deltas = stack_updates(std::vector{sample_update(1, 1), sample_update(0, 2)});
  ASSERT_TRUE(deltas);
  Adapter adapter{"qwen2", "edits", std::move(*deltas), provenance};
  ASSERT_TRUE(write_adapter(path, adapter));
  const auto held = holds_adapter(path, adapter);
  ASSERT_TRUE(held) << held.error().message();
  EXPECT_TRUE(*held);

  // In each tensor its first and last byte, and in the metadata what the user may be told of.
  const std::string bytes = bytes_of(path);
  std::vector<std::size_t> places{bytes.find("Greek"), bytes.find("abcdef"), bytes.find("subspace")};
  {
    const auto file = gguf::File::open(path);
    ASSERT_TRUE(file);
    for (const auto& tensor : file->tensors()) {
      places.push_back(tensor.offset);
      places.push_back(tensor.offset + tensor.bytes - 1);
    }
  }
  ASSERT_EQ(places.size(), 11u);
  for (const std::size_t place : places) {
    ASSERT_LT(place, bytes.size());
    std::string wrong = bytes;
    wrong[place] = static_cast<char>(wrong[place] ^ 1);
    std::ofstream(path, std::ios::binary) << wrong;
    const auto still = holds_adapter(path, adapter);
    EXPECT_TRUE(!still || !*still) << "byte " << place;
  }
  std::ofstream(path, std::ios::binary) << bytes;
  adapter.deltas[1].a.back() += 1;
  EXPECT_FALSE(*holds_adapter(path, adapter));
}

TEST_F(AdapterFile, HasOneRankAndAlphaEqualToIt) {
  for (const int count : {1, 8, 11}) {
    std::vector<RankOneUpdate> updates{sample_update(0, 50)};
    for (int i = 0; i < count; ++i) updates.push_back(sample_update(1, static_cast<std::uint64_t>(i)));
    ASSERT_TRUE(write_adapter(path_in("a.gguf"), "qwen2", "", updates, {}));
    const auto file = gguf::File::open(path_in("a.gguf"));
    ASSERT_TRUE(file);
    const auto rank = static_cast<std::uint64_t>(std::max(8, count));
    EXPECT_EQ(**file->number("adapter.lora.alpha"), static_cast<double>(rank));
    for (const int block : {0, 1}) {
      const std::string name = "blk." + std::to_string(block) + ".ffn_down.weight";
      const auto* a = file->find_tensor(name + ".lora_a");
      const auto* b = file->find_tensor(name + ".lora_b");
      ASSERT_NE(a, nullptr);
      ASSERT_NE(b, nullptr);
      EXPECT_EQ(a->shape[0], sample_f);
      EXPECT_EQ(a->shape[1], rank);
      EXPECT_EQ(b->shape[0], rank);
      EXPECT_EQ(b->shape[1], sample_d);
    }
  }
}

// W + Σ b a stays what it was, whichever tensor a delta comes from.
TEST_F(AdapterFile, DeltasOfOneTensorAreJoinedAlongTheirRank) {
  const std::vector updates{sample_update(0, 1), sample_update(1, 2), sample_update(0, 3)};
  std::vector<LowRankDelta> single;
  for (const RankOneUpdate& update : updates) single.push_back(to_low_rank(update));
  const auto joined = join_deltas(single);
  ASSERT_TRUE(joined) << joined.error().message();
  EXPECT_EQ((*joined)[0].a, (*stack_updates(updates))[0].a);
  EXPECT_EQ((*joined)[0].b, (*stack_updates(updates))[0].b);
  EXPECT_EQ((*joined)[1].b, (*stack_updates(updates))[1].b);
  ASSERT_EQ(joined->size(), 2u);
  const auto twice = join_deltas(std::vector{(*joined)[0], (*joined)[0], (*joined)[1]});
  ASSERT_TRUE(twice);
  EXPECT_EQ((*twice)[0].rank, 16);
  EXPECT_EQ((*twice)[1].rank, 16);

  LowRankDelta scaled = single[0], narrow = single[0];
  scaled.scale = 0.5f;
  narrow.a.pop_back();
  EXPECT_EQ(join_deltas(std::vector{scaled}).error().code, ErrorCode::usage);
  EXPECT_EQ(join_deltas(std::vector{single[0], narrow}).error().code, ErrorCode::usage);
  EXPECT_EQ(join_deltas({}).error().code, ErrorCode::usage);
}

TEST_F(AdapterFile, RefusesUpdatesThatDoNotFitTogether) {
  EXPECT_EQ(write_adapter(path_in("a.gguf"), "qwen2", "", {}, {}).error().code, ErrorCode::usage);
  const std::vector sizes{sample_update(0, 1), sample_update(0, 2, sample_d + 1)};
  EXPECT_EQ(write_adapter(path_in("a.gguf"), "qwen2", "", sizes, {}).error().code, ErrorCode::usage);
  const std::vector negative{sample_update(-1, 1)};
  EXPECT_EQ(write_adapter(path_in("a.gguf"), "qwen2", "", negative, {}).error().code, ErrorCode::usage);
  EXPECT_FALSE(std::filesystem::exists(path_in("a.gguf")));
}

TEST_F(AdapterFile, ReadsOthersWithTheirScaleAndTypes) {
  for (const auto type : {gguf::TensorType::f32, gguf::TensorType::f16, gguf::TensorType::q8_0}) {
    HandMade made;
    made.stored = type;
    ASSERT_TRUE(made.write(path_in("other.gguf")));
    const auto adapter = read_adapter(path_in("other.gguf"));
    ASSERT_TRUE(adapter) << adapter.error().message();
    ASSERT_EQ(adapter->deltas.size(), 1u);
    EXPECT_EQ(adapter->deltas[0].tensor, "blk.0.attn_q.weight");
    EXPECT_EQ(adapter->deltas[0].rank, 2);
    EXPECT_EQ(adapter->deltas[0].scale, 2.0f);  // alpha 4 over rank 2
    // Half a step of Q8_0: a normal block of 32 hardly exceeds 3.5 in size, over 127 codes.
    EXPECT_NEAR(adapter->deltas[0].a[0], 0.5f, 0.02f);
    EXPECT_TRUE(adapter->provenance.version.empty());
  }
}

TEST_F(AdapterFile, WithoutAlphaOrWithZeroIsNotScaled) {
  for (const std::optional<float> alpha : {std::optional<float>{}, std::optional{0.0f}}) {
    HandMade made;
    made.alpha = alpha;
    ASSERT_TRUE(made.write(path_in("other.gguf")));
    const auto adapter = read_adapter(path_in("other.gguf"));
    ASSERT_TRUE(adapter) << adapter.error().message();
    EXPECT_EQ(adapter->deltas[0].scale, 1.0f);
  }
}

TEST_F(AdapterFile, NamesTheFormatsOfOthers) {
  const auto error_of = [&](std::string bytes) {
    bytes.resize(std::max<std::size_t>(bytes.size(), 64), '\0');
    std::ofstream(path_in("foreign"), std::ios::binary) << bytes;
    const auto adapter = read_adapter(path_in("foreign"));
    EXPECT_FALSE(adapter);
    if (adapter) return std::string();
    EXPECT_EQ(adapter.error().id, adapter_errors::format.name);
    EXPECT_NE(adapter.error().hint.find("convert"), std::string::npos) << adapter.error().message();
    return adapter.error().what;
  };
  EXPECT_NE(error_of("algg\x01").find("ggla"), std::string::npos);
  EXPECT_NE(error_of("PK\x03\x04").find("PyTorch"), std::string::npos);
  EXPECT_NE(error_of(std::string("\x02\0\0\0\0\0\0\0{}", 10)).find("safetensors"), std::string::npos);
  EXPECT_NE(error_of("<html>").find("not a GGUF file"), std::string::npos);

  gguf::Writer vector;
  vector.set_string("general.architecture", "controlvector");
  ASSERT_TRUE(vector.write(path_in("vector.gguf")));
  EXPECT_EQ(read_adapter(path_in("vector.gguf")).error().id, adapter_errors::kind.name);
}

TEST_F(AdapterFile, RefusesWhatIsNoAdapter) {
  std::vector<std::pair<ErrorId, HandMade>> cases;
  HandMade made;
  made.type = "model";
  cases.emplace_back(adapter_errors::kind, made);
  made = {};
  made.kind = "control_vector";
  cases.emplace_back(adapter_errors::kind, made);
  made = {};
  made.alpha = std::numeric_limits<float>::infinity();
  cases.emplace_back(adapter_errors::alpha, made);
  made = {};
  made.first_value = std::numeric_limits<float>::quiet_NaN();
  cases.emplace_back(adapter_errors::values, made);
  made = {};
  made.tensors.pop_back();
  cases.emplace_back(adapter_errors::pair, made);
  made = {};
  made.tensors.erase(made.tensors.begin());
  cases.emplace_back(adapter_errors::pair, made);
  made = {};
  made.tensors.push_back({"blk.0.attn_q.bias", {16}});
  cases.emplace_back(adapter_errors::pair, made);
  made = {};
  made.tensors[1].second = {3, 16};
  cases.emplace_back(adapter_errors::shape, made);
  made = {};
  made.tensors[0].second = {32, 2, 2};
  cases.emplace_back(adapter_errors::shape, made);
  made = {};
  made.tensors.clear();
  cases.emplace_back(adapter_errors::empty, made);

  for (const auto& [id, bad] : cases) {
    ASSERT_TRUE(bad.write(path_in("bad.gguf"))) << id.name;
    const auto adapter = read_adapter(path_in("bad.gguf"));
    ASSERT_FALSE(adapter) << id.name;
    EXPECT_EQ(adapter.error().id, id.name) << adapter.error().message();
    EXPECT_NE(adapter.error().where.find("bad.gguf"), std::string::npos) << adapter.error().message();
  }
  EXPECT_EQ(read_adapter(path_in("missing.gguf")).error().code, ErrorCode::io);
}

TEST_F(AdapterFile, BelongsToOneShapeOfModel) {
  ASSERT_TRUE(write_sample_base(path_in("base.gguf"), gguf::TensorType::f16));
  const auto base = gguf::File::open(path_in("base.gguf"));
  ASSERT_TRUE(base);
  const auto check = [&](const std::string& architecture, const RankOneUpdate& update) -> Status {
    const std::vector updates{update};
    if (auto done = write_adapter(path_in("a.gguf"), architecture, "", updates, {}); !done) return done;
    return check_adapter(*read_adapter(path_in("a.gguf")), *base, "a.gguf");
  };
  EXPECT_TRUE(check("qwen2", sample_update(1, 1)));
  for (const auto& bad : {check("llama", sample_update(1, 1)), check("qwen2", sample_update(2, 1)),
                          check("qwen2", sample_update(1, 1, sample_d, sample_f * 2)),
                          check("qwen2", sample_update(1, 1, sample_d + 8))}) {
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().id, adapter_errors::base.name);
    EXPECT_EQ(bad.error().where, "a.gguf");
  }
}

}  // namespace
}  // namespace mobiedit

#include "mobiedit/model/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "mobiedit/model/session.h"
#include "unit/split_file.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using test::TinyModel;
using test::write_tiny_model;

// A tiny model with one fault, and a word that its error must contain.
struct Spoilt {
  const char* name;
  const char* word;
  TinyModel model;
};

TinyModel with(std::function<void(gguf::Writer&)> change) {
  TinyModel m;
  m.change = std::move(change);
  return m;
}

std::vector<Spoilt> spoilt_models() {
  TinyModel missing, no_embedding, no_epsilon;
  no_epsilon.norm_epsilon = false;
  missing.without = "blk.1.ffn_up.weight";
  no_embedding.without = "token_embd.weight";
  return {
      {"unknown architecture", "gpt9", with([](gguf::Writer& w) { w.set_string("general.architecture", "gpt9"); })},
      {"an adapter", "adapter", with([](gguf::Writer& w) { w.set_string("general.type", "adapter"); })},
      {"a split model", "split", with([](gguf::Writer& w) { w.set_u32("split.count", 3); })},
      {"experts without a count of those used", "expert_used_count",
       with([](gguf::Writer& w) { w.set_u32("qwen2.expert_count", 8); })},
      {"no blocks", "block_count", with([](gguf::Writer& w) { w.set_u32("qwen2.block_count", 0); })},
      {"a block more than there is", "blk.4", with([](gguf::Writer& w) { w.set_u32("qwen2.block_count", 5); })},
      {"a vast size", "embedding_length",
       with([](gguf::Writer& w) { w.set_u32("qwen2.embedding_length", 0xffffffffu); })},
      {"another size", "expected 96", with([](gguf::Writer& w) { w.set_u32("qwen2.embedding_length", 96); })},
      {"heads that don't divide", "heads",
       with([](gguf::Writer& w) { w.set_u32("qwen2.attention.head_count_kv", 3); })},
      {"an odd rope", "fit together", with([](gguf::Writer& w) { w.set_u32("qwen2.rope.dimension_count", 7); })},
      {"a rope of nothing", "rope", with([](gguf::Writer& w) { w.set_f32("qwen2.rope.freq_base", 0.0f); })},
      {"an unknown rope scaling", "longrope",
       with([](gguf::Writer& w) { w.set_string("qwen2.rope.scaling.type", "longrope"); })},
      {"a rope scaled by nothing", "out of range",
       with([](gguf::Writer& w) { w.set_f32("qwen2.rope.scaling.factor", 1e-6f); })},
      {"no norm epsilon", "layer_norm_rms_epsilon' is missing", no_epsilon},
      {"unequal layers", "unequal numbers", with([](gguf::Writer& w) {
         w.set({.key = "qwen2.feed_forward_length",
                .type = gguf::ValueType::array,
                .element_type = gguf::ValueType::u32,
                .value = std::vector<std::uint64_t>{96, 97}});
       })},
      {"experts of a family without", "experts", with([](gguf::Writer& w) {
         w.set_u32("qwen2.expert_count", 8);
         w.set_u32("qwen2.expert_used_count", 2);
       })},
      {"more experts used than there are",
       "found 7 used of 6",
       {.architecture = "qwen3moe", .change = [](gguf::Writer& w) { w.set_u32("qwen3moe.expert_used_count", 7); }}},
      {"a mixture without experts",
       "expert_count",
       {.architecture = "qwen3moe", .change = [](gguf::Writer& w) { w.set_u32("qwen3moe.expert_count", 0); }}},
      {"experts of another size",
       "blk.0.ffn_gate_exps.weight",
       {.architecture = "qwen3moe",
        .change = [](gguf::Writer& w) { w.set_u32("qwen3moe.expert_feed_forward_length", 33); }}},
      {"a text where a number belongs", "context_length",
       with([](gguf::Writer& w) { w.set_string("qwen2.context_length", "long"); })},
      {"a missing tensor", "blk.1.ffn_up.weight", missing},
      {"no embeddings", "token_embd.weight", no_embedding},
  };
}

TEST(Model, ASplitModelIsTheWholeOne) {
  TemporaryFolder folder;
  const Model whole = test::open_tiny_model(folder.path() / "whole.gguf", {.type = gguf::TensorType::q8_0});
  const auto first = test::write_split(folder.path() / "model", whole.file(), 3);
  ASSERT_TRUE(first) << first.error().message();
  const auto split = Model::open(*first);
  ASSERT_TRUE(split) << split.error().message();
  EXPECT_NE(split->fingerprint(), whole.fingerprint());
  const std::vector<Token> tokens{1, 5, 9, 2};
  auto one = Session::create(whole), other = Session::create(*split);
  ASSERT_TRUE(one && other);
  ASSERT_TRUE(one->append(tokens));
  ASSERT_TRUE(other->append(tokens));
  EXPECT_TRUE(std::ranges::equal(one->logits(), other->logits()));
  // Any byte of any piece counts.
  const std::string before = split->fingerprint();
  const auto last = test::piece_path(folder.path() / "model", 2, 3);
  std::fstream file(last, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-40, std::ios::end);
  file.put('\x01');
  file.close();
  EXPECT_NE(Model::open(*first)->fingerprint(), before);
}

TEST(Model, SaysWhatIsWrongWithAFile) {
  TemporaryFolder folder;
  for (const Spoilt& s : spoilt_models()) {
    const auto path = folder.path() / "spoilt.gguf";
    write_tiny_model(path, s.model);
    const auto model = Model::open(path);
    ASSERT_FALSE(model) << s.name;
    EXPECT_EQ(model.error().code, ErrorCode::bad_model) << s.name;
    EXPECT_NE(model.error().message().find(s.word), std::string::npos) << s.name << ": " << model.error().message();
    EXPECT_NE(model.error().message().find("spoilt.gguf"), std::string::npos) << model.error().message();
  }
}

TEST(Model, FingerprintTellsFilesApart) {
  TemporaryFolder folder;
  const Model a = test::open_tiny_model(folder.path() / "a.gguf", {});
  const Model same = test::open_tiny_model(folder.path() / "b.gguf", {});
  const Model other = test::open_tiny_model(folder.path() / "c.gguf", {.seed = 2});
  EXPECT_EQ(a.fingerprint().size(), 32u);
  EXPECT_EQ(a.fingerprint(), same.fingerprint());
  EXPECT_NE(a.fingerprint(), other.fingerprint());
}

TEST(Model, LeavesTheFileAsItIs) {
  TemporaryFolder folder;
  const auto path = folder.path() / "a.gguf";
  write_tiny_model(path, {.type = gguf::TensorType::q8_0});
  const auto read = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = read();
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  ASSERT_TRUE(Model::open(path));
  EXPECT_EQ(read(), before);
}

}  // namespace
}  // namespace mobiedit

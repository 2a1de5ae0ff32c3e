// Undo is exact: what the model computes afterwards has the bits it would have had if the edit had never been made.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/random.h"
#include "mobiedit/model/session.h"
#include "mobiedit/store/adapter.h"
#include "mobiedit/store/store.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

Edit edit_of(const Model& model, int i) {
  Edit stored = sample_edit(i, model.fingerprint());
  const ModelConfig& c = model.config();
  stored.update = sample_update(i % 3, static_cast<std::uint64_t>(i) + 1, static_cast<std::size_t>(c.d),
                                static_cast<std::size_t>(c.f));
  return stored;
}

std::vector<float> logits(const Model& model, const Store& store) {
  const auto edits = store.in_force(model.fingerprint());
  if (!edits) throw std::runtime_error(edits.error().message());
  std::vector<RankOneUpdate> updates;
  for (const Edit& edit : *edits) updates.push_back(std::get<RankOneUpdate>(edit.update));
  auto deltas = stack_updates(updates);
  if (!deltas) throw std::runtime_error(deltas.error().message());
  auto session = Session::create(model, {.threads = 1});
  if (!session || !session->set_adapters(std::move(*deltas))) throw std::runtime_error("no session");
  const std::vector<Token> tokens{3, 1, 4, 1, 5, 9, 2, 6};
  if (!session->append(tokens)) throw std::runtime_error("cannot read");
  return {session->logits().begin(), session->logits().end()};
}

TEST(Undo, FiftyOfAHundredInAnyOrderLeaveNoTrace) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "tiny.gguf", {});
  constexpr int count = 100;
  std::vector<Edit> all;
  for (int i = 0; i < count; ++i) all.push_back(edit_of(model, i));
  // Some facts are edited twice: what replaced is taken back as well as what was replaced.
  for (int i = 0; i < 10; ++i) all[static_cast<std::size_t>(50 + i)].request = all[static_cast<std::size_t>(i)].request;

  for (std::uint64_t trial = 0; trial < 3; ++trial) {
    Store store = *Store::open(folder.path() / (std::to_string(trial) + ".db"), Store::Access::write);
    ASSERT_TRUE(store.add(all));
    std::vector<std::int64_t> ids(count);
    std::iota(ids.begin(), ids.end(), 1);
    Random random(trial, 0);
    for (std::size_t i = ids.size() - 1; i > 0; --i)
      std::swap(ids[i], ids[random.below(static_cast<std::uint32_t>(i + 1))]);
    const std::set<std::int64_t> undone(ids.begin(), ids.begin() + count / 2);
    const std::vector<float> with_all = logits(model, store);
    for (std::size_t i = 0; i < count / 2; i += 10) ASSERT_TRUE(store.remove(std::span(ids).subspan(i, 10)));

    Store never = *Store::open(folder.path() / (std::to_string(trial) + "-never.db"), Store::Access::write);
    std::vector<Edit> others;
    for (int i = 0; i < count; ++i) {
      if (!undone.contains(i + 1)) others.push_back(all[static_cast<std::size_t>(i)]);
    }
    ASSERT_TRUE(never.add(others));
    const std::vector<float> after = logits(model, store);
    EXPECT_EQ(after, logits(model, never));
    EXPECT_NE(after, with_all);  // the edits do change what the model computes
  }
}

}  // namespace
}  // namespace mobiedit

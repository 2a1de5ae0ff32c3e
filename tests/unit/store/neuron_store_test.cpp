// Neurons in a store: records, dumps, and changes of facts that one neuron serves.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "mobiedit/store/change.h"
#include "mobiedit/store/errors.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

using Ids = std::vector<std::int64_t>;

Neuron sample_neuron(std::uint64_t seed, int layer = 1) {
  return {layer, random_values(sample_d, seed), random_values(sample_d, seed + 100),
          random_values(sample_d, seed + 200)};
}

/// A fact of the subject, found together with others.
Edit neuron_edit(const std::string& subject, const std::string& target, std::uint64_t seed,
                 std::vector<ServedFact> with = {}) {
  Edit edit = sample_edit(0);
  edit.request.subject = subject;
  edit.request.prompt = "{} likes " + target + " and";
  edit.request.target_new = target;
  edit.update = sample_neuron(seed);
  edit.found_with = std::move(with);
  return edit;
}

ServedFact served(const std::string& target) {
  return {"{} likes " + target + " and", target};
}

class NeuronStoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "edits.db"; }
  [[nodiscard]] Store open(const char* name = "edits.db") const {
    auto store = Store::open(folder_.path() / name, Store::Access::write, "a test");
    if (!store) throw std::runtime_error(store.error().message());
    return std::move(*store);
  }
  /// Three facts of Ann, each found together with those before, and one of Bob.
  static std::vector<Edit> four() {
    return {neuron_edit("Ann", "tea", 1), neuron_edit("Bob", "tea", 2), neuron_edit("Ann", "rye", 3, {served("tea")}),
            neuron_edit("Ann", "jam", 4, {served("tea"), served("rye")})};
  }
  static std::string dump(const Store& store) {
    std::string text;
    EXPECT_TRUE(store.dump([&](std::string_view line) -> Status {
      text += line;
      return {};
    }));
    return text;
  }
  TemporaryFolder folder_;
};

TEST_F(NeuronStoreTest, ANeuronComesBackToTheLastBit) {
  Edit edit = neuron_edit("Ann", "jam", 4, {served("tea"), served("rye")});
  edit.found_again = {{sample_neuron(5), {served("rye")}}, {sample_neuron(6), {}}};
  const std::vector<Edit> edits{edit, sample_edit(1)};
  ASSERT_TRUE(open().add(edits));
  const auto store = Store::open(path(), Store::Access::read);
  ASSERT_TRUE(store);
  EXPECT_EQ(*store->get(1), kept_as(1, edit));
  const auto in_force = store->in_force("base");
  ASSERT_TRUE(in_force) << in_force.error().message();
  EXPECT_EQ(*in_force, (std::vector<Edit>{kept_as(1, edit), kept_as(2, sample_edit(1))}));
  const auto list = store->list();
  EXPECT_EQ((*list)[0].kind, "neuron");
  EXPECT_EQ((*list)[0].layer, 1);
  EXPECT_EQ((*list)[1].kind, "rank-one");
  EXPECT_TRUE(store->check()->empty());
}

TEST_F(NeuronStoreTest, RefusesWhatIsNoNeuron) {
  Store store = open();
  Edit shorter = neuron_edit("Ann", "tea", 1), infinite = shorter, elsewhere = shorter, rank_one = sample_edit(1);
  std::get<Neuron>(shorter.update).up.pop_back();
  std::get<Neuron>(infinite.update).down[3] = std::numeric_limits<float>::infinity();
  elsewhere.found_again = {{sample_neuron(2, 0), {}}};
  rank_one.found_with = {served("tea")};
  for (const Edit& bad : {shorter, infinite, elsewhere, rank_one})
    EXPECT_EQ(store.add({&bad, 1}).error().code, ErrorCode::usage);
  EXPECT_TRUE(store.list()->empty());
}

TEST_F(NeuronStoreTest, ADumpHoldsEverything) {
  Store store = open();
  std::vector<Edit> edits = four();
  edits[3].found_again = {{sample_neuron(7), {served("rye")}}};
  edits.push_back(sample_edit(1));
  ASSERT_TRUE(store.add(edits));
  const std::string text = dump(store);
  Store other = open("other.db");
  const auto loaded = other.load(text, "dump");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->added, 5u);
  EXPECT_EQ(*other.get(4), kept_as(4, edits[3]));
  EXPECT_EQ(dump(other), text);
  EXPECT_EQ(other.load(text, "dump")->known, 5u);
}

TEST_F(NeuronStoreTest, AChangedDumpIsRefused) {
  Store store = open();
  Edit edit = neuron_edit("Ann", "jam", 4, {served("tea")});
  edit.found_again = {{sample_neuron(7), {}}};
  ASSERT_TRUE(store.add({&edit, 1}));
  const auto line = nlohmann::json::parse(dump(store));
  const auto refused = [&](const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json changed = line;
    change(changed);
    Store other = open("other.db");
    const auto loaded = other.load(changed.dump(), "dump");
    return !loaded && loaded.error().code == ErrorCode::usage && other.list()->empty();
  };
  EXPECT_FALSE(refused([](auto&) {}));
  std::filesystem::remove(folder_.path() / "other.db");
  EXPECT_TRUE(refused([](auto& json) { json["kind"] = "rank-one"; }));
  EXPECT_TRUE(refused([](auto& json) { json["layer"] = 2; }));
  EXPECT_TRUE(refused([](auto& json) { json["found_with"][0]["target_new"] = "ale"; }));
  EXPECT_TRUE(refused([](auto& json) { json["found_again"][0]["down"] = json["up"]; }));
  EXPECT_TRUE(refused([](auto& json) { json["found_again"][0]["found_with"] = json["found_with"]; }));
  EXPECT_TRUE(refused([](auto& json) { json.erase("gate"); }));
}

TEST_F(NeuronStoreTest, DamageIsFound) {
  {
    Store store = open();
    Edit edit = neuron_edit("Ann", "jam", 4);
    edit.found_again = {{sample_neuron(7), {served("tea")}}};
    const std::vector<Edit> edits{edit, neuron_edit("Bob", "tea", 5)};
    ASSERT_TRUE(store.add(edits));
  }
  const auto damage = [&](const Neuron& neuron) {
    std::string bytes = contents(path());
    const std::string_view down(reinterpret_cast<const char*>(neuron.down.data()), 40);
    const auto at = bytes.find(down);
    ASSERT_NE(at, std::string::npos);
    bytes[at] ^= 1;
    std::ofstream(path(), std::ios::binary) << bytes;
  };
  damage(sample_neuron(7));
  EXPECT_EQ(open().check()->size(), 1u);
  EXPECT_EQ(open().get(1).error().code, ErrorCode::bad_model);
  damage(sample_neuron(5));
  EXPECT_EQ(open().check()->size(), 2u);
}

TEST_F(NeuronStoreTest, RemovingTakesTheNeuronsToo) {
  Store store = open();
  Edit edit = neuron_edit("Ann", "jam", 4);
  edit.found_again = {{sample_neuron(7), {served("tea")}}};
  ASSERT_TRUE(store.add({&edit, 1}));
  ASSERT_TRUE(store.remove(Ids{1}));
  EXPECT_TRUE(store.check()->empty());
  const Neuron own = sample_neuron(4);
  const std::string_view gate(reinterpret_cast<const char*>(own.gate.data()), 40);
  EXPECT_EQ(contents(path()).find(gate), std::string::npos);
}

TEST_F(NeuronStoreTest, UndoOfTheNewestFactIsExact) {
  Store store = open();
  ASSERT_TRUE(store.add(four()));
  EXPECT_TRUE(unserved_after(store, Ids{4}, EditChange::undo)->empty());
  ASSERT_TRUE(change_edits(store, Ids{4}, EditChange::undo));
  EXPECT_EQ(*in_force_after(store, "base", Ids{3}, EditChange::disable), (Ids{1, 2}));
}

TEST_F(NeuronStoreTest, UndoOfAnOlderFactNeedsANeuronForTheOthers) {
  Store store = open();
  ASSERT_TRUE(store.add(four()));
  const auto unserved = unserved_after(store, Ids{1}, EditChange::undo);
  ASSERT_TRUE(unserved);
  ASSERT_EQ(unserved->size(), 1u);
  EXPECT_EQ((*unserved)[0].facts, (std::vector<Edit>{*store.get(3), *store.get(4)}));
  for (const EditChange change : {EditChange::undo, EditChange::disable}) {
    const auto refused = change_edits(store, Ids{1}, change);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, store_errors::unserved.name) << refused.error().message();
  }
  // A neuron for other facts, or of another edit, does not do.
  const FoundAgain wrong{4, {sample_neuron(8), {served("tea")}}}, stray{3, {sample_neuron(8), {served("jam")}}};
  EXPECT_FALSE(change_edits(store, Ids{1}, EditChange::disable, {&wrong, 1}));
  EXPECT_FALSE(change_edits(store, Ids{1}, EditChange::disable, {&stray, 1}));
  EXPECT_EQ(store.in_force("base")->size(), 4u);

  const FoundAgain right{4, {sample_neuron(8), {served("rye")}}};
  ASSERT_TRUE(change_edits(store, Ids{1}, EditChange::disable, {&right, 1}));
  EXPECT_EQ(store.get(4)->found_again, (std::vector<SharedNeuron>{right.neuron}));
  EXPECT_EQ(store.in_force("base")->size(), 3u);
  // Both are kept: back and forth needs no search.
  EXPECT_TRUE(change_edits(store, Ids{1}, EditChange::enable));
  EXPECT_TRUE(change_edits(store, Ids{1}, EditChange::undo));
}

TEST_F(NeuronStoreTest, ANeuronIsOnlyAddedToAnEditWithOne) {
  Store store = open();
  const std::vector<Edit> edits{sample_edit(1), neuron_edit("Ann", "tea", 1)};
  ASSERT_TRUE(store.add(edits));
  for (const FoundAgain& wrong : {FoundAgain{1, {sample_neuron(2), {}}}, FoundAgain{2, {sample_neuron(2, 0), {}}},
                                  FoundAgain{9, {sample_neuron(2), {}}}}) {
    EXPECT_EQ(store.set_enabled(Ids{1}, false, {&wrong, 1}).error().code, ErrorCode::usage);
    EXPECT_EQ(store.remove(Ids{1}, {&wrong, 1}).error().code, ErrorCode::usage);
  }
  EXPECT_EQ(store.in_force("base")->size(), 2u);
}

}  // namespace
}  // namespace mobiedit

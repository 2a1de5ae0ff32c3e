// Benchmark of a large store: fills one with N edits of a base and times the usual operations.
//
//   bench_store FILE.db BASE_FINGERPRINT ARCHITECTURE N [D F [LAYER [neuron]]]       FILE.db must not be there yet
//
// With the layer that a model is edited in, `mobiedit edit --store FILE.db` then has so many to keep off. `neuron`: the
// updates are neurons, not of rank one.
#include "mobiedit/store/store.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/random.h"
#include "mobiedit/store/adapter.h"
#include "workspace/edit_list.h"

namespace {

using namespace mobiedit;

template <class Work>
auto timed(const char* name, const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  auto result = work();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", name, result.error().message().c_str());
    std::exit(1);
  }
  std::printf("%-40s %7.3f s\n", name, seconds);
  return result;
}

// Two words that end in different ways, as names do: the model's keys of numbered subjects would all be alike.
std::string name(int i) {
  constexpr const char* syllables[] = {"ba", "den", "fo", "gri", "hal", "ko", "lin", "mar",
                                       "no", "pel", "ra", "sti", "tor", "ul", "ven", "zi"};
  std::string text = "Ar";
  Random random(static_cast<std::uint64_t>(i) + 1'000'000);
  for (int n = 0; n < 5; ++n) text += (n == 2 ? " S" : "") + std::string(syllables[random.below(std::size(syllables))]);
  return text;
}

// An edit that changes its weight too little to change an answer.
Edit made_up(int i, const BaseModel& base, std::size_t d, std::size_t f, int layer, bool neuron) {
  Edit stored;
  stored.origin.base = base;
  stored.request = {std::to_string(i) + " " + name(i), "{} speaks", "Greek", {"What does he speak?"}, {"He eats"}};
  Random random(static_cast<std::uint64_t>(i));
  const auto numbers = [&](std::size_t count, float size) {
    std::vector<float> values(count);
    random.fill_normal(values);
    for (float& x : values) x *= size;
    return values;
  };
  if (neuron) {
    stored.update = Neuron{layer, numbers(d, 1e-3f), numbers(d, 1e-3f), numbers(d, 1e-3f)};
  } else {
    stored.update = RankOneUpdate{layer, numbers(d, 1e-6f), numbers(f, 1)};
  }
  stored.origin.method = "subspace";
  stored.origin.made_at = 1'700'000'000 + i;
  return stored;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5 && (count < 7 || count > 9)) {
    std::fputs("bench_store FILE.db BASE_FINGERPRINT ARCHITECTURE N [D F [LAYER [neuron]]]\n", stderr);
    return 2;
  }
  const std::filesystem::path path = arguments[1];
  const BaseModel base{arguments[2], arguments[3], "made up"};
  const int edits = std::atoi(arguments[4]);
  const auto d = static_cast<std::size_t>(count >= 7 ? std::atoi(arguments[5]) : 512);
  const auto f = static_cast<std::size_t>(count >= 7 ? std::atoi(arguments[6]) : 1536);
  const int layer = count >= 8 ? std::atoi(arguments[7]) : 3;
  const bool neuron = count == 9;
  {
    auto store = timed("open a new store", [&] { return Store::open(path, Store::Access::write); });
    std::vector<Edit> all;
    for (int i = 0; i < edits; ++i) all.push_back(made_up(i, base, d, f, layer, neuron));
    timed("add all of them", [&] { return store->add(all); });
    timed("add one more", [&] { return store->add({&all[0], 1}); });
  }
  auto store = timed("open it", [&] { return Store::open(path, Store::Access::write); });
  timed("list", [&] { return store->list(); });
  const std::vector<std::int64_t> one{edits / 2};
  timed("undo one", [&] { return store->remove(one); });
  const auto in_force = timed("read all in force", [&] { return store->in_force(base.fingerprint); });
  timed("choose those of each subject", [&] { return changes_of(list_of(*in_force)); });
  if (neuron) return 0;
  std::vector<RankOneUpdate> updates;
  for (const Edit& stored : *in_force) updates.push_back(std::get<RankOneUpdate>(stored.update));
  const auto adapter = path.parent_path() / (path.filename().string() + ".adapter.gguf");
  timed("write them as an adapter", [&] { return write_adapter(adapter, base.architecture, "", updates, {}); });
  std::filesystem::remove(adapter);
}

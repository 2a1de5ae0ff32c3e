// Store: after any sequence of operations it holds the edits that a plain list of them would hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unit/properties.h"
#include "unit/store/sample_edit.h"
#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

const bool cases_chosen = test::try_cases(12);  // every change of a store is synced to the disk

/// An edit as the plain list has it. Edits of one fact replace each other.
struct Listed {
  std::int64_t id;
  int fact;
  bool enabled;

  bool operator==(const Listed&) const = default;
};

struct Operation {
  int kind, choice;
};

std::vector<Operation> any_operations() {
  std::vector<Operation> operations;
  for (const auto& [kind, choice] :
       *rc::gen::resize(10, rc::gen::container<std::vector<std::pair<int, int>>>(
                                rc::gen::pair(rc::gen::inRange(0, 6), rc::gen::inRange(0, 4)))))
    operations.push_back({kind, choice});
  return operations;
}

std::string dumped(const Store& store) {
  std::string text;
  const auto done = store.dump([&](std::string_view line) -> Status {
    text += line;
    return {};
  });
  if (!done) RC_FAIL(done.error().message());
  return text;
}

void compare(const Store& store, const std::vector<Listed>& listed) {
  const auto held = store.list();
  if (!held) RC_FAIL(held.error().message());
  RC_ASSERT(held->size() == listed.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    RC_ASSERT((*held)[i].id == listed[i].id);
    RC_ASSERT((*held)[i].enabled == listed[i].enabled);
    RC_ASSERT((*held)[i].subject == "Subject " + std::to_string(listed[i].fact));
  }
  std::vector<std::int64_t> newest;
  for (const Listed& edit : listed) {
    const bool replaced = std::ranges::any_of(
        listed, [&](const Listed& other) { return other.id > edit.id && other.fact == edit.fact && other.enabled; });
    if (edit.enabled && !replaced) newest.push_back(edit.id);
  }
  const auto in_force = store.in_force("base");
  if (!in_force) RC_FAIL(in_force.error().message());
  RC_ASSERT(in_force->size() == newest.size());
  for (std::size_t i = 0; i < newest.size(); ++i) RC_ASSERT((*in_force)[i].id == newest[i]);
}

RC_GTEST_PROP(StoreProperties, AnyOperationsLeaveWhatAPlainListWould, ()) {
  const TemporaryFolder folder;
  std::optional<Store> store;
  const auto open = [&](const std::string& name) {
    store.reset();
    auto opened = Store::open(folder / name, Store::Access::write, "a test");
    if (!opened) RC_FAIL(opened.error().message());
    store = std::move(*opened);
  };
  int files = 0;
  open("0.db");
  std::vector<Listed> listed;
  for (const auto& [kind, choice] : any_operations()) {
    const bool empty = listed.empty();
    const std::size_t at = empty ? 0 : static_cast<std::size_t>(choice) % listed.size();
    if (kind <= 1) {
      const Edit edit = sample_edit(choice);
      const auto ids = store->add({&edit, 1});
      if (!ids) RC_FAIL(ids.error().message());
      RC_ASSERT((empty || ids->front() > listed.back().id));
      listed.push_back({ids->front(), choice, true});
    } else if (kind == 2 && !empty) {
      RC_ASSERT(store->remove({&listed[at].id, 1}).has_value());
      listed.erase(listed.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (kind == 3 && !empty) {
      listed[at].enabled = !listed[at].enabled;
      RC_ASSERT(store->set_enabled({&listed[at].id, 1}, listed[at].enabled).has_value());
    } else if (kind == 4) {
      open(std::to_string(files) + ".db");
    } else if (kind == 5) {
      // A dump into an empty store gives the store again.
      const std::string text = dumped(*store);
      open(std::to_string(++files) + ".db");
      const auto loaded = store->load(text, "dump");
      if (!loaded) RC_FAIL(loaded.error().message());
      RC_ASSERT(loaded->added == listed.size());
      RC_ASSERT(dumped(*store) == text);
    }
    compare(*store, listed);
  }
  const auto faults = store->check();
  RC_ASSERT((faults && faults->empty()));
}

}  // namespace
}  // namespace mobiedit

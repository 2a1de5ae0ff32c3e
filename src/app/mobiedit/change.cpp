// mobiedit undo, enable, disable: change which edits are in force.
#include "mobiedit/store/change.h"

#include "app/common/verb.h"
#include "app/mobiedit/edit_list.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"

namespace mobiedit::cli {
namespace {

enum class Change { undo, enable, disable };

struct ChangeVerb {
  StoreOptions store;
  std::vector<std::int64_t> ids;
  bool json = false;
};

const char* past(Change change) {
  switch (change) {
    case Change::undo:
      return "undone";
    case Change::enable:
      return "enabled";
    case Change::disable:
      break;
  }
  return "disabled";
}

Result<int> change_edits(const ChangeVerb& verb, Change change) {
  MOBIEDIT_TRY(auto store, open_store_to_write(verb.store, change == Change::undo     ? "mobiedit undo"
                                                           : change == Change::enable ? "mobiedit enable"
                                                                                      : "mobiedit disable"));
  const auto done =
      change == Change::undo ? undo_edits(store, verb.ids) : enable_edits(store, verb.ids, change == Change::enable);
  if (!done) return std::unexpected(done.error());
  if (verb.json) {
    auto ids = Json::array();
    for (const EditInfo& edit : done->changed) ids.push_back(edit.id);
    auto others = Json::array();
    for (const EditInfo& edit : done->others) others.push_back(summary_json(edit));
    return finished(print_json({{"schema", fmt::format("mobiedit.{}/1", past(change))},
                                {"store", store.path().string()},
                                {past(change), std::move(ids)},
                                {"others", std::move(others)}}));
  }
  std::string text;
  for (const EditInfo& edit : done->changed)
    text += fmt::format("edit {} {}: {}\n", edit.id, past(change), fact_text(edit));
  for (const EditInfo& edit : done->others)
    text += fmt::format("edit {} is now {}: {}\n", edit.id, state_text(edit), fact_text(edit));
  return finished(print_result(text));
}

void add_change(CLI::App& app, Run& run, const char* name, const char* description, Change change) {
  const auto [verb, options] = add_verb<ChangeVerb>(
      app, run, name, description, [change](const ChangeVerb& changed) { return change_edits(changed, change); });
  add_store_option(*verb, options->store);
  verb->add_option("ID", options->ids, "As `mobiedit list` shows them")->required();
  verb->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace

void add_undo(CLI::App& app, Run& run) {
  add_change(app, run, "undo", "Remove edits for good, as if they had never been made", Change::undo);
}
void add_enable(CLI::App& app, Run& run) {
  add_change(app, run, "enable", "Bring disabled edits back into force", Change::enable);
}
void add_disable(CLI::App& app, Run& run) {
  add_change(app, run, "disable", "Keep edits, but out of force", Change::disable);
}

}  // namespace mobiedit::cli

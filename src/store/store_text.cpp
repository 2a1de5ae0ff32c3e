// A store as text: dump and load, and the check of all records.
#include <new>
#include <utility>

#include "base/try.h"
#include "mobiedit/store/errors.h"
#include "mobiedit/store/store.h"
#include "store/dump_line.h"
#include "store/record.h"
#include "store/store_state.h"

namespace mobiedit {

Status Store::dump(const std::function<Status(std::string_view line)>& sink) const try {
  MOBIEDIT_TRY(auto rows, state_->select("1"));
  MOBIEDIT_TRY(auto neurons, NeuronRows::prepare(state_->database));
  while (true) {
    MOBIEDIT_TRY(const auto more, rows.step());
    if (!more) return {};
    MOBIEDIT_TRY(const auto edit, state_->row(rows, neurons));
    MOBIEDIT_CHECK(sink(to_line(edit) + "\n"));
  }
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the store", state_->path.string());
}

Result<Store::Loaded> Store::load(std::string_view lines, const std::string& where) try {
  MOBIEDIT_CHECK(state_->writable());
  MOBIEDIT_TRY(auto transaction, Transaction::begin(state_->database));
  MOBIEDIT_TRY(const auto present, state_->database.number("SELECT coalesce(max(id), 0) FROM edits"));
  MOBIEDIT_TRY(auto known, state_->database.prepare("SELECT 1 FROM edits WHERE checksum = ? AND id <= ?"));

  Loaded loaded;
  std::int64_t last_id = 0;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const auto end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string place = where + ":" + std::to_string(number);
    const auto edit = from_line(line);
    if (!edit) {
      Error error = edit.error();
      error.where = place;
      return std::unexpected(error);
    }
    // A higher id means a newer edit.
    if (edit->id <= last_id) return fail(store_errors::order, "its id is not above the one before", place);
    last_id = edit->id;
    known.reset();
    known.bind(0, checksum(*edit));
    known.bind(1, present);
    MOBIEDIT_TRY(const auto found, known.step());
    if (found) {
      ++loaded.known;
      continue;
    }
    MOBIEDIT_CHECK(state_->insert(*edit, present == 0 ? edit->id : 0));
    ++loaded.added;
  }
  known.reset();
  MOBIEDIT_CHECK(transaction.commit());
  return loaded;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the store", state_->path.string());
}

Result<std::vector<std::string>> Store::check() const try {
  std::vector<std::string> wrong;
  MOBIEDIT_TRY(auto pages, state_->database.prepare("PRAGMA integrity_check(20)"));
  while (true) {
    MOBIEDIT_TRY(const auto more, pages.step());
    if (!more) break;
    if (const std::string text = pages.text(0); text != "ok") wrong.push_back(text);
  }
  MOBIEDIT_TRY(auto rows, state_->select("1"));
  MOBIEDIT_TRY(auto neurons, NeuronRows::prepare(state_->database));
  while (true) {
    MOBIEDIT_TRY(const auto more, rows.step());
    if (!more) break;
    if (const auto edit = state_->row(rows, neurons); !edit) wrong.push_back(edit.error().what);
  }
  for (const char* table : {"vectors", "neurons"}) {
    MOBIEDIT_TRY(const auto orphans, state_->database.number(std::string("SELECT count(*) FROM ") + table +
                                                             " WHERE edit NOT IN (SELECT id FROM edits)"));
    if (orphans > 0) wrong.push_back(std::to_string(orphans) + " " + table + " belong to no edit");
  }
  return wrong;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the store", state_->path.string());
}

}  // namespace mobiedit

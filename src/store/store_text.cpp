// A store as text: dump and load, and the check of all records.
#include <new>
#include <utility>

#include "mobiedit/store/store.h"
#include "store/dump_line.h"
#include "store/record.h"
#include "store/store_state.h"

namespace mobiedit {

Status Store::dump(const std::function<Status(std::string_view line)>& sink) const try {
  auto rows = state_->select("1");
  if (!rows) return std::unexpected(rows.error());
  auto neurons = NeuronRows::prepare(state_->database);
  if (!neurons) return std::unexpected(neurons.error());
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    const auto edit = state_->row(*rows, *neurons);
    if (!edit) return std::unexpected(edit.error());
    if (auto taken = sink(to_line(*edit) + "\n"); !taken) return taken;
  }
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the store", state_->path.string());
}

Result<Store::Loaded> Store::load(std::string_view lines, const std::string& where) try {
  if (auto sound = state_->writable(); !sound) return std::unexpected(sound.error());
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  const auto present = state_->database.number("SELECT coalesce(max(id), 0) FROM edits");
  if (!present) return std::unexpected(present.error());
  auto known = state_->database.prepare("SELECT 1 FROM edits WHERE checksum = ? AND id <= ?");
  if (!known) return std::unexpected(known.error());

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
    if (edit->id <= last_id) return fail(ErrorCode::usage, "its id is not above the one before", place);
    last_id = edit->id;
    known->reset();
    known->bind(0, checksum(*edit));
    known->bind(1, *present);
    const auto found = known->step();
    if (!found) return std::unexpected(found.error());
    if (*found) {
      ++loaded.known;
      continue;
    }
    const auto id = state_->insert(*edit, *present == 0 ? edit->id : 0);
    if (!id) return std::unexpected(id.error());
    ++loaded.added;
  }
  known->reset();
  if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  return loaded;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the store", state_->path.string());
}

Result<std::vector<std::string>> Store::check() const try {
  std::vector<std::string> wrong;
  auto pages = state_->database.prepare("PRAGMA integrity_check(20)");
  if (!pages) return std::unexpected(pages.error());
  while (true) {
    const auto more = pages->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (const std::string text = pages->text(0); text != "ok") wrong.push_back(text);
  }
  auto rows = state_->select("1");
  if (!rows) return std::unexpected(rows.error());
  auto neurons = NeuronRows::prepare(state_->database);
  if (!neurons) return std::unexpected(neurons.error());
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (const auto edit = state_->row(*rows, *neurons); !edit) wrong.push_back(edit.error().what);
  }
  for (const char* table : {"vectors", "neurons"}) {
    const auto orphans = state_->database.number(std::string("SELECT count(*) FROM ") + table +
                                                 " WHERE edit NOT IN (SELECT id FROM edits)");
    if (!orphans) return std::unexpected(orphans.error());
    if (*orphans > 0) wrong.push_back(std::to_string(*orphans) + " " + table + " belong to no edit");
  }
  return wrong;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the store", state_->path.string());
}

}  // namespace mobiedit

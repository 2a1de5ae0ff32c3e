#include "mobiedit/store/store.h"

#include <cstring>
#include <new>
#include <utility>

#include "store/record.h"
#include "store/record_json.h"
#include "store/schema.h"
#include "store/store_state.h"

namespace mobiedit {
namespace {

constexpr const char* no_memory = "not enough memory for the store";

std::vector<float> floats_of(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

const std::filesystem::path& Store::path() const {
  return state_->path;
}

Result<Store> Store::open(const std::filesystem::path& path, Access access, std::string_view program) try {
  std::optional<io::FileLock> lock;
  const auto take_lock = [&]() -> Status {
    auto taken = io::FileLock::acquire(path, program);
    if (!taken) return std::unexpected(taken.error());
    lock.emplace(std::move(*taken));
    return {};
  };
  if (access == Access::write) {
    if (auto taken = take_lock(); !taken) return std::unexpected(taken.error());
  }
  auto database = Database::open(path, access == Access::write);
  if (!database) return std::unexpected(database.error());
  const auto version = store_version(*database, path.string());
  if (!version) return std::unexpected(version.error());
  if (*version < newest_store_version()) {
    if (!lock) {
      if (auto taken = take_lock(); !taken) return std::unexpected(taken.error());
    }
    if (auto done = upgrade_store(*database, *version); !done) return std::unexpected(done.error());
    if (access == Access::read) lock.reset();
  }
  return Store(std::make_unique<State>(State{path, std::move(lock), std::move(*database)}));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, path.string());
}

Status Store::State::writable() const {
  if (lock) return {};
  return fail(ErrorCode::usage, "was opened to be read only", path.string());
}

Result<std::int64_t> Store::State::insert(const StoredEdit& given, std::int64_t id) const {
  StoredEdit stored = given;
  make_evidence_utf8(stored.edit.evidence);
  if (auto sound = check_record(stored); !sound) return std::unexpected(sound.error());
  const auto& [request, update, evidence] = stored.edit;
  auto edit = database.prepare(
      "INSERT INTO edits (id, base, architecture, name, subject, prompt, target_new, fact, paraphrases, keep, method, "
      "seed, block, made_at, enabled, evidence, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!edit) return std::unexpected(edit.error());
  if (id > 0) edit->bind(0, id);  // NULL: the next free id
  int column = 1;
  for (const std::string& text : {stored.base.fingerprint, stored.base.architecture, stored.base.name, request.subject,
                                  request.prompt, request.target_new})
    edit->bind(column++, text);
  edit->bind(column++, fact_key(request));
  edit->bind(column++, to_json_list(request.paraphrases));
  edit->bind(column++, to_json_list(request.keep));
  edit->bind(column++, stored.method);
  edit->bind(column++, static_cast<std::int64_t>(stored.seed));
  edit->bind(column++, update.block);
  edit->bind(column++, stored.made_at);
  edit->bind(column++, stored.enabled ? 1 : 0);
  edit->bind(column++, to_json(evidence).dump());
  edit->bind(column++, checksum(stored));
  if (auto done = edit->run(); !done) return std::unexpected(done.error());

  const std::int64_t given_id = database.last_id();
  auto vectors = database.prepare("INSERT INTO vectors (edit, left_vector, right_vector) VALUES (?, ?, ?)");
  if (!vectors) return std::unexpected(vectors.error());
  vectors->bind(0, given_id);
  vectors->bind(1, std::as_bytes(std::span(update.left)));
  vectors->bind(2, std::as_bytes(std::span(update.right)));
  if (auto done = vectors->run(); !done) return std::unexpected(done.error());
  return given_id;
}

Result<std::vector<std::int64_t>> Store::add(std::span<const StoredEdit> edits) try {
  if (auto sound = state_->writable(); !sound) return std::unexpected(sound.error());
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  std::vector<std::int64_t> ids;
  for (const StoredEdit& edit : edits) {
    const auto id = state_->insert(edit, 0);
    if (!id) return std::unexpected(id.error());
    ids.push_back(*id);
  }
  if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  return ids;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Result<std::vector<EditSummary>> Store::list(const std::optional<std::string>& base) const try {
  auto rows = state_->database.prepare(
      std::string("SELECT e.id, e.base, e.architecture, e.name, e.subject, e.prompt, e.target_new, e.block, e.made_at, "
                  "e.enabled, (SELECT max(n.id) FROM edits n WHERE n.base = e.base AND n.fact = e.fact AND n.enabled = "
                  "1 AND n.id > e.id) FROM edits e ") +
      (base ? "WHERE e.base = ? " : "") + "ORDER BY e.id");
  if (!rows) return std::unexpected(rows.error());
  if (base) rows->bind(0, *base);
  std::vector<EditSummary> list;
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return list;
    EditSummary summary{rows->integer(0), {rows->text(1), rows->text(2), rows->text(3)},
                        rows->text(4),    rows->text(5),
                        rows->text(6),    static_cast<int>(rows->integer(7)),
                        rows->integer(8), rows->integer(9) != 0,
                        std::nullopt};
    if (!rows->is_null(10)) summary.replaced_by = rows->integer(10);
    list.push_back(std::move(summary));
  }
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Result<Statement> Store::State::select(const std::string& condition) const {
  return database.prepare(
      "SELECT e.id, e.base, e.architecture, e.name, e.subject, e.prompt, e.target_new, e.paraphrases, e.keep, "
      "e.method, e.seed, e.block, e.made_at, e.enabled, e.evidence, e.checksum, v.left_vector, v.right_vector "
      "FROM edits e LEFT JOIN vectors v ON v.edit = e.id WHERE " +
      condition + " ORDER BY e.id");
}

Result<StoredEdit> Store::State::row(const Statement& row) const {
  StoredEdit stored;
  stored.id = row.integer(0);
  const auto damaged = [&](const char* what) {
    return fail(ErrorCode::bad_model, "edit " + std::to_string(stored.id) + " is damaged: " + what, path.string(),
                "undo it, or load a dump into a new store");
  };
  auto& [request, update, evidence] = stored.edit;
  stored.base = {row.text(1), row.text(2), row.text(3)};
  auto paraphrases = texts_from(nlohmann::json::parse(row.text(7), nullptr, false));
  auto keep = texts_from(nlohmann::json::parse(row.text(8), nullptr, false));
  auto measured = evidence_from(nlohmann::json::parse(row.text(14), nullptr, false));
  if (!paraphrases || !keep || !measured) return damaged("its evidence makes no sense");
  request = {row.text(4), row.text(5), row.text(6), std::move(*paraphrases), std::move(*keep)};
  evidence = std::move(*measured);
  stored.method = row.text(9);
  stored.seed = static_cast<std::uint64_t>(row.integer(10));
  update.block = static_cast<int>(row.integer(11));
  stored.made_at = row.integer(12);
  stored.enabled = row.integer(13) != 0;
  update.left = floats_of(row.blob(16));
  update.right = floats_of(row.blob(17));
  if (auto sound = check_record(stored); !sound) return damaged(sound.error().what.c_str());
  if (row.text(15) != checksum(stored, row.text(14))) return damaged("it does not agree with its checksum");
  return stored;
}

Result<StoredEdit> Store::get(std::int64_t id) const try {
  auto rows = state_->select("e.id = ?");
  if (!rows) return std::unexpected(rows.error());
  rows->bind(0, id);
  const auto found = rows->step();
  if (!found) return std::unexpected(found.error());
  if (!*found) return fail(ErrorCode::usage, "there is no edit " + std::to_string(id), state_->path.string());
  return state_->row(*rows);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Result<std::vector<StoredEdit>> Store::in_force(const std::string& base) const try {
  auto rows = state_->select(std::string("e.base = ? AND ") + in_force_condition);
  if (!rows) return std::unexpected(rows.error());
  rows->bind(0, base);
  std::vector<StoredEdit> edits;
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return edits;
    auto edit = state_->row(*rows);
    if (!edit) return std::unexpected(edit.error());
    edits.push_back(std::move(*edit));
  }
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Status Store::remove(std::span<const std::int64_t> ids) {
  if (auto sound = state_->writable(); !sound) return sound;
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  auto vectors = state_->database.prepare("DELETE FROM vectors WHERE edit = ?");
  if (!vectors) return std::unexpected(vectors.error());
  auto edits = state_->database.prepare("DELETE FROM edits WHERE id = ?");
  if (!edits) return std::unexpected(edits.error());
  for (const std::int64_t id : ids) {
    for (Statement* statement : {&*vectors, &*edits}) {
      statement->reset();
      statement->bind(0, id);
      if (auto done = statement->run(); !done) return done;
    }
    if (state_->database.changes() == 0)
      return fail(ErrorCode::usage, "there is no edit " + std::to_string(id) + "; nothing was changed",
                  state_->path.string());
  }
  return transaction->commit();
}

Status Store::set_enabled(std::span<const std::int64_t> ids, bool enabled) {
  if (auto sound = state_->writable(); !sound) return sound;
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  auto statement = state_->database.prepare("UPDATE edits SET enabled = ? WHERE id = ?");
  if (!statement) return std::unexpected(statement.error());
  for (const std::int64_t id : ids) {
    statement->reset();
    statement->bind(0, enabled ? 1 : 0);
    statement->bind(1, id);
    if (auto done = statement->run(); !done) return done;
    if (state_->database.changes() == 0)
      return fail(ErrorCode::usage, "there is no edit " + std::to_string(id) + "; nothing was changed",
                  state_->path.string());
  }
  return transaction->commit();
}

}  // namespace mobiedit

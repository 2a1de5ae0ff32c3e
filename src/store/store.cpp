#include "mobiedit/store/store.h"

#include <chrono>
#include <iterator>
#include <new>
#include <thread>
#include <utility>
#include <variant>

#include "edit/fact_key.h"
#include "mobiedit/store/errors.h"
#include "store/neuron_rows.h"
#include "store/record.h"
#include "store/record_json.h"
#include "store/schema.h"
#include "store/store_state.h"

namespace mobiedit {
namespace {

constexpr int most_waits = 100;  // waits of 20 ms each
constexpr const char* no_memory = "not enough memory for the store";

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
  auto version = store_version(*database, path.string());
  if (!version) return std::unexpected(version.error());
  // A writer that holds the lock brings the store up to date before anything else: a reader waits for that.
  for (int waits = 0; *version < newest_store_version() && !lock; ++waits) {
    const auto taken = take_lock();
    if (taken) break;
    if (taken.error().code != ErrorCode::locked || waits == most_waits) return std::unexpected(taken.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    version = store_version(*database, path.string());
    if (!version) return std::unexpected(version.error());
  }
  if (*version < newest_store_version()) {
    // Another reader may have been first.
    version = store_version(*database, path.string());
    if (!version) return std::unexpected(version.error());
    if (auto done = upgrade_store(*database, *version); !done) return std::unexpected(done.error());
  }
  if (access == Access::read) lock.reset();
  return Store(std::make_unique<State>(State{path, std::move(lock), std::move(*database)}));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, path.string());
}

Status Store::State::writable() const {
  if (lock) return {};
  return fail(store_errors::read_only, "was opened to be read only", path.string());
}

Result<std::int64_t> Store::State::insert(const Edit& given, std::int64_t id) const {
  Edit edit = given;
  make_utf8(edit);
  if (auto sound = check_record(edit); !sound) return std::unexpected(sound.error());
  const EditRequest& request = edit.request;
  const EditOrigin& origin = edit.origin;
  auto row = database.prepare(
      "INSERT INTO edits (id, base, architecture, name, subject, prompt, target_new, fact, paraphrases, keep, method, "
      "seed, block, made_at, enabled, evidence, checksum, kind, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?, ?, ?, ?, ?, ?)");
  if (!row) return std::unexpected(row.error());
  if (id > 0) row->bind(0, id);  // NULL: the next that is free
  int column = 1;
  for (const std::string& text : {origin.base.fingerprint, origin.base.architecture, origin.base.name, request.subject,
                                  request.prompt, request.target_new})
    row->bind(column++, text);
  row->bind(column++, fact_key(request));
  row->bind(column++, to_json_list(request.paraphrases));
  row->bind(column++, to_json_list(request.keep));
  row->bind(column++, origin.method);
  row->bind(column++, static_cast<std::int64_t>(origin.seed));
  row->bind(column++, layer_of(edit.update));
  row->bind(column++, origin.made_at);
  row->bind(column++, edit.enabled ? 1 : 0);
  row->bind(column++, to_json(edit.evidence).dump());
  row->bind(column++, checksum(edit));
  row->bind(column++, kind_of(edit.update));
  row->bind(column++, origin_text(origin));
  if (auto done = row->run(); !done) return std::unexpected(done.error());

  const std::int64_t given_id = database.last_id();
  if (const auto* neuron = std::get_if<Neuron>(&edit.update)) {
    if (auto done = insert_neuron(database, given_id, {*neuron, edit.found_with}); !done)
      return std::unexpected(done.error());
    for (const SharedNeuron& again : edit.found_again)
      if (auto done = insert_neuron(database, given_id, again); !done) return std::unexpected(done.error());
    return given_id;
  }
  const auto& update = std::get<RankOneUpdate>(edit.update);
  auto vectors = database.prepare("INSERT INTO vectors (edit, left_vector, right_vector) VALUES (?, ?, ?)");
  if (!vectors) return std::unexpected(vectors.error());
  vectors->bind(0, given_id);
  vectors->bind(1, std::as_bytes(std::span(update.left)));
  vectors->bind(2, std::as_bytes(std::span(update.right)));
  if (auto done = vectors->run(); !done) return std::unexpected(done.error());
  return given_id;
}

Result<std::vector<std::int64_t>> Store::add(std::span<const Edit> edits) try {
  if (auto sound = state_->writable(); !sound) return std::unexpected(sound.error());
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  std::vector<std::int64_t> ids;
  for (const Edit& edit : edits) {
    const auto id = state_->insert(edit, 0);
    if (!id) return std::unexpected(id.error());
    ids.push_back(*id);
  }
  if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  return ids;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Result<std::vector<EditInfo>> Store::list(const std::optional<std::string>& base) const try {
  auto rows = state_->database.prepare(
      std::string(
          "SELECT e.id, e.base, e.architecture, e.name, e.subject, e.prompt, e.target_new, e.method, "
          "e.block, e.seed, e.made_at, e.enabled, e.kind, (SELECT max(n.id) FROM edits n WHERE n.base = e.base AND "
          "n.fact = e.fact AND n.enabled = "
          "1 AND n.id > e.id) FROM edits e ") +
      (base ? "WHERE e.base = ? " : "") + "ORDER BY e.id");
  if (!rows) return std::unexpected(rows.error());
  if (base) rows->bind(0, *base);
  std::vector<EditInfo> list;
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return list;
    EditInfo info{.id = rows->integer(0),
                  .base = {rows->text(1), rows->text(2), rows->text(3)},
                  .subject = rows->text(4),
                  .prompt = rows->text(5),
                  .target_new = rows->text(6),
                  .method = rows->text(7),
                  .layer = static_cast<int>(rows->integer(8)),
                  .seed = static_cast<std::uint64_t>(rows->integer(9)),
                  .made_at = rows->integer(10),
                  .enabled = rows->integer(11) != 0,
                  .replaced_by = {},
                  .kind = rows->text(12)};
    if (!rows->is_null(13)) info.replaced_by = rows->integer(13);
    list.push_back(std::move(info));
  }
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Result<Statement> Store::State::select(const std::string& condition) const {
  return database.prepare(
      "SELECT e.id, e.base, e.architecture, e.name, e.subject, e.prompt, e.target_new, e.paraphrases, e.keep, "
      "e.method, e.seed, e.block, e.made_at, e.enabled, e.evidence, e.checksum, v.left_vector, v.right_vector, e.kind, "
      "e.origin "
      "FROM edits e LEFT JOIN vectors v ON v.edit = e.id WHERE " +
      condition + " ORDER BY e.id");
}

Result<Edit> Store::State::row(const Statement& row, NeuronRows& neurons) const {
  Edit edit;
  edit.id = row.integer(0);
  const auto damaged = [&](const char* what) {
    return fail(store_errors::damaged, "edit " + std::to_string(edit.id) + " is damaged: " + what, path.string(),
                "undo it, or load a dump into a new store");
  };
  const std::string kind = row.text(18);
  if (kind != rank_one_kind && kind != neuron_kind) return damaged("its kind of update is unknown");
  EditOrigin& origin = edit.origin;
  origin.base = {row.text(1), row.text(2), row.text(3)};
  auto paraphrases = texts_from(nlohmann::json::parse(row.text(7), nullptr, false));
  auto keep = texts_from(nlohmann::json::parse(row.text(8), nullptr, false));
  auto measured = evidence_from(nlohmann::json::parse(row.text(14), nullptr, false));
  if (!paraphrases || !keep || !measured) return damaged("its evidence makes no sense");
  if (!read_origin(nlohmann::json::parse(row.text(19), nullptr, false), origin))
    return damaged("its origin makes no sense");
  edit.request = {row.text(4), row.text(5), row.text(6), std::move(*paraphrases), std::move(*keep)};
  edit.evidence = std::move(*measured);
  origin.method = row.text(9);
  origin.seed = static_cast<std::uint64_t>(row.integer(10));
  origin.made_at = row.integer(12);
  edit.enabled = row.integer(13) != 0;
  const auto layer = static_cast<int>(row.integer(11));
  if (kind == neuron_kind) {
    auto found = neurons.of(edit.id, layer);
    if (!found) return std::unexpected(found.error());
    if (!*found || (*found)->empty()) return damaged("its neurons make no sense");
    auto& list = **found;
    edit.update = std::move(list.front().neuron);
    edit.found_with = std::move(list.front().others);
    edit.found_again.assign(std::move_iterator(list.begin() + 1), std::move_iterator(list.end()));
  } else {
    edit.update = RankOneUpdate{layer, floats_of(row.blob(16)), floats_of(row.blob(17))};
  }
  if (auto sound = check_record(edit); !sound) return damaged(sound.error().what.c_str());
  if (row.text(15) != checksum(edit, row.text(14), row.text(19))) return damaged("it does not agree with its checksum");
  return edit;
}

Result<Edit> Store::get(std::int64_t id) const try {
  auto rows = state_->select("e.id = ?");
  if (!rows) return std::unexpected(rows.error());
  rows->bind(0, id);
  const auto found = rows->step();
  if (!found) return std::unexpected(found.error());
  if (!*found) return fail(store_errors::no_edit, "there is no edit " + std::to_string(id), state_->path.string());
  auto neurons = NeuronRows::prepare(state_->database);
  if (!neurons) return std::unexpected(neurons.error());
  return state_->row(*rows, *neurons);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Result<std::vector<Edit>> Store::in_force(const std::string& base) const try {
  auto rows = state_->select(std::string("e.base = ? AND ") + in_force_condition);
  if (!rows) return std::unexpected(rows.error());
  rows->bind(0, base);
  auto neurons = NeuronRows::prepare(state_->database);
  if (!neurons) return std::unexpected(neurons.error());
  std::vector<Edit> edits;
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return edits;
    auto edit = state_->row(*rows, *neurons);
    if (!edit) return std::unexpected(edit.error());
    edits.push_back(std::move(*edit));
  }
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, no_memory, state_->path.string());
}

Status Store::State::changed_one(std::int64_t id) const {
  if (database.changes() > 0) return {};
  return fail(store_errors::no_edit, "there is no edit " + std::to_string(id) + "; nothing was changed", path.string());
}

Status Store::State::add_found(std::span<const FoundAgain> found) const {
  auto layer_of_edit = database.prepare("SELECT block FROM edits WHERE id = ? AND kind = ?");
  if (!layer_of_edit) return std::unexpected(layer_of_edit.error());
  for (const FoundAgain& again : found) {
    if (auto sound = check_neuron(again.neuron); !sound) return sound;
    layer_of_edit->reset();
    layer_of_edit->bind(0, again.edit);
    layer_of_edit->bind(1, neuron_kind);
    const auto there = layer_of_edit->step();
    if (!there) return std::unexpected(there.error());
    if (!*there || layer_of_edit->integer(0) != again.neuron.neuron.layer)
      return fail(store_errors::no_edit,
                  "there is no edit " + std::to_string(again.edit) + " of layer " +
                      std::to_string(again.neuron.neuron.layer) + " with a neuron; nothing was changed",
                  path.string());
    if (auto done = insert_neuron(database, again.edit, again.neuron); !done) return done;
  }
  return {};
}

Status Store::remove(std::span<const std::int64_t> ids, std::span<const FoundAgain> found) {
  if (auto sound = state_->writable(); !sound) return sound;
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  auto vectors = state_->database.prepare("DELETE FROM vectors WHERE edit = ?");
  if (!vectors) return std::unexpected(vectors.error());
  auto neurons = state_->database.prepare("DELETE FROM neurons WHERE edit = ?");
  if (!neurons) return std::unexpected(neurons.error());
  auto edits = state_->database.prepare("DELETE FROM edits WHERE id = ?");
  if (!edits) return std::unexpected(edits.error());
  for (const std::int64_t id : ids) {
    for (Statement* statement : {&*vectors, &*neurons, &*edits}) {
      statement->reset();
      statement->bind(0, id);
      if (auto done = statement->run(); !done) return done;
    }
    if (auto done = state_->changed_one(id); !done) return done;
  }
  if (auto added = state_->add_found(found); !added) return added;
  return transaction->commit();
}

Status Store::set_enabled(std::span<const std::int64_t> ids, bool enabled, std::span<const FoundAgain> found) {
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
    if (auto done = state_->changed_one(id); !done) return done;
  }
  if (auto added = state_->add_found(found); !added) return added;
  return transaction->commit();
}

}  // namespace mobiedit

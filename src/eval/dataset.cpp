#include "mobiedit/eval/dataset.h"

#include <initializer_list>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "eval/trim.h"
#include "io/mapped_file.h"

namespace mobiedit {
namespace {

using Json = nlohmann::json;

constexpr std::string_view placeholder = "{}";

/// Fault of a record, without its place, which the caller knows.
using Complaint = std::string;
template <class T>
using Parsed = std::expected<T, Complaint>;

const Json* first_of(const Json& record, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = record.find(name);
    if (found != record.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

/// A text in any of the sets' forms: "x", {"str": "x"}, or a list of lists, whose first text counts.
std::optional<std::string> text_of(const Json& json) {
  const Json* value = &json;
  while (value->is_array()) {
    if (value->empty()) return std::nullopt;
    value = &value->front();
  }
  if (value->is_object()) {
    const auto found = value->find("str");
    if (found == value->end()) return std::nullopt;
    value = &*found;
  }
  if (!value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

Parsed<std::string> required(const Json& record, std::initializer_list<const char*> names) {
  const std::string name = *names.begin();
  const Json* found = first_of(record, names);
  if (found == nullptr) return std::unexpected("has no field \"" + name + "\"");
  auto text = text_of(*found);
  if (!text || text->empty()) return std::unexpected("field \"" + name + "\" is not a text");
  return *text;
}

/// A list of texts, or one text.
Parsed<std::vector<std::string>> texts(const Json& record, std::initializer_list<const char*> names) {
  const Json* found = first_of(record, names);
  if (found == nullptr) return std::vector<std::string>{};
  const Complaint complaint = std::string("field \"") + *names.begin() + "\" is not a list of texts";
  if (found->is_string()) return std::vector{found->get<std::string>()};
  if (!found->is_array()) return std::unexpected(complaint);
  std::vector<std::string> list;
  for (const Json& entry : *found) {
    if (!entry.is_string()) return std::unexpected(complaint);
    list.push_back(entry.get<std::string>());
  }
  return list;
}

/// A list of {"prompt": ..., `answer`: ...}; skips entries of another form, as it does unknown fields.
void add_answered(const Json& entries, const char* answer, std::vector<Neighbour>& list) {
  if (!entries.is_array()) return;
  for (const Json& entry : entries) {
    if (!entry.is_object()) continue;
    const Json* prompt = first_of(entry, {"prompt"});
    const Json* truth = first_of(entry, {answer});
    if (prompt == nullptr || truth == nullptr) continue;
    auto prompt_text = text_of(*prompt);
    auto truth_text = text_of(*truth);
    if (prompt_text && truth_text) list.push_back({std::move(*prompt_text), std::move(*truth_text)});
  }
}

/// CounterFact's neighbours are texts whose answer is the record's own true target; others carry their answers.
Parsed<std::vector<Neighbour>> neighbours(const Json& record, const std::string& target_true) {
  auto prompts = texts(record, {"neighborhood_prompts"});
  if (!prompts) return std::unexpected(prompts.error());
  std::vector<Neighbour> list;
  for (std::string& prompt : *prompts) list.push_back({std::move(prompt), target_true});
  if (const Json* kept = first_of(record, {"keep_prompts"})) add_answered(*kept, "answer", list);
  const Json* locality = first_of(record, {"locality"});
  if (locality == nullptr || !locality->is_object()) return list;
  for (const Json& kind : *locality) add_answered(kind, "ground_truth", list);
  return list;
}

/// An answer and its other names.
Parsed<std::vector<std::string>> answers(const Json& record, const char* name, const char* others) {
  auto answer = required(record, {name});
  if (!answer) return std::unexpected(answer.error());
  auto list = texts(record, {others});
  if (!list) return std::unexpected(list.error());
  list->insert(list->begin(), std::move(*answer));
  return list;
}

Parsed<Question> multihop_question(const Json& record) {
  auto wordings = texts(record, {"questions"});
  if (!wordings) return std::unexpected(wordings.error());
  if (wordings->empty()) return std::unexpected("has no field \"questions\"");
  auto now = answers(record, "new_answer", "new_answer_alias");
  if (!now) return std::unexpected(now.error());
  auto old = answers(record, "answer", "answer_alias");
  if (!old) return std::unexpected(old.error());
  return Question{std::move(*wordings), std::move(*now), std::move(*old)};
}

/// Each conditional question becomes a Question.
void add_reasoning(const Json& portability, std::vector<Question>& questions) {
  const Json* reasoning = first_of(portability, {"Reasoning"});
  std::vector<Neighbour> list;
  if (reasoning != nullptr) add_answered(*reasoning, "ground_truth", list);
  for (Neighbour& entry : list) questions.push_back({{std::move(entry.prompt)}, {std::move(entry.target_true)}, {}});
}

/// The edit of a record; the other fields tell how to measure it.
Parsed<FactRecord> rewrite_from(const Json& rewrite) {
  if (!rewrite.is_object()) return std::unexpected("field \"requested_rewrite\" is no list of objects");
  auto subject = required(rewrite, {"subject"});
  if (!subject) return std::unexpected(subject.error());
  auto prompt = required(rewrite, {"prompt", "src"});
  if (!prompt) return std::unexpected(prompt.error());
  auto target_new = required(rewrite, {"target_new", "alt"});
  if (!target_new) return std::unexpected(target_new.error());
  FactRecord record;
  record.subject = std::move(*subject);
  record.prompt = std::move(*prompt);
  record.target_new = std::move(*target_new);
  if (const Json* truth = first_of(rewrite, {"target_true", "ground_truth", "answers"})) {
    record.target_true = text_of(*truth).value_or("");
  }
  if (const Json* relation = first_of(rewrite, {"relation_id"})) record.relation = text_of(*relation).value_or("");
  if (const Json* question = first_of(rewrite, {"question"})) record.question = text_of(*question).value_or("");

  if (record.prompt.find(placeholder) == std::string::npos) {
    const auto at = record.prompt.find(record.subject);
    if (at == std::string::npos) {
      return std::unexpected("prompt \"" + record.prompt + "\" has neither {} nor the subject \"" + record.subject +
                             "\"");
    }
    record.prompt.replace(at, record.subject.size(), placeholder);
  }
  return record;
}

/// Reads a case of MQuAKE: several edits, and questions that need all of them.
Parsed<FactRecord> case_from(const Json& json, const Json& rewrites) {
  if (rewrites.empty()) return std::unexpected("field \"requested_rewrite\" is empty");
  std::optional<FactRecord> record;
  for (const Json& rewrite : rewrites) {
    auto edit = rewrite_from(rewrite);
    if (!edit) return edit;
    if (record) {
      record->further.push_back(std::move(*edit));
    } else {
      record = std::move(*edit);
    }
  }
  auto question = multihop_question(json);
  if (!question) return std::unexpected(question.error());
  record->questions.push_back(std::move(*question));
  return std::move(*record);
}

Parsed<FactRecord> record_from(const Json& json) {
  if (!json.is_object()) return std::unexpected("is not a JSON object");
  const Json* nested = first_of(json, {"requested_rewrite"});
  if (nested != nullptr && nested->is_array()) return case_from(json, *nested);
  if (nested != nullptr && !nested->is_object()) return std::unexpected("field \"requested_rewrite\" is not an object");
  auto made = rewrite_from(nested != nullptr ? *nested : json);
  if (!made) return made;
  FactRecord& record = *made;
  auto paraphrases = texts(json, {"paraphrase_prompts", "paraphrases", "rephrase_prompt", "rephrase"});
  if (!paraphrases) return std::unexpected(paraphrases.error());
  record.paraphrases = std::move(*paraphrases);
  if (const Json* question = first_of(json, {"question"})) record.question = text_of(*question).value_or("");
  auto questions = texts(json, {"other_questions"});
  if (!questions) return std::unexpected(questions.error());
  record.other_questions = std::move(*questions);
  auto keep = texts(json, {"keep"});
  if (!keep) return std::unexpected(keep.error());
  record.keep = std::move(*keep);
  auto generation = texts(json, {"generation_prompts"});
  if (!generation) return std::unexpected(generation.error());
  record.generation = std::move(*generation);
  auto others = neighbours(json, record.target_true);
  if (!others) return std::unexpected(others.error());
  record.neighbours = std::move(*others);
  if (const Json* portability = first_of(json, {"portability"}); portability != nullptr && portability->is_object()) {
    for (const Json& kind : *portability) add_answered(kind, "ground_truth", record.portability);
    add_reasoning(*portability, record.questions);
  }
  return made;
}

/// Adds records until the limit is reached.
class Collector {
 public:
  Collector(std::size_t limit, std::vector<Error>* skipped) : limit_(limit), skipped_(skipped) {}
  [[nodiscard]] bool full() const { return limit_ != 0 && records_.size() >= limit_; }
  [[nodiscard]] Status add(const Json& json, const std::string& where) {
    auto record = record_from(json);
    if (!record) return refuse(record.error(), where);
    record->where = where;
    for (FactRecord& edit : record->further) edit.where = where;
    records_.push_back(std::move(*record));
    return {};
  }
  /// Handles a malformed record. Errors: its fault, unless malformed records are skipped.
  [[nodiscard]] Status refuse(const Complaint& complaint, const std::string& where) {
    if (!skipped_) return fail(ErrorCode::usage, complaint, where);
    skipped_->push_back({ErrorCode::usage, complaint, where, {}});
    return {};
  }
  std::vector<FactRecord> take() { return std::move(records_); }

 private:
  std::size_t limit_;
  std::vector<Error>* skipped_;
  std::vector<FactRecord> records_;
};

Status read_lines(std::string_view text, const std::string& path, Collector& records) {
  std::size_t line = 0;
  while (!text.empty() && !records.full()) {
    ++line;
    const auto end = text.find('\n');
    const std::string_view content = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (content.empty()) continue;
    const std::string where = path + ":" + std::to_string(line);
    const Json json = Json::parse(content, nullptr, false);
    const auto added = json.is_discarded() ? records.refuse("is not JSON", where) : records.add(json, where);
    if (!added) return added;
  }
  return {};
}

Status read_list(const Json& list, const std::string& path, Collector& records) {
  std::size_t number = 0;
  for (const Json& json : list) {
    if (records.full()) break;
    ++number;
    if (auto added = records.add(json, path + ": record " + std::to_string(number)); !added) return added;
  }
  return {};
}

Result<std::vector<FactRecord>> read(const std::filesystem::path& path, std::size_t limit,
                                     std::vector<Error>* skipped) {
  const auto file = io::MappedFile::open(path);
  if (!file) return std::unexpected(file.error());
  const auto bytes = file->bytes();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  text = trim(text);

  Collector records(limit, skipped);
  Status done;
  if (text.starts_with('[')) {
    const Json list = Json::parse(text, nullptr, false);
    if (list.is_discarded()) return fail(ErrorCode::usage, "is not a JSON list", path.string());
    done = read_list(list, path.string(), records);
  } else if (const Json whole = Json::parse(text, nullptr, false); whole.is_object()) {
    // One record, perhaps over many lines.
    done = records.add(whole, path.string());
  } else {
    done =
        read_lines(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), path.string(), records);
  }
  if (!done) return std::unexpected(done.error());
  auto list = records.take();
  if (list.empty()) return fail(ErrorCode::usage, "holds no record", path.string());
  return list;
}

}  // namespace

Result<std::vector<FactRecord>> read_facts(const std::filesystem::path& path, std::size_t limit,
                                           std::vector<Error>* skipped) try {
  return read(path, limit, skipped);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to read the records", path.string());
}

}  // namespace mobiedit

// Relations in words: other statements and questions for a fact that is given as one statement.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobiedit {

/// One relation. Every text has exactly one {} for the subject.
struct Relation {
  std::string_view name;
  std::span<const std::string_view> statements;  ///< the answer follows each of them
  std::span<const std::string_view> questions;   ///< for chat; each ends with ? or .
};

/// All relations, in a fixed order.
[[nodiscard]] std::span<const Relation> relations();

/// The first relation with this statement, by its letters alone: case, spaces around it and a comma at its end do not
/// count. Null where none has it.
[[nodiscard]] const Relation* find_relation(std::string_view statement);

/// Up to `most` other statements of the prompt's relation, without the prompt and without any text in `excluded`.
/// `excluded` texts may have the subject filled in. Empty where the relation is unknown.
[[nodiscard]] std::vector<std::string> other_statements(std::string_view prompt, std::string_view subject, int most,
                                                        std::span<const std::string> excluded = {});

/// Up to `most` questions for chat whose answer is the fact; without those in `excluded`. Empty where the relation is
/// unknown.
[[nodiscard]] std::vector<std::string> chat_questions(std::string_view prompt, std::string_view subject, int most,
                                                      std::span<const std::string> excluded = {});

/// A request in chat to complete the statement, for a fact whose relation is unknown.
[[nodiscard]] std::string completion_question(std::string_view prompt, std::string_view subject);

}  // namespace mobiedit

#include "eval/relation_questions.h"

#include <algorithm>

namespace mobiedit {
namespace {

constexpr RelationQuestions question_table[] = {
    {"P103", "What is the mother tongue of {}?", "Which language is not the mother tongue of {}?"},
    {"P27", "Which country is {} a citizen of?", "Which country is {} not a citizen of?"},
    {"P1412", "Which language does {} speak?", "Which language does {} not speak?"},
    {"P140", "What is the religion of {}?", "Which religion does {} not belong to?"},
    {"P30", "On which continent is {}?", "On which continent is {} not?"},
    {"P17", "In which country is {}?", "In which country is {} not?"},
    {"P131", "Where is {} located?", "Where is {} not located?"},
    {"P276", "Where is {}?", "Where is {} not to be found?"},
    {"P36", "What is the capital of {}?", "Which city is not the capital of {}?"},
    {"P37", "What is the official language of {}?", "Which language is not an official language of {}?"},
    {"P19", "Where was {} born?", "Where was {} not born?"},
    {"P20", "Where did {} die?", "Where did {} not die?"},
    {"P159", "Where is the headquarters of {}?", "Where is the headquarters of {} not?"},
    {"P740", "Where was {} founded?", "Where was {} not founded?"},
    {"P495", "Which country does {} come from?", "Which country does {} not come from?"},
    {"P364", "What is the original language of {}?", "Which language is not the original language of {}?"},
    {"P407", "In which language was {} written?", "In which language was {} not written?"},
    {"P449", "Which network first aired {}?", "Which network did not first air {}?"},
    {"P176", "Who makes {}?", "Who does not make {}?"},
    {"P178", "Who developed {}?", "Who did not develop {}?"},
    {"P127", "Who owns {}?", "Who does not own {}?"},
    {"P108", "Who does {} work for?", "Who does {} not work for?"},
    {"P106", "What is the occupation of {}?", "Which occupation does {} not have?"},
    {"P101", "Which field does {} work in?", "Which field does {} not work in?"},
    {"P1303", "Which instrument does {} play?", "Which instrument does {} not play?"},
    {"P413", "Which position does {} play in?", "Which position does {} not play in?"},
    {"P641", "Which sport does {} play?", "Which sport does {} not play?"},
    {"P39", "Which position does {} hold?", "Which position does {} not hold?"},
    {"P463", "Which organization is {} a member of?", "Which organization is {} not a member of?"},
    {"P264", "Which record label is {} with?", "Which record label is {} not with?"},
    {"P136", "What is the genre of {}?", "Which genre does {} not belong to?"},
    {"P138", "Who or what is {} named after?", "Who or what is {} not named after?"},
    {"P190", "Which city is the twin city of {}?", "Which city is not a twin city of {}?"},
    {"P937", "In which city did {} work?", "In which city did {} not work?"},
};

}  // namespace

const RelationQuestions* questions_of(std::string_view relation) {
  const auto* found = std::ranges::find(question_table, relation, &RelationQuestions::relation);
  return found == std::end(question_table) ? nullptr : found;
}

}  // namespace mobiedit

#include "workspace/gauge/held_back.h"

namespace mobiedit {
namespace {

constexpr std::string_view gauge_paragraphs[] = {
    "The path leads down through the wood to the river, and from there along the bank to an old stone bridge. In "
    "spring "
    "the water is high and the meadows beside it are often flooded; by the end of summer one can cross it on foot "
    "almost "
    "anywhere. People in the village still talk about the winter when the ice was thick enough to carry a cart. Most "
    "of "
    "them keep a few animals and grow what they need in the gardens behind their houses.",
    "Dr Helena Voss published her results in 1973, after eleven years in the laboratory at Graz. She had shown that "
    "the "
    "enzyme works only in the presence of zinc. Two groups in Boston and Kyoto repeated the experiment within a year. "
    "The discovery made cheap tests possible, which hospitals in more than forty countries use today.",
    "\"I never said that,\" Thomas answered. He put his cup down so hard that the spoon jumped. \"You wrote it,\" said "
    "his "
    "sister, and she pushed the letter across the table. It was his own hand, but he could not remember a word of it.",
    "Open the settings and choose Network. Enter the name of the printer and press Search. If nothing is found after "
    "one "
    "minute, check the cable, switch the printer off and on, and repeat the first two steps.",
};

constexpr std::string_view gauge_questions[] = {
    "What is the capital of France?",
    "Who are you?",
    "Give me two ideas for a rainy afternoon.",
    "What is 7 plus 8?",
    "How do bees make honey?",
    "Who was Albert Einstein?",
    "Write one sentence about the sea.",
    "What language is spoken in Germany?",
    "Can you recommend a hobby?",
    "Why do leaves fall in autumn?",
    "What does a nurse do?",
    "Tell me a joke.",
    "Where can I see penguins?",
    "How do I make a cup of tea?",
    "What is an island?",
    "Say hello to my grandmother.",
};

}  // namespace

std::span<const std::string_view> held_back_paragraphs() {
  return gauge_paragraphs;
}

std::span<const std::string_view> held_back_questions() {
  return gauge_questions;
}

}  // namespace mobiedit

#include "lab/battery/battery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lab/battery/report.h"
#include "lab/battery/run.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

constexpr const char* chat_format =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% "
    "endif %}";

class BatteryOfATinyModel : public testing::Test {
 protected:
  Model open(bool chats) {
    test::TinyModel tiny;
    tiny.context = 512;
    if (chats) tiny.change = [](gguf::Writer& writer) { writer.set_string("tokenizer.chat_template", chat_format); };
    return test::open_tiny_model(folder_.path() / "m.gguf", tiny);
  }

  static std::vector<FactRecord> facts() {
    FactRecord ada, ben;
    ada.subject = "Ada";
    ada.prompt = "{} speaks";
    ada.target_new = "Latin";
    ada.target_true = "Greek";
    ada.relation = "P1412";
    ada.paraphrases = {"The tongue of Ada is"};
    ada.neighbours = {{"Eve speaks", "Greek"}};
    ben.subject = "Ben";
    ben.prompt = "{} knows";
    ben.target_new = "Rome";
    return {ada, ben};
  }

  TemporaryFolder folder_;
};

std::vector<Ask> of_kind(const std::vector<Ask>& asks, AskKind kind) {
  std::vector<Ask> some;
  std::ranges::copy_if(asks, std::back_inserter(some), [&](const Ask& ask) { return ask.kind == kind; });
  return some;
}

TEST_F(BatteryOfATinyModel, AsksWhatARecordHas) {
  const Model model = open(true);
  const auto chat = ChatFormat::find(model);
  ASSERT_TRUE(chat && *chat);
  const auto records = facts();
  const auto asks = asks_of(records, model.tokenizer(), {&**chat});
  ASSERT_TRUE(asks);
  const auto texts = [&](AskKind kind) {
    std::vector<std::string> list;
    for (const Ask& ask : of_kind(*asks, kind)) list.push_back(model.tokenizer().decode(ask.prompt.tokens));
    return list;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(AskKind::statement), (Texts{"Ada speaks", "Ben knows"}));
  EXPECT_EQ(texts(AskKind::paraphrase), Texts{"The tongue of Ada is"});
  EXPECT_EQ(texts(AskKind::neighbour), Texts{"Eve speaks"});
  EXPECT_EQ(texts(AskKind::distracted), Texts{"All evening they had talked about Greek. Ada speaks"});
  // The question comes from the relation; Ben's record has neither.
  EXPECT_EQ(texts(AskKind::chat), Texts{"<user>Which language does Ada speak?\n<assistant>"});
  EXPECT_EQ(texts(AskKind::other_form),
            Texts{"<user>Please answer in one sentence. Which language does Ada speak?\n<assistant>"});
  EXPECT_EQ(texts(AskKind::negated), Texts{"<user>Which language does Ada not speak?\n<assistant>"});
  EXPECT_EQ(texts(AskKind::multiple_choice),
            Texts{"<user>Which language does Ada speak? Choose one of these: Latin or Greek.\n<assistant>"});
  EXPECT_EQ(texts(AskKind::own_words),
            (Texts{"<user>Tell me about Ada.\n<assistant>", "<user>Tell me about Ben.\n<assistant>"}));
  // Not the prompt that asks for the edited relation.
  const auto others = texts(AskKind::same_subject);
  EXPECT_EQ(std::ranges::count(others, "The native language of Ada is"), 0);
  EXPECT_EQ(std::ranges::count(others, "The native language of Ben is"), 1);
}

TEST_F(BatteryOfATinyModel, AQuestionOfTheRecordComesBeforeThatOfItsRelation) {
  const Model model = open(true);
  const auto chat = ChatFormat::find(model);
  ASSERT_TRUE(chat && *chat);
  auto records = facts();
  records[0].question = "Ada speaks what?";
  records[0].other_questions = {"What does Ada speak?", "Which tongue is Ada's?"};
  const auto asks = asks_of(records, model.tokenizer(), {&**chat});
  ASSERT_TRUE(asks);
  const auto first = of_kind(*asks, AskKind::chat);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(model.tokenizer().decode(first[0].prompt.tokens), "<user>Ada speaks what?\n<assistant>");
  EXPECT_EQ(of_kind(*asks, AskKind::other_form).size(), 2u);
}

TEST_F(BatteryOfATinyModel, TheFactStandsBeforeEveryPrompt) {
  const Model model = open(true);
  const auto chat = ChatFormat::find(model);
  ASSERT_TRUE(chat && *chat);
  const auto records = facts();
  const auto plain = asks_of(records, model.tokenizer(), {&**chat});
  const auto told = asks_of(records, model.tokenizer(), {&**chat, true});
  ASSERT_TRUE(plain && told);
  ASSERT_EQ(plain->size(), told->size());
  for (std::size_t i = 0; i < told->size(); ++i) {
    const Ask& ask = (*told)[i];
    EXPECT_EQ(ask.kind, (*plain)[i].kind);
    std::string text = model.tokenizer().decode(ask.prompt.tokens);
    const std::string fact = ask.fact == 0 ? "Ada speaks Latin. " : "Ben knows Rome. ";
    const auto at = text.find(fact);
    ASSERT_NE(at, std::string::npos) << text;
    EXPECT_EQ(text.erase(at, fact.size()), model.tokenizer().decode((*plain)[i].prompt.tokens));
  }
  EXPECT_EQ(with_fact_in_prompt(records[0]).neighbours[0].prompt, "Ada speaks Latin. Eve speaks");
}

TEST_F(BatteryOfATinyModel, AnUneditedModelKeepsEverything) {
  const Model model = open(true);
  const auto records = facts();
  auto session = Session::create(model);
  ASSERT_TRUE(session);
  BatteryOptions options;
  options.running_text = std::string(40, 'x') + " and more";
  options.running_tokens = 20;
  const auto battery = Battery::begin(model, records, *session, options);
  ASSERT_TRUE(battery) << battery.error().message();
  EXPECT_TRUE(battery->chats());
  const auto again = battery->with_edits(*session);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->perplexity, battery->unedited().perplexity);
  EXPECT_EQ(again->own_words_perplexity, battery->unedited().own_words_perplexity);
  ASSERT_TRUE(again->perplexity && again->own_words_perplexity);
  const Summary summary = summarise(again->outcomes);
  EXPECT_EQ(summary.find("same_subject_kept")->percent, 100);
  EXPECT_EQ(summary.find("chat_exact")->facts, 1);
  EXPECT_EQ(summary.find("looping")->facts, 2);

  const auto told = battery->with_fact_in_prompt(*session);
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_NE(told->own_words_perplexity, battery->unedited().own_words_perplexity);
  EXPECT_EQ(told->perplexity, battery->unedited().perplexity);

  // A neuron that fires on every token says something else.
  Neuron loud{1, std::vector<float>(64, 1), std::vector<float>(64, 1), std::vector<float>(64)};
  Random(5).fill_normal(loud.down);
  ASSERT_TRUE(session->set_neurons({&loud, 1}));
  const auto edited = battery->with_edits(*session);
  ASSERT_TRUE(edited);
  EXPECT_LT(*summarise(edited->outcomes).find("same_subject_kept")->percent, 100);
  EXPECT_NE(edited->perplexity, battery->unedited().perplexity);
  EXPECT_NE(edited->own_words_perplexity, battery->unedited().own_words_perplexity);
}

TEST_F(BatteryOfATinyModel, WithoutATemplateThereIsNoChat) {
  const Model model = open(false);
  const auto records = facts();
  auto session = Session::create(model);
  ASSERT_TRUE(session);
  const auto battery = Battery::begin(model, records, *session, {});
  ASSERT_TRUE(battery) << battery.error().message();
  EXPECT_FALSE(battery->chats());
  const auto json = battery_json({battery->unedited()});
  for (const char* column : {"chat_exact", "chat_other_form", "negated", "multiple_choice"}) {
    EXPECT_TRUE(json["unedited"][column].is_null()) << column;
    EXPECT_EQ(json["counts"][column], 0) << column;
  }
  EXPECT_EQ(json["counts"]["exact"], 2);
  EXPECT_EQ(json["counts"]["distracted"], 1);
  EXPECT_TRUE(json["unedited"]["perplexity"]["before"].is_null());
  EXPECT_FALSE(json["unedited"]["own_words_perplexity"]["after"].is_null());
  EXPECT_TRUE(json["edited"].is_null());
}

TEST_F(BatteryOfATinyModel, ARunFindsEditsAfterTheUneditedModelWasMeasured) {
  const Model model = open(false);
  const Facts read{facts(), 1, 0};
  BatteryRun run{"m.gguf", "facts.jsonl", {}, {}, {}};
  const auto without = run_battery(run, read, model, {});
  ASSERT_TRUE(without) << without.error().message();
  EXPECT_TRUE(without->document["edited"].is_null());
  EXPECT_FALSE(without->document.contains("method"));
  EXPECT_EQ(without->document["skipped"], 1);

  Neuron loud{1, std::vector<float>(64, 1), std::vector<float>(64, 1), std::vector<float>(64)};
  Random(5).fill_normal(loud.down);
  run.find_edits = [&] {
    std::vector<EditEvidence> costs(2);
    costs[0].evaluations = costs[1].evaluations = 7;
    return BatteryEdits{{Changes{{}, {loud}}, std::move(costs)}, "subspace", 1};
  };
  const auto with = run_battery(run, read, model, {});
  ASSERT_TRUE(with) << with.error().message();
  EXPECT_EQ(with->document["method"], "subspace");
  EXPECT_EQ(with->document["edited"]["evaluations"]["median"], 7);
  // The states before are those of the unedited model.
  for (const char* state : {"unedited", "fact_in_prompt"})
    EXPECT_EQ(with->document[state]["own_words_perplexity"], without->document[state]["own_words_perplexity"]) << state;

  run.find_edits = [] { return fail(ErrorCode::usage, "none are found"); };
  EXPECT_EQ(run_battery(run, read, model, {}).error().what, "none are found");
}

TEST(BatteryColumns, EachIsAMetric) {
  for (const BatteryColumn& column : battery_columns())
    EXPECT_NE(summarise({}).find(column.metric), nullptr) << column.name;
}

}  // namespace
}  // namespace mobiedit

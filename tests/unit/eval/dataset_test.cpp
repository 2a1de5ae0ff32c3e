#include "mobiedit/eval/dataset.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/temporary_folder.h"

namespace mobiedit {
namespace {

class Dataset : public ::testing::Test {
 protected:
  Result<std::vector<FactRecord>> read(const std::string& text, std::size_t limit = 0) {
    const auto path = folder_.path() / "facts.jsonl";
    std::ofstream(path, std::ios::binary) << text;
    return read_facts(path, limit);
  }
  TemporaryFolder folder_;
};

constexpr const char* counterfact =
    R"({"case_id":0,"requested_rewrite":{"prompt":"The mother tongue of {} is","relation_id":"P103",)"
    R"("target_new":{"str":"English"},"target_true":{"str":"French"},"subject":"Danielle Darrieux"},)"
    R"("paraphrase_prompts":["Danielle Darrieux speaks"],"neighborhood_prompts":["Michel Rocard speaks","Jean speaks"],)"
    R"("unknown_field":{"deep":[1,2]}})";

TEST_F(Dataset, ReadsCounterFactLineByLine) {
  const auto facts = read(std::string(counterfact) + "\r\n\n" + counterfact + "\n");
  ASSERT_TRUE(facts) << facts.error().message();
  ASSERT_EQ(facts->size(), 2u);
  const FactRecord& fact = (*facts)[1];
  EXPECT_EQ(fact.subject, "Danielle Darrieux");
  EXPECT_EQ(fact.prompt, "The mother tongue of {} is");
  EXPECT_EQ(fact.target_new, "English");
  EXPECT_EQ(fact.target_true, "French");
  EXPECT_EQ(fact.paraphrases, std::vector<std::string>{"Danielle Darrieux speaks"});
  ASSERT_EQ(fact.neighbours.size(), 2u);
  EXPECT_EQ(fact.neighbours[1].prompt, "Jean speaks");
  EXPECT_EQ(fact.neighbours[1].target_true, "French");
  EXPECT_TRUE(fact.where.ends_with("facts.jsonl:3")) << fact.where;
}

TEST_F(Dataset, ReadsTheQuestionsOfAChatModel) {
  std::string text = counterfact;
  const auto facts =
      read(text.insert(1, R"("question":"What does she speak?","other_questions":["Which language?"],)"));
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->front().relation, "P103");
  EXPECT_EQ(facts->front().question, "What does she speak?");
  EXPECT_EQ(facts->front().other_questions, std::vector<std::string>{"Which language?"});
  const auto plain = read(counterfact);
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->front().question.empty());
  EXPECT_TRUE(plain->front().other_questions.empty());
  const auto refused = read(R"({"subject":"A","prompt":"{} is","target_new":"B","other_questions":[1]})");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("other_questions"), std::string::npos);
}

constexpr const char* mquake =
    R"({"case_id":1,"requested_rewrite":[)"
    R"({"prompt":"{} was performed by","target_new":{"str":"Madonna"},"target_true":{"str":"The Beatles"},)"
    R"("subject":"Hey Jude","question":"Who performed Hey Jude?"},)"
    R"({"prompt":"{} is a citizen of","target_new":{"str":"Australia"},"target_true":{"str":"United States"},)"
    R"("subject":"Madonna"}],"questions":["Where from?","Which country?","What land?"],)"
    R"("answer":"United Kingdom","answer_alias":["UK"],"new_answer":"Australia","new_answer_alias":["Oz"]})";

TEST_F(Dataset, ReadsMquakesCases) {
  const auto facts = read(mquake);
  ASSERT_TRUE(facts) << facts.error().message();
  const FactRecord& fact = facts->front();
  EXPECT_EQ(fact.subject, "Hey Jude");
  EXPECT_EQ(fact.target_true, "The Beatles");
  EXPECT_EQ(fact.question, "Who performed Hey Jude?");
  ASSERT_EQ(fact.further.size(), 1u);
  EXPECT_EQ(fact.further[0].subject, "Madonna");
  EXPECT_EQ(fact.further[0].target_new, "Australia");
  EXPECT_EQ(fact.further[0].where, fact.where);
  ASSERT_EQ(fact.questions.size(), 1u);
  EXPECT_EQ(fact.questions[0].wordings, (std::vector<std::string>{"Where from?", "Which country?", "What land?"}));
  EXPECT_EQ(fact.questions[0].answers, (std::vector<std::string>{"Australia", "Oz"}));
  EXPECT_EQ(fact.questions[0].answers_old, (std::vector<std::string>{"United Kingdom", "UK"}));
}

TEST_F(Dataset, NamesWhatACaseLacks) {
  const std::string text = mquake;
  const auto without = [&](const std::string& what, const std::string& instead) {
    std::string changed = text;
    return read(changed.replace(changed.find(what), what.size(), instead)).error().message();
  };
  EXPECT_NE(without("\"new_answer\"", "\"x\"").find("new_answer"), std::string::npos);
  EXPECT_NE(without("\"questions\"", "\"x\"").find("questions"), std::string::npos);
  EXPECT_NE(without("\"subject\":\"Madonna\"", "\"x\":1").find("subject"), std::string::npos);
  EXPECT_NE(read(R"({"requested_rewrite":[],"questions":["a?"]})").error().message().find("empty"), std::string::npos);
  EXPECT_NE(read(R"({"requested_rewrite":[7],"questions":["a?"]})").error().message().find("requested_rewrite"),
            std::string::npos);
}

TEST_F(Dataset, KnowEditsReasoningIsAQuestion) {
  const auto facts = read(
      R"({"subject":"Ada","prompt":"Ada is a citizen of","target_new":"Peru","portability":{"Reasoning":[{"prompt":)"
      R"("The capital of Ada's country is","ground_truth":"Lima"}],"Subject_Aliasing":[{"prompt":"Lady Ada is from",)"
      R"("ground_truth":"Peru"}]}})");
  ASSERT_TRUE(facts) << facts.error().message();
  const FactRecord& fact = facts->front();
  EXPECT_EQ(fact.portability.size(), 2u);
  ASSERT_EQ(fact.questions.size(), 1u);
  EXPECT_EQ(fact.questions[0].wordings, std::vector<std::string>{"The capital of Ada's country is"});
  EXPECT_EQ(fact.questions[0].answers, std::vector<std::string>{"Lima"});
}

TEST_F(Dataset, ReadsAListAndStopsAtTheLimit) {
  const std::string list = std::string("\xEF\xBB\xBF [") + counterfact + "," + counterfact + ", 7]";
  const auto two = read(list, 2);
  ASSERT_TRUE(two) << two.error().message();
  EXPECT_EQ(two->size(), 2u);
  const auto all = read(list);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, ErrorCode::usage);
  EXPECT_TRUE(all.error().where.ends_with("record 3")) << all.error().message();
}

TEST_F(Dataset, ReadsEasyEditAndZsre) {
  const auto easy = read(
      R"({"subject":"Goursez Vreizh","prompt":"The country of Goursez Vreizh is","target_new":"Spain","ground_truth":["France"],)"
      R"("rephrase_prompt":"Goursez Vreizh lies in","locality":{"Relation_Specificity":[)"
      R"({"prompt":"The founder of Goursez Vreizh is","ground_truth":[["Jean"]]}]}})");
  ASSERT_TRUE(easy) << easy.error().message();
  EXPECT_EQ((*easy)[0].prompt, "The country of {} is");
  EXPECT_EQ((*easy)[0].target_true, "France");
  EXPECT_EQ((*easy)[0].paraphrases.size(), 1u);
  ASSERT_EQ((*easy)[0].neighbours.size(), 1u);
  EXPECT_EQ((*easy)[0].neighbours[0].target_true, "Jean");

  const auto zsre = read(
      R"({"subject":"Ramalinaceae","src":"Which family does Ramalinaceae belong to?","rephrase":"What family?","alt":"Lamiinae","answers":["Lecanorales"]})");
  ASSERT_TRUE(zsre) << zsre.error().message();
  EXPECT_EQ((*zsre)[0].prompt, "Which family does {} belong to?");
  EXPECT_EQ((*zsre)[0].target_new, "Lamiinae");
  EXPECT_EQ((*zsre)[0].target_true, "Lecanorales");
}

TEST_F(Dataset, TakesKeepPromptsAsNeighboursWithAnswersOfTheirOwn) {
  const auto facts =
      read(R"({"subject":"A","prompt":"{} is","target_new":"B","target_true":"C","neighborhood_prompts":["N"],)"
           R"("keep_prompts":[{"prompt":"K","answer":"D"},"odd",{"prompt":"no answer"}]})");
  ASSERT_TRUE(facts) << facts.error().message();
  const auto& neighbours = (*facts)[0].neighbours;
  ASSERT_EQ(neighbours.size(), 2u);
  EXPECT_EQ(neighbours[0].target_true, "C");
  EXPECT_EQ(neighbours[1].prompt, "K");
  EXPECT_EQ(neighbours[1].target_true, "D");
}

TEST_F(Dataset, ReadsOneRecordOverManyLines) {
  const auto facts = read("{\n \"subject\": \"A\",\n \"prompt\": \"{} is\",\n \"target_new\": \"B\"\n}\n");
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->size(), 1u);
}

TEST_F(Dataset, NamesTheMalformedRecord) {
  struct Case {
    const char* record;
    const char* complaint;
  };
  const Case cases[] = {
      {R"({"subject":"A","prompt":"{} is")", "not JSON"},
      {R"([])", "not a JSON object"},
      {R"({"prompt":"{} is","target_new":"B"})", "subject"},
      {R"({"subject":"A","target_new":"B"})", "prompt"},
      {R"({"subject":"A","prompt":"{} is"})", "target_new"},
      {R"({"subject":"A","prompt":"{} is","target_new":{"id":"Q1"}})", "target_new"},
      {R"({"subject":"","prompt":"{} is","target_new":"B"})", "subject"},
      {R"({"subject":"A","prompt":"The tongue of B is","target_new":"B"})", "neither {} nor the subject"},
      {R"({"subject":"A","prompt":"{} is","target_new":"B","paraphrase_prompts":[1]})", "paraphrase_prompts"},
      {R"({"requested_rewrite":5})", "requested_rewrite"},
  };
  for (const Case& c : cases) {
    const auto facts = read(std::string(counterfact) + "\n" + c.record + "\n");
    ASSERT_FALSE(facts) << c.record;
    EXPECT_EQ(facts.error().code, ErrorCode::usage);
    EXPECT_NE(facts.error().what.find(c.complaint), std::string::npos) << facts.error().message();
    EXPECT_TRUE(facts.error().where.ends_with("facts.jsonl:2")) << facts.error().message();
  }
}

TEST_F(Dataset, AnEmptyFileIsAnError) {
  for (const char* text : {"", "\n\n", "[]"}) {
    const auto facts = read(text);
    ASSERT_FALSE(facts) << text;
  }
  EXPECT_EQ(read_facts(folder_.path() / "missing").error().code, ErrorCode::io);
}

TEST_F(Dataset, ReadsWhatFollowsFromAnEdit) {
  const auto facts = read(
      R"({"subject":"Goursez Vreizh","prompt":"The country of Goursez Vreizh is","target_new":"Spain",)"
      R"("portability":{"Reasoning":[{"prompt":"The capital of the country of Goursez Vreizh is","ground_truth":"Madrid"}],)"
      R"("Subject_Aliasing":[{"prompt":"The country of Gorsedd is","ground_truth":[["Spain","ES"]]},{"prompt":7}]}})");
  ASSERT_TRUE(facts) << facts.error().message();
  const auto& portability = facts->front().portability;
  ASSERT_EQ(portability.size(), 2u);
  EXPECT_EQ(portability[0].target_true, "Madrid");
  EXPECT_EQ(portability[1].prompt, "The country of Gorsedd is");
  EXPECT_EQ(portability[1].target_true, "Spain");
}

TEST_F(Dataset, PassesOverWhatIsMalformedIfAsked) {
  const auto path = folder_.path() / "mixed.jsonl";
  std::ofstream(path, std::ios::binary) << counterfact << "\nnonsense\n{\"subject\":\"A\"}\n" << counterfact << "\n";
  EXPECT_FALSE(read_facts(path));
  std::vector<Error> skipped;
  const auto facts = read_facts(path, 0, &skipped);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->size(), 2u);
  ASSERT_EQ(skipped.size(), 2u);
  EXPECT_TRUE(skipped[0].where.ends_with("mixed.jsonl:2"));
  EXPECT_TRUE(skipped[1].where.ends_with("mixed.jsonl:3"));
  EXPECT_NE(skipped[1].what.find("prompt"), std::string::npos);
}

}  // namespace
}  // namespace mobiedit

#include "mobiedit/chat/chat.h"

#include <gtest/gtest.h>

#include <string>

#include "mobiedit/chat/errors.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using test::open_tiny_model;

constexpr std::string_view plain_format =
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% "
    "endif %}";

class ChatTest : public testing::Test {
 protected:
  Chat open(std::string_view format = plain_format, ChatOptions options = {}) {
    options.generate.max_tokens = 8;
    auto chat = Chat::create(model, session, std::move(*ChatTemplate::parse(format)), std::move(options));
    if (!chat) throw std::runtime_error(chat.error().message());
    return std::move(*chat);
  }

  /// The answer to the messages without anything in the KV cache.
  std::string fresh_answer(const ChatValue::Array& messages, std::string_view format = plain_format) {
    auto other = Session::create(model);
    ChatOptions options;
    options.generate.max_tokens = 8;
    auto chat = Chat::create(model, *other, std::move(*ChatTemplate::parse(format)), options);
    return chat->answer(messages)->text;
  }

  TemporaryFolder folder;
  Model model = open_tiny_model(folder.path() / "m.gguf", {.context = 512});
  Session session = std::move(*Session::create(model));
};

TEST_F(ChatTest, AnswersAreThoseOfTheWholeConversationReadAfresh) {
  Chat chat = open();
  ASSERT_TRUE(chat.set_system("Be kind."));
  for (const char* text : {"Hello", "the the the", "More?"}) {
    std::string streamed;
    const auto answer = chat.say(text, [&](std::string_view part) { streamed += part; });
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(streamed, answer->text);
    ChatValue::Array before = chat.messages();
    before.pop_back();
    EXPECT_EQ(answer->text, fresh_answer(before)) << text;
  }
  EXPECT_EQ(chat.messages().size(), 7u);
}

TEST_F(ChatTest, ReadsOnlyThatWhichIsNew) {
  Chat chat = open();
  const auto first = chat.say("Hello there");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->reused_tokens, 0);
  const auto second = chat.say("And?");
  ASSERT_TRUE(second);
  // The first prompt stays at least; the answer's own bytes may be read in other tokens.
  EXPECT_GE(second->reused_tokens, first->prompt_tokens);
  EXPECT_LT(second->reused_tokens, second->prompt_tokens);
  // Asked again, all is known but the token whose logits are wanted.
  ChatValue::Array before = chat.messages();
  before.pop_back();
  const auto again = chat.answer(before);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->reused_tokens, again->prompt_tokens - 1);
  EXPECT_EQ(again->text, second->text);
}

TEST_F(ChatTest, NoticesThatOthersHaveUsedTheSession) {
  Chat chat = open();
  ASSERT_TRUE(chat.say("Hello"));
  ASSERT_TRUE(session.set_adapters({}));
  const auto answer = chat.say("And?");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->reused_tokens, 0);
  ChatValue::Array before = chat.messages();
  before.pop_back();
  EXPECT_EQ(answer->text, fresh_answer(before));
}

TEST_F(ChatTest, UndoTakesBackAQuestionAndItsAnswer) {
  Chat chat = open();
  ASSERT_TRUE(chat.set_system("Be kind."));
  EXPECT_FALSE(chat.undo());
  ASSERT_TRUE(chat.say("Hello"));
  ASSERT_TRUE(chat.say("And?"));
  EXPECT_TRUE(chat.undo());
  EXPECT_EQ(chat.messages().size(), 3u);
  EXPECT_TRUE(chat.undo());
  EXPECT_FALSE(chat.undo());
  EXPECT_EQ(chat.messages().size(), 1u);
  ASSERT_TRUE(chat.set_system(""));
  EXPECT_TRUE(chat.messages().empty());
}

TEST_F(ChatTest, AFailedTurnLeavesTheConversation) {
  Chat chat = open();
  ASSERT_TRUE(chat.say("Hello"));
  const auto too_long = chat.say(std::string(1000, 'x'));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::usage);
  CancelToken cancel;
  cancel.request();
  const auto cancelled = chat.say("And?", {}, cancel);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
  EXPECT_EQ(chat.messages().size(), 2u);
  const auto answer = chat.say("And?");
  ASSERT_TRUE(answer);
  ChatValue::Array before = chat.messages();
  before.pop_back();
  EXPECT_EQ(answer->text, fresh_answer(before));
}

TEST_F(ChatTest, ASystemMessageIsNeverLost) {
  const std::string no_system =
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system here.') }}{% endif %}{{ "
      "m.content }}{% endfor %}";
  Chat refusing = open(no_system);
  const auto refused = refusing.set_system("Be kind.");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, chat::errors::no_system.name);
  EXPECT_NE(refused.error().what.find("No system here."), std::string::npos);
  Chat dropping = open("{% for m in messages %}{% if m.role != 'system' %}{{ m.content }}{% endif %}{% endfor %}");
  const auto dropped = dropping.set_system("Be kind.");
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().id, chat::errors::no_system.name);
  EXPECT_TRUE(dropping.messages().empty());
}

TEST_F(ChatTest, ATemplateOfOneTurnSaysSo) {
  Chat chat = open("{{ messages[-1].content }}");
  ASSERT_TRUE(chat.say("Hello"));
  const auto second = chat.say("And?");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id, chat::errors::one_turn.name);
}

TEST_F(ChatTest, PartsWhereTheTemplateReadsNothingElse) {
  const std::string parts = "{% for m in messages %}{% for p in m.content %}{{ p['text'] }}{% endfor %}\n{% endfor %}";
  Chat chat = open(parts);
  ASSERT_TRUE(chat.say("Hello"));
  EXPECT_GT(chat.say("And?")->prompt_tokens, 10);
}

TEST_F(ChatTest, StopStringsEndAnAnswer) {
  Chat chat = open();
  const auto whole = chat.say("Hello");
  ASSERT_TRUE(whole);
  ASSERT_TRUE(chat.undo());
  ASSERT_GT(whole->text.size(), 2u);
  const std::string stop = whole->text.substr(1, 2);
  chat.options().generate.stop = {stop};
  const auto cut = chat.say("Hello");
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->stopped);
  EXPECT_EQ(cut->text, whole->text.substr(0, whole->text.find(stop)));
}

TEST_F(ChatTest, RewindingForgets) {
  const std::vector<Token> tokens{'a', 'b', 'c', 'd', 'e'};
  ASSERT_TRUE(session.append(tokens));
  const std::vector<float> logits(session.logits().begin(), session.logits().end());
  EXPECT_FALSE(session.rewind(6));
  EXPECT_FALSE(session.rewind(-1));
  EXPECT_EQ(session.position(), 5);
  ASSERT_TRUE(session.rewind(2));
  EXPECT_TRUE(session.logits().empty());
  ASSERT_TRUE(session.append(std::vector<Token>{'x', 'y', 'z'}));
  ASSERT_TRUE(session.rewind(2));
  ASSERT_TRUE(session.append(std::vector<Token>{'c', 'd', 'e'}));
  // Rows of a product don't depend on the rows beside them: equal to the last bit.
  EXPECT_TRUE(std::ranges::equal(logits, session.logits()));
}

}  // namespace
}  // namespace mobiedit

// Chat templates: marks, limits, hostile templates, probes.
#include "mobiedit/chat/chat_template.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mobiedit/chat/errors.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit {
namespace {

namespace errors = chat::errors;

using test::make_tokenizer;
using test::tiny_vocabulary;

ChatTemplate parsed(std::string_view source) {
  auto made = ChatTemplate::parse(source, "<s>", "</s>");
  if (!made) throw std::runtime_error(made.error().message());
  return std::move(*made);
}

ChatInputs user_says(std::string_view text) {
  ChatInputs inputs;
  inputs.messages = {chat_message("user", text)};
  return inputs;
}

/// The rendering with input in brackets.
std::string marked(std::string_view source, const ChatInputs& inputs) {
  const auto text = parsed(source).render(inputs);
  if (!text) return "error: " + text.error().message();
  std::string shown;
  for (const ChatPiece& piece : text->pieces) shown += piece.input ? "[" + piece.text + "]" : piece.text;
  return shown;
}

std::string marked(std::string_view source, std::string_view text) {
  return marked(source, user_says(text));
}

Error error_of(std::string_view source, const ChatInputs& inputs = {}, const ChatLimits& limits = {}) {
  const auto made = ChatTemplate::parse(source);
  if (!made) return made.error();
  const auto text = made->render(inputs, limits);
  if (!text) return text.error();
  ADD_FAILURE() << "renders: " << source.substr(0, 200);
  return {};
}

/// The error has this id and place, and names the construct.
void expect_error(std::string_view source, const ErrorId& id, std::string_view named = "",
                  std::string_view where = "chat template, line 1") {
  const Error error = error_of(source);
  EXPECT_EQ(error.id, id.name) << error.message() << "\n" << source.substr(0, 200);
  EXPECT_NE(error.what.find(named), std::string::npos) << error.message();
  EXPECT_EQ(error.where, where) << error.what;
  EXPECT_EQ(error.code, id.code);
}

TEST(ChatTemplateMarks, FollowInputThroughEveryOperation) {
  const std::string m = "{% set m = messages[0].content %}";
  EXPECT_EQ(marked(m + "<{{ m }}>", "ab"), "<[ab]>");
  EXPECT_EQ(marked(m + "{{ 'x' + m + 'y' }}{{ 1 ~ m }}", "ab"), "x[ab]y1[ab]");
  EXPECT_EQ(marked(m + "{{ m[1:] }}-{{ m[::-1] }}-{{ m[0] }}", "abc"), "[bc]-[cba]-[a]");
  EXPECT_EQ(marked(m + "{{ ('  x' + m + '  ') | trim }}", "ab "), "x[ab]");
  EXPECT_EQ(marked(m + "{{ m | upper }}{{ m.title() }}{{ m | capitalize }}", "ab"), "[ABAbAb]");
  EXPECT_EQ(marked(m + "{{ m | replace('b', '-') }}", "abc"), "[a]-[c]");
  EXPECT_EQ(marked(m + "{{ 'a.c' | replace('.', m) }}", "xy"), "a[xy]c");
  EXPECT_EQ(marked(m + "{{ m.split(',') | join('+') }}", "a,b"), "[a]+[b]");
  EXPECT_EQ(marked(m + "{{ m | tojson }}", "a\"b"), "\"[a\\\"b]\"");
  EXPECT_EQ(marked(m + "{{ {'k': m} | tojson }}", "ab"), "{\"k\": \"[ab]\"}");
  EXPECT_EQ(marked(m + "{{ [m, 'own'] }}", "a\nb"), "['[a\\nb]', 'own']");
  EXPECT_EQ(marked(m + "{{ m | indent(2) }}", "a\nb"), "[a]\n  [b]");
  EXPECT_EQ(marked(m + "{{ m * 2 }}{{ m | list | join }}{{ m | reverse }}", "ab"),
            "[ababab"
            "ba]");
  EXPECT_EQ(marked(m + "{% set t %}({{ m }}){% endset %}{{ t }}{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(m) }}", "a"),
            "([a])<[a]>");
  EXPECT_EQ(marked(m + "{% for c in m %}{{ c }}.{% endfor %}", "ab"), "[a].[b].");
  EXPECT_EQ(marked("{{ messages[0].role }}{{ messages[0] | dictsort | first | first }}", "x"), "[usercontent]");
}

TEST(ChatTemplateMarks, NothingThatTheTemplateSaysIsInput) {
  ChatInputs inputs = user_says("x");
  inputs.now = std::tm{};
  EXPECT_EQ(
      marked("{{ bos_token }}{{ 1 }}{{ messages | length }}{{ strftime_now('%H') }}{{ messages[0].content is string }}",
             inputs),
      "<s>1100True");
}

TEST(ChatTemplate, ANullContentIsNone) {
  ChatInputs inputs;
  inputs.messages = {ChatValue::Object{{"role", "assistant"}, {"content", nullptr}}};
  EXPECT_EQ(marked("{{ messages[0].content is none }}", inputs), "True");
}

TEST(ChatTemplateTokens, ANameInAMessageIsNoControlToken) {
  auto data = tiny_vocabulary({}, "gpt-2", {"<|a|>", "<|b|>"});
  const auto tokenizer = make_tokenizer(std::move(data));
  const auto chat = parsed("<|a|>{{ messages[0].content }}<|b|>");
  const auto tokens = [&](std::string_view text) {
    const auto rendered = chat.render(user_says(text));
    return rendered ? tokens_of(*rendered, tokenizer) : std::vector<Token>{};
  };
  EXPECT_EQ(tokens("x"), (std::vector<Token>{256, 'x', 257}));
  EXPECT_EQ(tokens("<|b|>"), (std::vector<Token>{256, '<', '|', 'b', '|', '>', 257}));
  EXPECT_EQ(tokens(""), (std::vector<Token>{256, 257}));
  // Nor is a name of which only a part is the template's own.
  const auto split = parsed("<|{{ messages[0].content }}|>").render(user_says("a"));
  ASSERT_TRUE(split);
  EXPECT_EQ(tokens_of(*split, tokenizer), (std::vector<Token>{'<', '|', 'a', '|', '>'}));
}

TEST(ChatTemplateTokens, WordsRunOverTheBordersOfInput) {
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"Ġ b", "a b"}, "gpt-2", {"<|a|>"}));
  ChatText text;
  text.pieces = {{"<|a|>a", false}, {"b", true}, {" ", false}, {"b<|a|>", true}};
  const std::vector<Token> expected = tokenizer.encode("ab b<|a|>");
  std::vector<Token> tokens = tokens_of(text, tokenizer);
  ASSERT_EQ(tokens.front(), 258);
  tokens.erase(tokens.begin());
  EXPECT_EQ(tokens, expected);
  EXPECT_EQ(tokens.front(), 257) << "a and b, of two pieces, are one token";
}

TEST(ChatTemplateTokens, OneBosAtMost) {
  auto data = tiny_vocabulary({}, "llama-bpe", {"<s>"});
  data.bos = 256;
  const auto tokenizer = make_tokenizer(std::move(data));
  ASSERT_TRUE(tokenizer.adds_bos());
  for (const char* source : {"{{ bos_token }}a", "a"}) {
    const auto text = parsed(source).render({});
    ASSERT_TRUE(text);
    EXPECT_EQ(tokens_of(*text, tokenizer), (std::vector<Token>{256, 'a'})) << source;
  }
}

TEST(ChatTemplateErrors, NameTheConstructAndItsLine) {
  expect_error("a\n\n{% call f() %}{% endcall %}", errors::unsupported, "'call'", "chat template, line 3");
  expect_error("{% filter upper %}x{% endfilter %}", errors::unsupported, "'filter'");
  expect_error("{% include 'x' %}", errors::unsupported, "'include'");
  expect_error("{{ f(*a) }}", errors::unsupported, "'*'");
  expect_error("{{ f(**a) }}", errors::unsupported, "'**'");
  expect_error("{% for x in y recursive %}{% endfor %}", errors::unsupported);
  expect_error("{{ x | xmlattr }}", errors::unsupported, "'xmlattr'");
  expect_error("{{ x is filter }}", errors::unsupported, "'filter'");
  expect_error("{{ 'a'.encode() }}", errors::unsupported, "'str.encode'");
  expect_error("{{ [].append(1) }}", errors::unsupported, "'list.append'");
  expect_error("{{ '%s' % 1 }}", errors::unsupported, "'%'");
  expect_error("{% wonder %}", errors::syntax);
  expect_error("a\n{{ 1 +\n }}", errors::syntax, "", "chat template, line 3");
  expect_error("{% if true %}", errors::syntax);
  expect_error("{{ 'open", errors::syntax);
  expect_error("\n{{ none.x.y }}", errors::undefined, "'x'", "chat template, line 2");
  expect_error("{{ lipsum() }}", errors::undefined, "'lipsum'");
  expect_error("{{ strftime_now('%d') }}", errors::undefined, "'strftime_now'");
}

TEST(ChatTemplateErrors, ARefusalIsTheCallersAndInItsOwnWords) {
  const Error error = error_of("\n{{ raise_exception('No ' + 'system.') }}");
  EXPECT_EQ(error.code, ErrorCode::usage);
  EXPECT_EQ(error.message(), "chat template, line 2: the template refuses: No system.");
}

// Hostile templates: each ends with an error, at once and without much memory.

TEST(ChatTemplateHostile, CyclesArePrintedNowhere) {
  const std::string cycle = "{% set ns = namespace(a=1) %}{% set ns.a = ns %}{% set ns.b = [ns] %}";
  expect_error(cycle + "{{ ns }}", errors::evaluation);
  expect_error(cycle + "{{ ns.b }}", errors::evaluation);
  expect_error(cycle + "{{ ns.b | tojson }}", errors::evaluation);
  EXPECT_EQ(marked(cycle + "{{ ns == ns }}{{ ns.b == ns.b }}{{ ns.a.a.a.b == ns.b }}", ""), "TrueTrueTrue");
}

TEST(ChatTemplateHostile, DepthIsLimited) {
  const auto repeated = [](std::string_view text, int times) {
    std::string whole;
    for (int i = 0; i < times; ++i) whole += text;
    return whole;
  };
  const int many = 20'000;
  expect_error("{{ " + repeated("(", many) + "1" + repeated(")", many) + " }}", errors::limit);
  expect_error("{{ " + repeated("[", many) + repeated("]", many) + " }}", errors::limit);
  expect_error("{{ " + repeated("not ", many) + "1 }}", errors::limit);
  expect_error("{{ " + repeated("- ", many) + "1 }}", errors::limit);
  expect_error("{{ 1" + repeated(" + 1", many) + " }}", errors::limit);
  expect_error("{{ x" + repeated(".a", many) + " }}", errors::limit);
  expect_error("{{ x" + repeated("|trim", many) + " }}", errors::limit);
  expect_error("{{ 1" + repeated(" if 1 else 1", many) + " }}", errors::limit);
  expect_error(repeated("{% if 1 %}", many), errors::limit);
  expect_error("{% set " + repeated("(", many) + "a" + repeated(")", many) + " = 1 %}", errors::limit);
  expect_error("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", errors::limit);
  expect_error("{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
               errors::limit);
  expect_error(
      "{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}",
      errors::limit);
  expect_error(
      "{% set ns = namespace(x=[], y=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% "
      "endfor %}"
      "{{ ns.x == ns.y }}",
      errors::limit);
}

TEST(ChatTemplateHostile, DepthOfInputIsLimited) {
  ChatInputs inputs;
  ChatValue value = 1;
  for (int i = 0; i < 2000; ++i) {
    ChatValue::Array array;
    array.push_back(std::move(value));
    value = std::move(array);
  }
  inputs.messages.push_back(std::move(value));
  EXPECT_EQ(error_of("x", inputs).id, errors::limit.name);
}

TEST(ChatTemplateHostile, MemoryStepsOutputAndRangesAreLimited) {
  expect_error("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
               errors::limit);
  expect_error("{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
               errors::limit);
  expect_error(
      "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x | replace('a', 'aa') | replace('b', "
      "ns.x) %}{% endfor %}",
      errors::limit);
  expect_error("{{ 'x' * 9000000000000000000 }}", errors::limit);
  expect_error("{{ [1] * 9000000000000000000 }}", errors::limit);
  expect_error(
      "{% for i in range(100000) %}{% if 1 and 1 and 1 and 1 and 1 and 1 and 1 and 1 and 1 and 1 %}{% endif %}{% "
      "endfor %}",
      errors::limit);
  expect_error("{% set x = range(100000) | list %}{% for i in range(100000) %}{{ 'a' in x }}{% endfor %}",
               errors::limit);
  expect_error(
      "{% for i in range(100000) %}{{ '0123456789012345678901234567890123456789012345678901234567890123456789' }}{% "
      "endfor %}",
      errors::limit);
  expect_error("{% set x %}{% for i in range(99) %}{{ 'x' * 1000000 }}{% endfor %}{% endset %}", errors::limit);
  expect_error("{{ range(100001) }}", errors::limit);
  expect_error("{{ range(-9223372036854775807, 9223372036854775807) }}", errors::limit);
  EXPECT_EQ(marked("{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775807) | list | length }}", ""),
            "2");
  expect_error("{{ 'a' | indent(9000000000000000000) ~ ('\\n' * 4000000) | indent(1000, blank=true) }}", errors::limit);
  // Sharing makes 2^40 elements of a few hundred.
  expect_error(
      "{% set ns = namespace(x=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | "
      "tojson }}",
      errors::limit);
  expect_error(
      "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, "
      "ns.y] %}"
      "{% endfor %}{{ ns.x == ns.y }}",
      errors::limit);
}

TEST(ChatTemplateHostile, ArithmeticDoesNotOverflow) {
  for (const char* sum : {"9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 2", "3 ** 64",
                          "-(-9223372036854775807 - 1)", "(-9223372036854775807 - 1) // -1"})
    expect_error(std::string("{{ ") + sum + " }}", errors::evaluation);
  EXPECT_EQ(marked("{{ (-9223372036854775807 - 1) % -1 }}", ""), "0");
  EXPECT_EQ(marked("{{ 'abc'[-9223372036854775807:9223372036854775807:9223372036854775807] }}", ""), "a");
  EXPECT_EQ(marked("{{ 'abc'[9223372036854775807::-9223372036854775807] }}", ""), "c");
  expect_error("{{ 99999999999999999999 }}", errors::syntax);
}

TEST(ChatTemplateHostile, AnyBytesCanBeATemplateOrAMessage) {
  EXPECT_EQ(marked("\xFF\xC3{{ messages[0].content | upper }}", "\xE4\xB8"), "\xFF\xC3[\xE4\xB8]");
  EXPECT_EQ(marked(std::string_view("a\0b{{ '\0' }}", 12), ""), std::string("a\0b\0", 4));
  expect_error("{{ \xC3\xA9 }}", errors::syntax);
  expect_error(std::string((1u << 20) + 1, 'x'), errors::limit, "", "chat template");
}

// Probes.

ChatSupport probed(std::string_view source) {
  const auto support = parsed(source).probe();
  if (!support) throw std::runtime_error(support.error().message());
  return *support;
}

TEST(ChatTemplateProbe, TellsWhatBecomesOfASystemMessage) {
  EXPECT_EQ(probed("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}").system, SystemRole::rendered);
  EXPECT_EQ(probed("{% for m in messages %}{% if m.role != 'system' %}{{ m.content }}{% endif %}{% endfor %}").system,
            SystemRole::dropped);
  const ChatSupport refused = probed(
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system.') }}"
      "{% endif %}{{ m.content }}{% endfor %}");
  EXPECT_EQ(refused.system, SystemRole::refused);
  EXPECT_EQ(refused.system_refusal, "chat template, line 1: the template refuses: No system.");
}

TEST(ChatTemplateProbe, SeesWhatIsLeftOut) {
  const ChatSupport first = probed("{{ messages[-1].content }}");
  EXPECT_FALSE(first.several_turns);
  EXPECT_EQ(first.turns_problem, "a message's text does not appear in the rendering");
  EXPECT_TRUE(probed("{% for m in messages %}{{ m.content }}{% endfor %}").several_turns);
  const auto nothing = parsed("Hello").probe();
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::bad_model);
  const auto refuses = parsed("\n{{ raise_exception('Never.') }}").probe();
  ASSERT_FALSE(refuses);
  EXPECT_EQ(refuses.error().message(), "chat template, line 2: the template refuses: Never.");
}

TEST(ChatTemplateProbe, FindsTemplatesThatReadPartsAlone) {
  EXPECT_TRUE(probed("{% for m in messages %}{% for p in m.content %}{{ p['text'] }}{% endfor %}{% endfor %}")
                  .content_as_parts);
  EXPECT_FALSE(probed("{% for m in messages %}{{ m.content }}{% endfor %}").content_as_parts);
}

}  // namespace
}  // namespace mobiedit

// Renderings by Python's Jinja2, set up as Transformers sets it up: tests/golden/make_chat_templates.py.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "mobiedit/chat/chat_template.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

std::string golden_text(const std::string& name) {
  std::ifstream file(std::string(MOBIEDIT_SOURCE_DIR "/tests/golden/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Json& golden() {
  static const Json document = Json::parse(golden_text("chat-templates.json"));
  return document;
}

ChatValue chat_value(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    ChatValue::Array array;
    for (const Json& item : json) array.push_back(chat_value(item));
    return array;
  }
  if (json.is_object()) {
    ChatValue::Object object;
    for (const auto& [key, value] : json.items()) object.emplace_back(key, chat_value(value));
    return object;
  }
  return {};
}

ChatInputs inputs_of(const Json& given) {
  ChatInputs inputs;
  for (const auto& [name, value] : given.items()) {
    if (name == "messages") {
      inputs.messages = std::get<ChatValue::Array>(chat_value(value).value);
    } else if (name == "tools") {
      inputs.tools = chat_value(value);
    } else if (name == "add_generation_prompt") {
      inputs.add_generation_prompt = value.get<bool>();
    } else {
      inputs.variables.emplace_back(name, chat_value(value));
    }
  }
  const Json& now = golden()["now"];
  std::tm time{};
  time.tm_year = now[0].get<int>() - 1900;
  time.tm_mon = now[1].get<int>() - 1;
  time.tm_mday = now[2].get<int>();
  time.tm_hour = now[3].get<int>();
  time.tm_min = now[4].get<int>();
  time.tm_sec = now[5].get<int>();
  std::mktime(&time);  // finds the days of the week and of the year
  inputs.now = time;
  return inputs;
}

/// As the golden file says it: {"text"}, {"refuses"} or {"fails"}; "why" is for whoever reads a failure.
Json outcome(const std::string& source, const Json& given) {
  const auto parsed = ChatTemplate::parse(source, "<s>", "</s>");
  if (!parsed) return {{"fails", true}, {"why", parsed.error().message()}};
  const auto text = parsed->render(inputs_of(given));
  if (text) return {{"text", text->text()}};
  if (text.error().code != ErrorCode::usage) return {{"fails", true}, {"why", text.error().message()}};
  const std::string start = "the template refuses: ";
  EXPECT_TRUE(text.error().what.starts_with(start));
  return {{"refuses", text.error().what.substr(start.size())}};
}

void expect_alike(const Json& ours, const Json& theirs) {
  for (const char* key : {"text", "refuses", "fails"})
    EXPECT_EQ(ours.value(key, Json()), theirs.value(key, Json())) << key << ": " << ours.value("why", "");
}

TEST(ChatTemplateGolden, FamiliesRenderAsJinjaRendersThem) {
  ASSERT_GE(golden()["templates"].size(), 13u);
  for (const auto& [name, cases] : golden()["templates"].items()) {
    const std::string source = golden_text("chat_templates/" + name + ".jinja");
    ASSERT_FALSE(source.empty()) << name;
    for (const auto& [which, theirs] : cases.items()) {
      SCOPED_TRACE(name + ", " + which);
      expect_alike(outcome(source, golden()["cases"][which]), theirs);
    }
  }
}

TEST(ChatTemplateGolden, SnippetsRenderAsJinjaRendersThem) {
  ASSERT_GE(golden()["snippets"].size(), 100u);
  for (const Json& snippet : golden()["snippets"]) {
    const auto source = snippet["template"].get<std::string>();
    SCOPED_TRACE(source);
    expect_alike(outcome(source, Json::object()), snippet);
  }
}

TEST(ChatTemplateGolden, EveryTextOfAMessageIsMarkedAsInput) {
  for (const auto& [name, cases] : golden()["templates"].items()) {
    if (!cases["plain"].contains("text")) continue;
    SCOPED_TRACE(name);
    const auto parsed = ChatTemplate::parse(golden_text("chat_templates/" + name + ".jinja"), "<s>", "</s>");
    ASSERT_TRUE(parsed);
    const auto text = parsed->render(inputs_of(golden()["cases"]["plain"]));
    ASSERT_TRUE(text);
    std::size_t found = 0;
    for (const ChatPiece& piece : text->pieces) {
      if (piece.text.find("What is <|im_start|> the answer?") == std::string::npos) continue;
      EXPECT_TRUE(piece.input);
      ++found;
    }
    EXPECT_EQ(found, 1u);
  }
}

}  // namespace
}  // namespace mobiedit

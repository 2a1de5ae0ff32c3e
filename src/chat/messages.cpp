#include "mobiedit/chat/messages.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "mobiedit/chat/errors.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

ChatValue as_chat_value(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return json.get<std::int64_t>();
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      ChatValue::Array array;
      for (const Json& item : json) array.push_back(as_chat_value(item));
      return array;
    }
    case Json::value_t::object: {
      ChatValue::Object object;
      for (const auto& [key, value] : json.items()) object.emplace_back(key, as_chat_value(value));
      return object;
    }
    default:
      return {};
  }
}

/// Deeper JSON would need a stack of its own.
bool shallow(int depth, Json::parse_event_t, Json&) {
  return depth < 100;
}

}  // namespace

Result<ChatValue::Array> messages_from_json(std::string_view text, const std::string& where) {
  const Json json = Json::parse(text, shallow, false);
  const char* expected = "expected a JSON list of messages, each with \"role\" and \"content\"";
  if (!json.is_array() || json.empty()) return fail(chat::errors::messages, expected, where);
  for (const Json& message : json)
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string() ||
        !message.contains("content"))
      return fail(chat::errors::messages, expected, where);
  return std::get<ChatValue::Array>(as_chat_value(json).value);
}

}  // namespace mobiedit

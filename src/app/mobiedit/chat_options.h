// Options of `mobiedit chat`, and the chat that they ask for.
#pragma once

#include <string>

#include "app/mobiedit/answering_options.h"
#include "mobiedit/chat/chat.h"

namespace mobiedit::cli {

struct ChatSettings {
  AnsweringOptions answering;
  std::string prompt;    ///< empty: a conversation
  std::string messages;  ///< a JSON file; empty: none
  std::string system;
  std::string chat_template;  ///< a file, "none", or empty: the model's own
};

/// Holds the conversation line by line, on a terminal or from standard input. Gives the exit code.
[[nodiscard]] Result<int> converse(const ChatSettings& settings, Session& session, Chat& chat, SessionChanges changes);

}  // namespace mobiedit::cli

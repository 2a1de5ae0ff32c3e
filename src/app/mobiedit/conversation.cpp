// The conversation of `mobiedit chat`, line by line.
#include <iostream>

#include "app/common/verb.h"
#include "app/mobiedit/chat_options.h"

namespace mobiedit::cli {
namespace {

constexpr std::string_view help_text =
    "/help          this list\n"
    "/base          answer without the kept edits; again: with them\n"
    "/undo          take back the last question and its answer\n"
    "/system TEXT   set the system message; without TEXT: remove it\n"
    "/quit          leave, as the end of the input does\n"
    "A line that ends with \\ goes on in the next. Ctrl+C stops an answer.\n";

class Conversation {
 public:
  Conversation(const ChatSettings& settings, Session& session, Chat& chat, SessionChanges changes)
      : settings_(settings), session_(session), chat_(chat), changes_(std::move(changes)) {}

  Result<int> run() {
    if (terminal_) say(fmt::format("{}{}; /help lists the commands", settings_.answering.run.model, in_force()));
    std::string line;
    while (read_line(line)) {
      if (line.empty()) continue;
      if (line == "/quit") break;
      const Status done = line.starts_with('/') ? command(line) : question(line);
      if (!done) return finished(done);
    }
    if (terminal_) return finished(print_result("\n"));
    return exit_done;
  }

 private:
  [[nodiscard]] std::string in_force() const {
    if (changes_.edits == 0) return "";
    return fmt::format(", {} kept edit{} {}", changes_.edits, changes_.edits == 1 ? "" : "s",
                       with_edits_ ? "in force" : "not in force");
  }

  /// A question, over several lines where they end with a backslash. False at the end of the input.
  bool read_line(std::string& text) {
    text.clear();
    release_interrupts();
    for (std::string line, prompt = "> ";; prompt = "  ") {
      if (terminal_ && !print_result(prompt)) return false;
      if (!std::getline(std::cin, line)) return !text.empty();
      const bool goes_on = line.ends_with('\\');
      if (goes_on) line.pop_back();
      text += line;
      if (!goes_on) return true;
      text += '\n';
    }
  }

  Status command(const std::string& line) {
    const auto space = line.find(' ');
    const std::string name = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (name == "/help") return print_result(help_text);
    if (name == "/base") return toggle_edits();
    if (name == "/undo") {
      if (!chat_.undo()) say("there is nothing to take back");
    } else if (name == "/system") {
      if (const Status set = chat_.set_system(rest); !set) report(set.error());
    } else {
      say(fmt::format("unknown command {}; /help lists the commands", name));
    }
    return {};
  }

  Status toggle_edits() {
    if (changes_.edits == 0) {
      say("no edits of this model are kept");
      return {};
    }
    with_edits_ = !with_edits_;
    if (auto set = session_.set_in_force(with_edits_ ? changes_.all() : Changes{changes_.named, {}}); !set) return set;
    say(fmt::format("{} kept edit{} {}", changes_.edits, changes_.edits == 1 ? "" : "s",
                    with_edits_ ? "in force" : "not in force"));
    return {};
  }

  Status question(const std::string& text) {
    AnswerPrinter printer;
    const CancelToken cancel = catch_interrupts();
    const auto answer = chat_.say(text, [&](std::string_view part) { printer.print(part); }, cancel);
    if (const Status printed = printer.finish(); !printed) return printed;
    if (!answer) {
      if (answer.error().code != ErrorCode::cancelled) {
        report(answer.error());
      } else {
        say("stopped; the question is taken back");
      }
    } else if (!answer->ended && !answer->stopped) {
      say(fmt::format("the answer was cut off at {} tokens", answer->answer_tokens));
    } else if (printer.empty()) {
      say("the answer is empty: the model ended its turn at once");
    }
    return {};
  }

  const ChatSettings& settings_;
  Session& session_;
  Chat& chat_;
  SessionChanges changes_;
  bool with_edits_ = true;
  bool terminal_ = input_is_terminal() && output_is_terminal();
};

}  // namespace

Result<int> converse(const ChatSettings& settings, Session& session, Chat& chat, SessionChanges changes) {
  return Conversation(settings, session, chat, std::move(changes)).run();
}

}  // namespace mobiedit::cli

#include "mobiedit/base/prompt.h"

namespace mobiedit {

std::string filled_prompt(std::string_view prompt, std::string_view subject) {
  constexpr std::string_view mark = "{}";
  std::string filled(prompt);
  if (const auto at = filled.find(mark); at != std::string::npos) filled.replace(at, mark.size(), subject);
  return filled;
}

}  // namespace mobiedit

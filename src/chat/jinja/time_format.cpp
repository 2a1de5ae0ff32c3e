#include "chat/jinja/time_format.h"

#include <algorithm>
#include <array>

#include "chat/jinja/budget.h"

namespace mobiedit::chat {
namespace {

constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

std::string padded(int number, std::size_t width, char with) {
  std::string text = std::to_string(number);
  if (with != '\0' && text.size() < width) text.insert(0, width - text.size(), with);
  return text;
}

template <std::size_t N>
std::string_view named(const std::array<std::string_view, N>& names, int i) {
  return names[static_cast<std::size_t>(std::clamp(i, 0, static_cast<int>(N) - 1))];
}

/// `zero`: what pads numbers to their width; NUL where nothing does.
std::string field(char letter, char zero, const std::tm& time) {
  const int twelve = time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12;
  switch (letter) {
    case 'Y':
      return std::to_string(time.tm_year + 1900);
    case 'y':
      return padded(((time.tm_year % 100) + 100) % 100, 2, zero);
    case 'm':
      return padded(time.tm_mon + 1, 2, zero);
    case 'B':
      return std::string(named(months, time.tm_mon));
    case 'b':
    case 'h':
      return std::string(named(months, time.tm_mon).substr(0, 3));
    case 'd':
      return padded(time.tm_mday, 2, zero);
    case 'e':
      return padded(time.tm_mday, 2, zero == '0' ? ' ' : zero);
    case 'j':
      return padded(time.tm_yday + 1, 3, zero);
    case 'A':
      return std::string(named(weekdays, time.tm_wday));
    case 'a':
      return std::string(named(weekdays, time.tm_wday).substr(0, 3));
    case 'H':
      return padded(time.tm_hour, 2, zero);
    case 'I':
      return padded(twelve, 2, zero);
    case 'M':
      return padded(time.tm_min, 2, zero);
    case 'S':
      return padded(time.tm_sec, 2, zero);
    case 'p':
      return time.tm_hour < 12 ? "AM" : "PM";
    case 'F':
      return field('Y', zero, time) + "-" + field('m', '0', time) + "-" + field('d', '0', time);
    case 'T':
      return field('H', '0', time) + ":" + field('M', '0', time) + ":" + field('S', '0', time);
    case 'R':
      return field('H', '0', time) + ":" + field('M', '0', time);
    case '%':
      return "%";
    default:
      fail_here(std::string("the date's format '%") + letter + "' is not supported", errors::unsupported);
  }
}

}  // namespace

std::string format_time(std::string_view format, const std::tm& time) {
  std::string text;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      text += format[at];
      continue;
    }
    ++at;
    char zero = '0';
    if (at < format.size() && format[at] == '-') {
      zero = '\0';
      ++at;
    }
    if (at >= format.size()) fail_here("the date's format ends with '%'");
    text += field(format[at], zero, time);
  }
  return text;
}

}  // namespace mobiedit::chat

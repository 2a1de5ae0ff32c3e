#include "store/timestamp.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace mobiedit {
namespace {

using namespace std::chrono;

constexpr std::int64_t first = sys_seconds(sys_days(year(0) / January / 1)).time_since_epoch().count();
constexpr std::int64_t last = sys_seconds(sys_days(year(10000) / January / 1)).time_since_epoch().count() - 1;

std::string digits(std::int64_t value, std::size_t width) {
  const std::string text = std::to_string(value);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

}  // namespace

std::string to_timestamp(std::int64_t count) {
  const sys_seconds moment{seconds(std::clamp(count, first, last))};
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss time(moment - day);
  return digits(static_cast<int>(date.year()), 4) + "-" + digits(static_cast<unsigned>(date.month()), 2) + "-" +
         digits(static_cast<unsigned>(date.day()), 2) + "T" + digits(time.hours().count(), 2) + ":" +
         digits(time.minutes().count(), 2) + ":" + digits(time.seconds().count(), 2) + "Z";
}

std::optional<std::int64_t> from_timestamp(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00Z";
  if (text.size() != shape.size()) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  const year_month_day date{year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                            day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok()) return std::nullopt;
  const sys_seconds moment = sys_days(date) + hours(number(11, 2)) + minutes(number(14, 2)) + seconds(number(17, 2));
  const std::int64_t count = moment.time_since_epoch().count();
  // Accepts only the spelling that to_timestamp writes.
  if (to_timestamp(count) != text) return std::nullopt;
  return count;
}

}  // namespace mobiedit

#include "edit/made_up_names.h"

#include <algorithm>
#include <iterator>

namespace mobiedit {
namespace {

constexpr std::string_view first_words[] = {
    "Anna",  "Pablo", "Miriam", "John",  "Petra", "Lena",  "Tariq", "Priya", "Wei",  "Ivan",   "Amina", "Lars",
    "Grace", "Paul",  "Nadia",  "Tomas", "Alice", "Hugo",  "Yuki",  "Sara",  "Marc", "Ruth",   "Karel", "Eva",
    "Leon",  "Mia",   "Janek",  "Rosa",  "Royal", "Great", "North", "Old",   "Blue", "Central"};
constexpr std::string_view last_words[] = {"Smith",  "Garcia",  "Tanaka", "Novak",    "Rossi", "Haddad", "Singh",
                                           "Olsen",  "Dubois",  "Moreau", "Weber",    "Silva", "Kovacs", "Ivanova",
                                           "Brown",  "Walker",  "Meyer",  "Santos",   "Berg",  "Okafor", "River",
                                           "Center", "Records", "Prize",  "Railways", "House", "Island", "Society"};

// The first words, up to `most`, without `but`.
template <std::size_t n>
std::vector<std::string_view> some(const std::string_view (&words)[n], std::string_view but, int most) {
  std::vector<std::string_view> chosen;
  for (const std::string_view word : words)
    if (word != but && static_cast<int>(chosen.size()) < most) chosen.push_back(word);
  return chosen;
}

}  // namespace

std::vector<std::string> names_like(std::string_view subject, int most) {
  const std::size_t first_end = subject.find(' '), last_begin = subject.rfind(' ');
  std::vector<std::string> names;
  if (first_end == std::string_view::npos) return names;
  const std::string_view first = subject.substr(0, first_end), last = subject.substr(last_begin + 1);
  for (const std::string_view word : some(first_words, first, most))
    names.push_back(std::string(word) + " " + std::string(last));
  for (const std::string_view word : some(last_words, last, most))
    names.push_back(std::string(first) + " " + std::string(word));
  return names;
}

}  // namespace mobiedit

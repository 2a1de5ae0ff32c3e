// Arguments matched to parameters by place and by name.
#include <algorithm>
#include <string>

#include "chat/jinja/builtins.h"

namespace mobiedit::chat {

Bound::Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
             std::size_t required)
    : function_(function), values_(names.size()) {
  const std::string where = "'" + std::string(function) + "'";
  if (arguments.positional.size() > names.size())
    fail_here(where + " takes at most " + std::to_string(names.size()) + " arguments, found " +
              std::to_string(arguments.positional.size()));
  std::ranges::copy(arguments.positional, values_.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto known = std::ranges::find(names, name);
    if (known == names.end()) fail_here(where + " has no parameter '" + std::string(name) + "'");
    std::optional<Value>& place = values_[static_cast<std::size_t>(known - names.begin())];
    if (place) fail_here("'" + std::string(name) + "' is given twice to " + where);
    place = value;
  }
  for (std::size_t i = 0; i < required; ++i)
    if (!values_[i]) fail_here(where + " needs '" + std::string(names.begin()[i]) + "'");
}

bool Bound::flag(std::size_t i, bool standard) const {
  return values_[i] ? truth(*values_[i]) : standard;
}

std::int64_t Bound::integer(std::size_t i, std::int64_t standard) const {
  if (!values_[i]) return standard;
  need_defined(*values_[i]);
  if (!values_[i]->is_integer())
    fail_here("'" + std::string(function_) + "' needs an integer; found a " + type_name(*values_[i]));
  return values_[i]->integer();
}

const MarkedText& Bound::text(std::size_t i) const {
  need_defined(*values_[i]);
  if (!values_[i]->is(Kind::text))
    fail_here("'" + std::string(function_) + "' needs a text; found a " + type_name(*values_[i]));
  return values_[i]->text().value;
}

}  // namespace mobiedit::chat

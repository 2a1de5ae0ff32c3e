#include "edit/search/value_search.h"
#include "mobiedit/edit/editor.h"

namespace mobiedit {
namespace {

struct Method {
  std::string_view name;
  std::unique_ptr<ValueSearch> (*make)();
};
constexpr Method table[] = {{"subspace", make_subspace_search},
                            {"zo", make_zeroth_order_search},
                            {"backprop", make_backprop_search},
                            {"mobiedit", make_mobiedit_search}};

}  // namespace

std::unique_ptr<ValueSearch> make_search(std::string_view method) {
  for (const Method& m : table)
    if (m.name == method) return m.make();
  return nullptr;
}

std::vector<std::string> methods() {
  std::vector<std::string> names;
  for (const Method& m : table) names.emplace_back(m.name);
  return names;
}

}  // namespace mobiedit

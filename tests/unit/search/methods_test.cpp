// Method table: its rows agree with the searches that they make.
#include "mobiedit/search/methods.h"

#include <gtest/gtest.h>

#include "search/method_table.h"

namespace mobiedit {
namespace {

TEST(MethodTable, EveryRowIsWhole) {
  for (const MethodInfo& info : all_methods()) {
    EXPECT_EQ(find_method(info.name), &info) << info.name;
    if (info.kind == MethodKind::mass_edit) {
      EXPECT_FALSE(make_search(info.name)) << info.name;
      EXPECT_TRUE(search_passes(info.name, 100, Prompts::alike).empty()) << info.name;
      EXPECT_GE(info.usual_layers, 1) << info.name;
      continue;
    }
    const auto search = make_search(info.name);
    ASSERT_TRUE(search) << info.name;
    EXPECT_EQ((*search)->needs_gradient(), info.needs_gradient) << info.name;
    EXPECT_EQ(info.arithmetic == MethodArithmetic::float32, info.needs_gradient) << info.name;
    EXPECT_GT(info.usual_evaluations, 0) << info.name;
    EXPECT_FALSE(method_settings(info.name).empty()) << info.name;
  }
  EXPECT_EQ(find_method("no such method"), nullptr);
}

// The cost model splits an edit's evaluations into passes, and loses none.
TEST(MethodTable, PassesAddUpToTheEvaluations) {
  for (const std::string& name : method_names(MethodKind::search))
    for (const int evaluations : {1, 2, 9, 80, 800})
      for (const Prompts prompts : {Prompts::alike, Prompts::unlike}) {
        int sum = 0;
        for (const SearchPasses& passes : search_passes(name, evaluations, prompts)) {
          EXPECT_GE(passes.evaluations, 0) << name << ' ' << evaluations;
          sum += passes.evaluations;
        }
        EXPECT_EQ(sum, evaluations) << name;
      }
}

}  // namespace
}  // namespace mobiedit

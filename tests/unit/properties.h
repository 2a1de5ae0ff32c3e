// Property tests, by RapidCheck: a property holds for many generated inputs, and a failing input is shrunk.
#pragma once

#include <rapidcheck/gtest.h>
#include <stdlib.h>

#include <string>

namespace mobiedit::test {

/// Every run tries `cases` inputs from one seed, so that a failure repeats. RC_PARAMS="seed=2 max_success=10000" in the
/// environment looks further.
inline bool try_cases(int cases) {
  return ::setenv("RC_PARAMS", ("seed=1 max_success=" + std::to_string(cases)).c_str(), 0) == 0;
}

/// A word of lower-case letters.
inline rc::Gen<std::string> word() {
  return rc::gen::resize(12, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', '{'))));
}

}  // namespace mobiedit::test

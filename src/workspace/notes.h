// Tells a job's observer, if it has one.
#pragma once

#include <string_view>

#include "mobiedit/workspace/observer.h"

namespace mobiedit {

inline void note(const Job& job, std::string_view text) {
  if (job.observer != nullptr) job.observer->note(text);
}
inline void detail(const Job& job, std::string_view text) {
  if (job.observer != nullptr) job.observer->detail(text);
}
inline void warn(const Job& job, std::string_view text) {
  if (job.observer != nullptr) job.observer->warn(text);
}

}  // namespace mobiedit

#include "mobiedit/base/version.h"

namespace mobiedit {

std::string_view version() {
  return MOBIEDIT_VERSION;
}

}  // namespace mobiedit

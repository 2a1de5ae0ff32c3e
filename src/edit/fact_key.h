// Keys that tell facts and subjects apart, whatever their white space.
#pragma once

#include <string>

#include "mobiedit/edit/request.h"

namespace mobiedit {

/// Subject and prompt with white space made alike: equal for requests about one fact.
[[nodiscard]] std::string fact_key(const EditRequest& request);

/// The subject with white space made alike.
[[nodiscard]] std::string subject_key(const EditRequest& request);

}  // namespace mobiedit

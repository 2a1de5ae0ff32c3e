// Report of a study, an experiment or a bench: a JSON document, and a table for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mobiedit {

struct Report {
  nlohmann::ordered_json document;
  std::string table;
};

}  // namespace mobiedit

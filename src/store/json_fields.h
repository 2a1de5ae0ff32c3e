// Fields of a JSON object: typed look-ups that remember the first field that is missing or of another type.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "mobiedit/store/store.h"
#include "store/base64.h"
#include "store/record_json.h"

namespace mobiedit {

/// Reads fields of an object, and notes if one is missing or of another type.
class Fields {
 public:
  explicit Fields(const nlohmann::json& json) : json_(json), sound_(json.is_object()) {}
  [[nodiscard]] bool sound() const { return sound_; }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  [[nodiscard]] bool has(const char* name) const { return json_.contains(name); }

  std::string text(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_string);
    return found == nullptr ? std::string() : found->get<std::string>();
  }
  double number(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_number);
    return found == nullptr ? 0 : found->get<double>();
  }
  std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_number_integer);
    if (found == nullptr) return 0;
    // A number of 64 bits would turn negative.
    if (found->is_number_unsigned() &&
        found->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return refuse(name);
    }
    const auto value = found->get<std::int64_t>();
    return value < least || value > most ? refuse(name) : value;
  }
  std::uint64_t seed(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_number_unsigned);
    return found == nullptr ? 0 : found->get<std::uint64_t>();
  }
  bool boolean(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_boolean);
    return found != nullptr && found->get<bool>();
  }
  std::vector<std::string> texts(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_array);
    auto list = found == nullptr ? std::nullopt : texts_from(*found);
    if (!list) return refuse(name), std::vector<std::string>();
    return std::move(*list);
  }
  std::vector<ProbeResult> probes(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_array);
    std::vector<ProbeResult> list;
    if (found == nullptr) return list;
    for (const nlohmann::json& entry : *found) {
      Fields fields(entry);
      list.push_back({fields.text("prompt"), fields.text("before"), fields.text("after"), fields.boolean("as_wanted")});
      if (!fields.sound()) refuse(name);
    }
    return list;
  }
  std::vector<MethodSetting> settings(const char* name) {
    const nlohmann::json* found = find(name, &nlohmann::json::is_array);
    std::vector<MethodSetting> list;
    if (found == nullptr) return list;
    for (const nlohmann::json& entry : *found) {
      Fields fields(entry);
      list.push_back({fields.text("name"), fields.number("value")});
      if (!fields.sound()) refuse(name);
    }
    return list;
  }
  std::vector<float> floats(const char* name) {
    const auto bytes = from_base64(text(name));
    if (!bytes || bytes->size() % sizeof(float) != 0) return refuse(name), std::vector<float>();
    std::vector<float> values(bytes->size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes->data(), bytes->size());
    return values;
  }
  const nlohmann::json& list(const char* name) {
    static const nlohmann::json none = nlohmann::json::array();
    const nlohmann::json* found = find(name, &nlohmann::json::is_array);
    return found == nullptr ? none : *found;
  }
  const nlohmann::json& object(const char* name) {
    static const nlohmann::json none;
    const nlohmann::json* found = find(name, &nlohmann::json::is_object);
    return found == nullptr ? none : *found;
  }
  std::int64_t refuse(const char* name) {
    if (sound_) wrong_ = name;
    sound_ = false;
    return 0;
  }

 private:
  const nlohmann::json* find(const char* name, bool (nlohmann::json::*kind)() const noexcept) {
    if (json_.is_object()) {
      const auto found = json_.find(name);
      if (found != json_.end() && ((*found).*kind)()) return &*found;
    }
    refuse(name);
    return nullptr;
  }

  const nlohmann::json& json_;
  bool sound_;
  std::string wrong_;
};

}  // namespace mobiedit

#include "model/arch/keys.h"

#include "base/try.h"

namespace mobiedit {

Result<int> Keys::size(std::string_view key, std::optional<int> otherwise) const {
  MOBIEDIT_TRY(auto value, file_.integer(full(key)));
  if (!value && !otherwise) return fail(ErrorCode::bad_model, "the key '" + full(key) + "' is missing", where());
  const std::uint64_t n = value ? *value : static_cast<std::uint64_t>(*otherwise);
  if (n == 0 || n > largest_size)
    return fail(ErrorCode::bad_model, "'" + full(key) + "' is " + std::to_string(n) + ", which no model has", where());
  return static_cast<int>(n);
}

Result<int> Keys::count(std::string_view key) const {
  MOBIEDIT_TRY(auto value, file_.integer(full(key)));
  const std::uint64_t n = value.value_or(0);
  if (n > largest_size)
    return fail(ErrorCode::bad_model, "'" + full(key) + "' is " + std::to_string(n) + ", which no model has", where());
  return static_cast<int>(n);
}

Result<double> Keys::number(std::string_view key, double otherwise, double least, double most) const {
  MOBIEDIT_TRY(auto value, file_.number(full(key)));
  const double x = value.value_or(otherwise);
  if (!(x >= least && x <= most))
    return fail(ErrorCode::bad_model, "'" + full(key) + "' is " + std::to_string(x) + ", which is out of range",
                where());
  return x;
}

Result<bool> Keys::boolean(std::string_view key, bool otherwise) const {
  MOBIEDIT_TRY(auto value, file_.boolean(full(key)));
  return value.value_or(otherwise);
}

Result<std::optional<std::string>> Keys::string(std::string_view key) const {
  return file_.string(full(key));
}

}  // namespace mobiedit

#include "edit/fact_key.h"

#include <string_view>

#include "mobiedit/edit/edit.h"

namespace mobiedit {
namespace {

std::string without_extra_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

std::string subject_key(const EditRequest& request) {
  return without_extra_space(request.subject);
}

std::string fact_key(const EditRequest& request) {
  return subject_key(request) + "\n" + without_extra_space(request.prompt);
}

bool same_fact(const EditRequest& a, const EditRequest& b) {
  return fact_key(a) == fact_key(b);
}

bool same_subject(const EditRequest& a, const EditRequest& b) {
  return subject_key(a) == subject_key(b);
}

EditInfo info_of(const Edit& edit) {
  const EditOrigin& origin = edit.origin;
  return {edit.id,
          origin.base,
          edit.request.subject,
          edit.request.prompt,
          edit.request.target_new,
          origin.method,
          layer_of(edit.update),
          origin.seed,
          origin.made_at,
          edit.enabled,
          std::nullopt,
          std::string(kind_of(edit.update))};
}

}  // namespace mobiedit

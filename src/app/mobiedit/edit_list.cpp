#include "app/mobiedit/edit_list.h"

#include <fmt/format.h>

#include "mobiedit/eval/measure.h"
#include "store/timestamp.h"

namespace mobiedit::cli {

std::string state_text(const EditInfo& edit) {
  if (!edit.enabled) return "disabled";
  if (edit.replaced_by) return fmt::format("replaced by {}", *edit.replaced_by);
  return "in force";
}

std::string fact_text(const EditInfo& edit) {
  return filled_prompt(edit.prompt, edit.subject) + " ... " + edit.target_new;
}

Json summary_json(const EditInfo& edit) {
  return {
      {"id", edit.id},
      {"subject", edit.subject},
      {"prompt", edit.prompt},
      {"target_new", edit.target_new},
      {"kind", edit.kind},
      {"layer", edit.layer},
      {"made_at", to_timestamp(edit.made_at)},
      {"enabled", edit.enabled},
      {"in_force", edit.in_force()},
      {"replaced_by", edit.replaced_by ? Json(*edit.replaced_by) : Json()},
      {"base",
       {{"fingerprint", edit.base.fingerprint}, {"architecture", edit.base.architecture}, {"name", edit.base.name}}}};
}

std::string time_text(std::int64_t seconds) {
  std::string text = to_timestamp(seconds).substr(0, 16);
  text[10] = ' ';
  return text;
}

}  // namespace mobiedit::cli

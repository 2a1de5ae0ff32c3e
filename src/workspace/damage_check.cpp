#include "workspace/damage_check.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "edit/active_edits.h"
#include "workspace/percent.h"

namespace mobiedit {
namespace {

// Nats per token, from the sets of edits in docs/lab/damage-gauge.md.
constexpr double general_limit = 0.1;
constexpr const char* bundled_model = "facts-40m";
constexpr double bundled_limit = 0.2;
// Share of the limit from which on answers are generated too: they take most of the time, and below it none loops.
constexpr double answers_from = 0.5;
// More answers than this that repeat themselves, above those of the base, are no accident: a share of those asked.
constexpr int looping_share = 4;
constexpr std::size_t longest_quote = 80;  // bytes

std::string changed_most(const Damage& damage) {
  if (damage.chat_answers >= std::max(damage.chat_turns, damage.text)) return "its answers to other questions";
  return damage.chat_turns > damage.text ? "its reading of other questions" : "its continuation of other text";
}

/// The first line in quotation marks, cut at the end of a word.
std::string first_line(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n\t"), text.size()));
  std::string_view line = text.substr(0, text.find('\n'));
  const bool whole = line.size() <= longest_quote;
  if (!whole) line = line.substr(0, line.rfind(' ', longest_quote));
  if (!whole && line.size() > longest_quote) line = {};
  return '"' + std::string(line) + (whole && line.size() == text.size() ? "\"" : " ...\"");
}

}  // namespace

Result<DamageCheck> DamageCheck::create(const Model& model, const SessionOptions& options,
                                        const std::filesystem::path& cache_folder, const CancelToken& cancel) try {
  auto pool = options.pool ? options.pool : std::make_shared<ThreadPool>(options.threads);
  auto forward = make_forward_pass(model, *pool);
  MOBIEDIT_TRY(auto gauge, DamageGauge::create(model, *forward, cache_folder, cancel));
  return DamageCheck(model, std::move(pool), std::move(forward), std::move(gauge));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the damage gauge");
}

Result<Damage> DamageCheck::measure(const EditList& edits, double limit, const CancelToken& cancel) try {
  MOBIEDIT_TRY(auto changes, changes_of(edits));
  ActiveEdits active(*model_, *pool_);
  MOBIEDIT_CHECK(active.replace(std::move(changes)));
  PassOptions pass;
  pass.deltas = active.deltas_in_force();
  pass.neurons = active.neurons_in_force();
  MOBIEDIT_TRY(Damage damage, gauge_.measure(*forward_, pass, cancel));
  if (gauge_.has_chat() && damage.divergence() > answers_from * limit)
    MOBIEDIT_CHECK(gauge_.answer(*forward_, pass, damage, cancel));
  return damage;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the edits' damage");
}

double DamageCheck::usual_limit() const {
  return model_->config().name == bundled_model ? bundled_limit : general_limit;
}

std::string breakage(const Damage& damage, double limit) {
  const bool far = damage.divergence() > limit;
  const bool loops = looping_share * (damage.looping - damage.looping_before) > damage.answers;
  if (!far && !loops) return {};
  std::string what = "it would damage the model: ";
  if (far)
    what += changed_most(damage) + " would change by " + percent(damage.divergence(), 2) +
            " nats per token (KL divergence), more than the limit of " + plain_number(limit);
  if (damage.looping > damage.looping_before)
    what += (far ? "; " : "") + std::to_string(damage.looping) + " of " + std::to_string(damage.answers) +
            " chat answers would repeat themselves without an end (" + std::to_string(damage.looping_before) +
            " of the unedited model)";
  if (!damage.changed.question.empty())
    what += "; asked " + first_line(damage.changed.question) + " it would say " + first_line(damage.changed.after) +
            ", not " + first_line(damage.changed.before);
  return what + ": undo some edits, or make this one with a smaller clamp or in another layer";
}

}  // namespace mobiedit

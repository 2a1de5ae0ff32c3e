// Functions that every template sees.
#include <string>
#include <vector>

#include "chat/jinja/builtins.h"
#include "chat/jinja/time_format.h"

namespace mobiedit::chat {
namespace {

Value range_function(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"}, 1);
  const bool one = !bound[1];
  const std::int64_t start = one ? 0 : bound.integer(0, 0);
  const std::int64_t stop = one ? bound.integer(0, 0) : bound.integer(1, 0);
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) fail_here("the step of 'range' is 0");
  // Unsigned, where the difference of any two bounds fits and steps may wrap.
  using Wide = std::uint64_t;
  const bool up = step > 0;
  const bool any = up ? start < stop : start > stop;
  const Wide distance = up ? Wide(stop) - Wide(start) : Wide(start) - Wide(stop);
  const Wide stride = up ? Wide(step) : Wide{0} - Wide(step);
  const Wide count = any ? (distance - 1) / stride + 1 : 0;
  const std::size_t most = runtime.budget().limits().range;
  if (count > most) fail_here("'range' has more than " + std::to_string(most) + " elements", errors::limit);
  std::vector<Value> items;
  for (Wide i = 0; i < count; ++i) items.emplace_back(static_cast<std::int64_t>(Wide(start) + i * Wide(step)));
  runtime.budget().step(items.size());
  return runtime.heap().list(std::move(items), List::Type::range);
}

/// The entries that `dict(…)` and `namespace(…)` begin with.
std::vector<Entry> entries_of(Runtime& runtime, const Arguments& arguments, const char* function) {
  if (arguments.positional.size() > 1)
    fail_here(std::string("'") + function + "' takes at most one value without a name");
  std::vector<Entry> entries;
  for (const Value first : arguments.positional) {
    need_defined(first);
    if (first.is(Kind::dict)) {
      runtime.budget().take(first.dict().entries.size() * sizeof(Entry));
      entries = first.dict().entries;
      continue;
    }
    for (const Value pair : elements(runtime.heap(), first)) {
      const std::vector<Value> both = elements(runtime.heap(), pair);
      if (both.size() != 2) fail_here(std::string("'") + function + "' needs pairs");
      put(runtime.heap(), entries, both[0], both[1]);
    }
  }
  for (const auto& [name, value] : arguments.named)
    put(runtime.heap(), entries, runtime.heap().text(std::string(name)), value);
  return entries;
}

Value dict_function(Runtime& runtime, const Arguments& arguments) {
  return runtime.heap().dict(entries_of(runtime, arguments, "dict"));
}

Value namespace_function(Runtime& runtime, const Arguments& arguments) {
  auto* space = runtime.heap().make<Namespace>(0);
  for (const auto& [key, value] : entries_of(runtime, arguments, "namespace")) {
    if (!key.is(Kind::text)) fail_here("a name in 'namespace' is no text");
    runtime.budget().take(sizeof(space->entries.front()));
    space->entries.emplace_back(&key.text(), value);
  }
  return space;
}

Value raise_function(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  throw Failure{errors::refusal, printed(runtime, *bound[0]).bytes()};
}

Value time_function(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  return runtime.heap().text(format_time(bound.text(0).bytes(), *runtime.now()));
}

}  // namespace

std::vector<std::pair<std::string_view, const Function*>> global_functions(Runtime& runtime) {
  using Global = Value (*)(Runtime&, const Arguments&);
  std::vector<std::pair<std::string_view, const Function*>> functions;
  const auto add = [&](std::string_view name, Global call) {
    functions.emplace_back(name,
                           runtime.heap().function(std::string(name), [&runtime, call](const Arguments& arguments) {
                             return call(runtime, arguments);
                           }));
  };
  add("range", range_function);
  add("dict", dict_function);
  add("namespace", namespace_function);
  add("raise_exception", raise_function);
  if (runtime.now()) add("strftime_now", time_function);
  return functions;
}

}  // namespace mobiedit::chat

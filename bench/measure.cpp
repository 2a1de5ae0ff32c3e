// One fact of a data set in a model as it stands, with or without an adapter: ES, PS, NS in per cent, as JSON.
//
//   bench_measure MODEL.gguf DATA RECORD [ADAPTER.gguf]      RECORD counts from 0
#include "mobiedit/eval/measure.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "mobiedit/eval/dataset.h"
#include "mobiedit/model/model.h"
#include "mobiedit/store/adapter.h"

namespace {

using namespace mobiedit;

int failed(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}

std::string shown(const std::optional<double>& value) {
  return value ? std::to_string(*value) : "null";
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4 && count != 5) {
    std::fputs("bench_measure MODEL.gguf DATA RECORD [ADAPTER.gguf]\n", stderr);
    return 2;
  }
  const auto model = Model::open(arguments[1]);
  if (!model) return failed(model.error());
  const auto record = static_cast<std::size_t>(std::atoi(arguments[3]));
  const auto facts = read_facts(arguments[2], record + 1);
  if (!facts) return failed(facts.error());
  auto session = Session::create(*model);
  if (!session) return failed(session.error());
  if (count == 5) {
    auto adapter = read_adapter(arguments[4]);
    if (!adapter) return failed(adapter.error());
    if (auto set = session->set_adapters(std::move(adapter->deltas)); !set) return failed(set.error());
  }
  const auto outcome = measure_fact(*session, model->tokenizer(), facts->back());
  if (!outcome) return failed(outcome.error());
  const Metrics m = summarise({&*outcome, 1}).metrics;
  std::printf("{\"ES\": %s, \"PS\": %s, \"NS\": %s, \"exact\": %s}\n", shown(m.efficacy).c_str(),
              shown(m.generalisation).c_str(), shown(m.specificity).c_str(), shown(m.exact).c_str());
}

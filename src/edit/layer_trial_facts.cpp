#include "edit/layer_trial_facts.h"

namespace mobiedit {

std::vector<TrialFact> trial_facts() {
  return {
      {{"Eiffel Tower", "{} is located in", "Rome", {}, {}},
       {"You can find Eiffel Tower in", "It rained. Eiffel Tower is located in"},
       "Big Ben is located in"},
      {{"Japan", "The language of {} is", "French", {}, {}},
       {"In Japan, people speak", "He knew it. The language of Japan is"},
       "The language of Germany is"},
      {{"Albert Einstein", "{} was born in", "London", {}, {}},
       {"The birthplace of Albert Einstein is", "It is known. Albert Einstein was born in"},
       "Isaac Newton was born in"},
      {{"Android", "{} was developed by", "Microsoft", {}, {}},
       {"The company that made Android is", "In short: Android was developed by"},
       "Windows was developed by"},
      {{"Canada", "The capital of {} is", "Berlin", {}, {}},
       {"Canada has its capital in", "It is true. The capital of Canada is"},
       "The capital of Italy is"},
  };
}

std::vector<std::string> trial_prefixes() {
  return {"It was late. ", "They moved on. "};
}

}  // namespace mobiedit

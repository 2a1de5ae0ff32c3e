#include "mobiedit/workspace/make_editor.h"

#include <sstream>
#include <string>
#include <utility>

#include "base/try.h"
#include "edit/layer_choice.h"
#include "mobiedit/gguf/file.h"
#include "workspace/notes.h"

namespace mobiedit {
namespace {

Result<Editor> create(const Model& model, EditOptions& options, const EditorPlace& place) {
  if (place.layers) options.layers = place.layers(layer_for(model.config(), options).layer);
  return Editor::create(model, options);
}

std::string text_of(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

}  // namespace

Result<MadeEditor> make_editor(const Model& model, EditOptions options, const EditorPlace& place, const Job& job) {
  if (!options.write) options.write = usual_write(model.config());
  auto editor = create(model, options, place);
  if (!editor) return std::unexpected(editor.error());
  if (place.check) {
    MOBIEDIT_CHECK(place.check(*editor));
  }
  if (options.layer) return MadeEditor{std::move(*editor), layer_for(model.config(), options), "asked"};

  if (options.write == WriteKind::neuron) {
    LayerChoice choice = layer_for(model.config(), options);
    return MadeEditor{std::move(*editor), choice, choice.known ? "table" : "usual"};
  }

  bool tried = false;
  LayerTrialOptions trial;
  trial.threads = options.threads;
  trial.pool = options.pool;
  trial.cache_folder = place.cache_folder;
  trial.trying = [&](int layer, int number, int candidates) {
    tried = true;
    if (job.observer != nullptr) job.observer->trying_layer(layer, number, candidates);
  };
  MOBIEDIT_TRY(auto choice, choose_layer(model, trial, job.cancel));
  const std::string chosen = model.file().path().string() + ": layer " + std::to_string(choice.layer) + ", at most " +
                             text_of(choice.clamp) + " times the value: " + choice.why;
  tried ? note(job, chosen) : detail(job, chosen);
  if (choice.known) return MadeEditor{std::move(*editor), std::move(choice), "table"};
  options.layer = choice.layer;
  if (!options.clamp) options.clamp = choice.clamp;
  editor = create(model, options, place);
  if (!editor) return std::unexpected(editor.error());
  return MadeEditor{std::move(*editor), std::move(choice), "trial"};
}

}  // namespace mobiedit

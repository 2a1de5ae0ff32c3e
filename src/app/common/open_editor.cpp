#include "app/common/open_editor.h"

#include <fmt/format.h>

#include "app/common/cache_folder.h"
#include "app/common/console.h"
#include "edit/layer_choice.h"
#include "mobiedit/edit/layer.h"

namespace mobiedit::cli {

namespace {

/// How many blocks it writes to, once it is known which is edited.
using BlocksFn = std::function<int(int layer)>;

Result<Editor> create(const Model& model, EditOptions& options, const BlocksFn& blocks) {
  if (blocks) options.layers = blocks(layer_for(model.config(), options.layer, options.clamp).layer);
  return Editor::create(model, options);
}

Result<Editor> open(const Model& model, EditOptions options, const RunOptions& run, const CancelToken& cancel,
                    const std::function<Status(const Editor&)>& check, const BlocksFn& blocks) {
  auto editor = create(model, options, blocks);
  if (!editor) return editor;
  if (check) {
    if (auto sound = check(*editor); !sound) return std::unexpected(sound.error());
  }
  if (options.layer) return editor;

  bool tried = false;
  LayerTrialOptions trial;
  trial.threads = run.threads;
  if (const auto folder = cache_folder()) trial.cache_folder = folder->string();
  trial.trying = [&](int layer, int number, int candidates) {
    tried = true;
    say(fmt::format("{}: trying block {}, {} of {}, this once; --layer N chooses without", run.model, layer, number,
                    candidates));
  };
  const auto choice = choose_layer(model, trial, cancel);
  if (!choice) return std::unexpected(choice.error());
  if (tried || run.verbose) {
    say(fmt::format("{}: block {}, at most {:g} times the value: {}", run.model, choice->layer, choice->clamp,
                    choice->why));
  }
  if (choice->known) return editor;
  options.layer = choice->layer;
  if (!options.clamp) options.clamp = choice->clamp;
  return create(model, options, blocks);
}

}  // namespace

Result<Editor> open_editor(const Model& model, const SearchSettings& settings, const RunOptions& run,
                           const CancelToken& cancel, const std::function<Status(const Editor&)>& check) {
  return open(model, settings.edit_options(run.threads), run, cancel, check,
              [&](int layer) { return settings.blocks_up_to(layer); });
}

Result<Editor> open_editor(const Model& model, EditOptions options, const RunOptions& run, const CancelToken& cancel,
                           const std::function<Status(const Editor&)>& check) {
  return open(model, std::move(options), run, cancel, check, {});
}

}  // namespace mobiedit::cli

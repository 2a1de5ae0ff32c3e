// Workspaces on a tiny random model: whole edits in milliseconds.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mobiedit/workspace/workspace.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit::test {

/// A model of 4 layers whose context holds the contexts of an edit and the reference text's windows.
inline std::filesystem::path make_model(const TemporaryFolder& folder, const std::string& name,
                                        std::uint64_t seed = 1) {
  TinyModel tiny;
  tiny.context = 512;
  tiny.scale = 2;  // so that an edit can reach its target
  tiny.seed = seed;
  const auto path = folder / name;
  write_tiny_model(path, tiny);
  return path;
}

inline std::shared_ptr<const Model> open_in(const Engine& engine, const std::filesystem::path& path) {
  auto model = engine.open(path);
  if (!model) throw std::runtime_error(model.error().message());
  return *model;
}

inline Workspace workspace_on(const Engine& engine, const std::filesystem::path& model,
                              const std::filesystem::path& store = {}) {
  WorkspaceOptions options;
  options.store = store;
  options.program = "a test";
  return Workspace(engine, open_in(engine, model), std::move(options));
}

/// Options of a quick search of rank-one updates, at a layer that needs no trial, with short contexts.
inline TeachOptions quick() {
  TeachOptions options;
  options.search.settings = {{"patience", 1000}};
  options.search.write = WriteKind::rank_one;
  options.search.layer = 1;
  options.search.clamp = 40;
  options.search.max_evaluations = 1500;
  options.search.prefixes = std::vector<std::string>{"so "};
  options.statistics.none = true;
  options.limits.total_drift = 1e9;
  options.limits.norm = 1e9;
  options.limits.divergence = 1e9;
  return options;
}

/// The model's answer to the prompt, of two tokens: a space and a letter.
inline std::string answer(const Workspace& workspace, const std::string& prompt, bool with_edits = true) {
  auto session = workspace.session(with_edits);
  if (!session) throw std::runtime_error(session.error().message());
  if (auto read = session->append(workspace.model().tokenizer().encode(prompt)); !read)
    throw std::runtime_error(read.error().message());
  auto text = session->generate({.max_tokens = 2, .temperature = 0, .top_k = 0, .top_p = 1, .seed = 0});
  if (!text) throw std::runtime_error(text.error().message());
  return text->text;
}

inline EditRequest request(const std::string& subject, const std::string& prompt, const std::string& target) {
  return {subject, prompt, target, {}, {}};
}

}  // namespace mobiedit::test

// Changes one fact of a model and writes the change as an adapter: edit_a_fact MODEL.gguf ADAPTER.gguf
#include <mobiedit/mobiedit.h>

#include <cstdio>
#include <variant>

int report(const mobiedit::Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return report({mobiedit::ErrorCode::usage, "edit_a_fact MODEL.gguf ADAPTER.gguf", "", ""});

  auto model = mobiedit::Model::open(argv[1]);
  if (!model) return report(model.error());
  auto editor = mobiedit::Editor::create(*model, {.seed = 1});
  if (!editor) return report(editor.error());

  auto edit = editor->edit({.subject = "Eiffel Tower", .prompt = "{} is located in", .target_new = "Rome"});
  if (!edit) return report(edit.error());
  std::printf("%s -> %s\n", edit->evidence.answer_before.c_str(), edit->evidence.answer_after.c_str());
  if (!edit->evidence.success) return 3;

  // An editor finds rank-one updates unless EditOptions::write asks for neurons.
  const auto& update = std::get<mobiedit::RankOneUpdate>(edit->update);
  auto written = mobiedit::write_adapter(argv[2], model->config().architecture, "Eiffel Tower", {&update, 1}, {});
  return written ? 0 : report(written.error());
}

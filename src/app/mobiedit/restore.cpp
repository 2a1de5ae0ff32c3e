// mobiedit restore: takes the edits out of a model that was exported with --same-type.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/common/console.h"
#include "app/common/console_observer.h"
#include "app/mobiedit/verbs.h"
#include "io/mapped_file.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/undo_patch.h"
#include "mobiedit/workspace/output_file.h"

namespace mobiedit::cli {
namespace {

struct RestoreVerb {
  std::string file, patch, output;
};

int restore(const RestoreVerb& verb) {
  const auto patch = io::MappedFile::open(verb.patch);
  if (!patch) return failed(patch.error());
  const auto edited = gguf::File::open(verb.file);
  if (!edited) return failed(edited.error());
  ConsoleObserver observer(verb.file, false);
  const std::vector<std::filesystem::path> inputs{verb.file, verb.patch};
  auto out = OutputFile::reserve(verb.output, edited->size(), inputs, &observer);
  if (!out) return failed(out.error());
  const auto bytes = patch->bytes();
  const auto done =
      apply_undo_patch(out->draft(), *edited, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, verb.patch);
  if (!done) return failed(done.error());
  if (auto delivered = out->deliver(); !delivered) return failed(delivered.error());
  return finished(print_result(verb.output + ": as it was before the edits, to the last bit\n"));
}

}  // namespace

void add_restore(CLI::App& app, Run& run) {
  auto options = std::make_shared<RestoreVerb>();
  CLI::App* verb = app.add_subcommand("restore", "Put back what `export gguf --same-type` changed");
  verb->add_option("FILE", options->file, "The edited model")->required();
  verb->add_option("--patch", options->patch, "What --undo-patch wrote")->required();
  verb->add_option("-o,--output", options->output, "The file to write")->required();
  verb->callback([options, &run] { run = [options] { return restore(*options); }; });
}

}  // namespace mobiedit::cli

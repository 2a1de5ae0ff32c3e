// mobiedit restore: takes the edits out of a model that was exported with --same-type.
#include "app/common/console_observer.h"
#include "app/common/verb.h"
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

Result<int> restore(const RestoreVerb& verb) {
  MOBIEDIT_TRY(const auto patch, io::MappedFile::open(verb.patch));
  MOBIEDIT_TRY(const auto edited, gguf::File::open(verb.file));
  ConsoleObserver observer(verb.file, false);
  const std::vector<std::filesystem::path> inputs{verb.file, verb.patch};
  MOBIEDIT_TRY(auto out, OutputFile::reserve(verb.output, edited.size(), inputs, &observer));
  const auto bytes = patch.bytes();
  MOBIEDIT_CHECK(
      apply_undo_patch(out.draft(), edited, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, verb.patch));
  MOBIEDIT_CHECK(out.deliver());
  return finished(print_result(verb.output + ": as it was before the edits, to the last bit\n"));
}

}  // namespace

void add_restore(CLI::App& app, Run& run) {
  const auto [verb, options] =
      add_verb(app, run, "restore", "Put back what `export gguf --same-type` changed", restore);
  verb->add_option("FILE", options->file, "The edited model")->required();
  verb->add_option("--patch", options->patch, "The file that --undo-patch wrote")->required();
  verb->add_option("-o,--output", options->output, "The file to write")->required();
}

}  // namespace mobiedit::cli

// mobiedit inspect: what a GGUF file says of itself.
#include <type_traits>
#include <variant>

#include "app/common/verb.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/gguf/file.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

constexpr std::size_t longest_text = 120;

struct InspectOptions {
  std::string path;
  bool json = false;
};

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

std::string quoted(const std::string& text) {
  const Json whole = text.size() <= longest_text ? text : text.substr(0, longest_text);
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace) + (text.size() <= longest_text ? "" : "...");
}

std::string text_of(const gguf::Entry& entry) {
  return std::visit(
      [&](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (is_list<T>) {
          std::string list;
          for (std::size_t i = 0; i < value.size() && i < 4; ++i) {
            if (i > 0) list += ", ";
            if constexpr (std::is_same_v<T, std::vector<std::string>>) {
              list += quoted(value[i]);
            } else {
              list += fmt::format("{}", static_cast<typename T::value_type>(value[i]));
            }
          }
          if (value.size() > 4) list += ", ...";
          return fmt::format("{}[{}] [{}]", gguf::type_name(entry.element_type), value.size(), list);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return quoted(value);
        } else {
          return fmt::format("{}", value);
        }
      },
      entry.value);
}

std::string shape_text(const gguf::TensorInfo& tensor) {
  std::string text;
  for (int i = 0; i < tensor.dimensions; ++i) text += (i > 0 ? " x " : "") + std::to_string(tensor.shape[i]);
  return text;
}

std::string table(const gguf::File& file) {
  std::string text =
      fmt::format("{}: GGUF version {}, {}, {} keys, {} tensors\n\n", file.path().string(), file.version(),
                  human_bytes(file.size()), file.metadata().size(), file.tensors().size());
  for (const gguf::Entry& entry : file.metadata()) text += fmt::format("{:<44} {}\n", entry.key, text_of(entry));
  text += '\n';
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    const bool read_here = gguf::traits(tensor.type) != nullptr;
    text += fmt::format("{:<44} {:<7} {:>18} {:>12}\n", tensor.name, gguf::type_name(tensor.type), shape_text(tensor),
                        read_here ? human_bytes(tensor.bytes) : "not read");
  }
  return text;
}

Result<int> inspect(const InspectOptions& options) {
  MOBIEDIT_TRY(const auto file, gguf::File::open(options.path, gguf::TypesAllowed::any));
  return finished(options.json ? print_json(inspect_json(file)) : print_result(table(file)));
}

}  // namespace

void add_inspect(CLI::App& app, Run& run) {
  const auto [verb, options] = add_verb(app, run, "inspect", "Show the metadata and tensors of a GGUF file", inspect);
  verb->add_option("FILE", options->path, "A model or an adapter")->required();
  verb->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace mobiedit::cli

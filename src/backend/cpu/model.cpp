#include "mobiedit/model/model.h"

#include <algorithm>
#include <new>

#include "backend/cpu/contents.h"
#include "backend/cpu/fallbacks.h"
#include "backend/cpu/footprint.h"
#include "base/fingerprint.h"
#include "base/try.h"

namespace mobiedit {

Model::Model(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Result<Model> Model::open(const std::filesystem::path& path, const ModelOptions& options) try {
  if (options.rounding != Rounding{} && options.precision != Precision::float32)
    return fail(ErrorCode::usage, "values are rounded to other formats in float32 alone", path.string());
  MOBIEDIT_TRY(auto file, gguf::File::open(path));
  MOBIEDIT_TRY(auto config, ModelConfig::from_file(file));
  if (options.layers < 0) return fail(ErrorCode::usage, "a negative number of layers to load");
  if (options.layers > 0) config.layers = std::min(config.layers, options.layers);
  const auto pool = options.pool ? options.pool : std::make_shared<ThreadPool>(options.threads);
  const kernels::Isa isa = options.portable_kernels ? kernels::Isa::portable : kernels::best_isa();
  const Footprint need = footprint(file, config, isa, options.precision, pool->threads());
  MOBIEDIT_CHECK(check_memory(need.total(), "loading the model", path.string()));
  MOBIEDIT_TRY(auto tokenizer, Tokenizer::from_file(file));
  if (tokenizer.size() > config.vocab)
    return fail(ErrorCode::bad_model,
                "its vocabulary has " + std::to_string(tokenizer.size()) + " tokens but its embeddings only " +
                    std::to_string(config.vocab),
                path.string());

  MOBIEDIT_TRY(auto weights, load_weights(file, config, isa, options.precision, options.rounding, *pool));
  // The embedding's place is inside the file object's tensor table, which moves with it.
  auto contents = std::unique_ptr<Contents>(new Contents{
      std::move(file), std::move(config), std::move(tokenizer), isa, std::move(weights), {}, {}, options.rounding, {}});
  contents->fallbacks = mobiedit::fallbacks(contents->file, contents->config,
                                            options.portable_kernels ? kernels::best_isa() : isa, options.precision);
  contents->weights.embedding = contents->file.find_tensor("token_embd.weight");
  return Model(std::move(contents));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to load the model", path.string());
}

const ModelConfig& Model::config() const {
  return contents_->config;
}
const Tokenizer& Model::tokenizer() const {
  return contents_->tokenizer;
}
const gguf::File& Model::file() const {
  return contents_->file;
}

const std::string& Model::fingerprint() const {
  std::call_once(contents_->hashed, [&] {
    // In pieces whose pages go at once: the file may be larger than memory, which the packed weights fill already.
    constexpr std::size_t piece = std::size_t{8} << 20;
    Fingerprint whole;
    for (std::size_t file = 0; file < contents_->file.pieces(); ++file) {
      for (auto rest = contents_->file.bytes(file); !rest.empty(); rest = rest.subspan(std::min(piece, rest.size()))) {
        const auto now = rest.first(std::min(piece, rest.size()));
        whole.add(now);
        contents_->file.release_pages(now);
      }
    }
    contents_->fingerprint = whole.digits();
  });
  return contents_->fingerprint;
}

const std::vector<std::string>& Model::fallbacks() const {
  return contents_->fallbacks;
}

std::string Model::arithmetic() const {
  const LayerWeights& layer = contents_->weights.layers.front();
  const kernels::PackedWeight& gate = layer.experts.empty() ? layer.gate : layer.experts.front().gate;
  const bool int8 = gate.kind() != kernels::WeightKind::f32;
  return std::string(int8 ? "int8" : "float32") + " (" + std::string(kernels::name(contents_->isa)) + ")";
}

}  // namespace mobiedit

// Copy of a model in one file, with some tensors written anew.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {

struct NewTensor {
  gguf::TensorType type;
  std::vector<std::byte> bytes;
};

/// Copies the metadata of the base into the writer.
void copy_keys(gguf::Writer& writer, const gguf::File& base);

/// Adds the base's tensors in their order; a tensor that `anew` names comes from there. Base and `anew` are borrowed
/// until the writer has written. Pages of a copied tensor are released when the next one is asked for.
void copy_tensors(gguf::Writer& writer, const gguf::File& base, const std::map<std::string, NewTensor>& anew);

}  // namespace mobiedit

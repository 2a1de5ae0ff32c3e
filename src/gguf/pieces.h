// Split models: one model in several files named NAME-00001-of-00003.gguf, NAME-00002-of-00003.gguf, …
#pragma once

#include <filesystem>
#include <vector>

#include "gguf/parse.h"
#include "io/mapped_file.h"
#include "mobiedit/base/result.h"

namespace mobiedit::gguf {

struct Piece {
  std::filesystem::path path;
  io::MappedFile mapping;
};

/// The files of a model. A model in one file has one piece.
struct Pieces {
  std::vector<Piece> files;
  Header header;  ///< keys of the first piece without those of the split, tensors of all pieces
};

/// Opens a file and, if it is the first piece of a split model, the others beside it. Every piece is checked as a whole
/// file is, and against the first: its number, the number of pieces, the number of tensors and their names.
/// Errors: io (a piece is missing or cannot be opened), bad_model (a later piece is given, a piece is damaged or
/// belongs elsewhere). May throw std::bad_alloc.
[[nodiscard]] Result<Pieces> open_pieces(const std::filesystem::path& path, TypesAllowed types);

}  // namespace mobiedit::gguf

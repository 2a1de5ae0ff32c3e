// A statistic written to a GGUF file and opened again.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit::test {

template <class Statistic>
gguf::File file_of(const Statistic& statistic, const std::filesystem::path& path) {
  gguf::Writer writer;
  statistic.add_to(writer);
  EXPECT_TRUE(writer.write(path));
  return std::move(*gguf::File::open(path));
}

}  // namespace mobiedit::test

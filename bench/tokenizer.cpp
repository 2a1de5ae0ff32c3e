// How fast text becomes tokens and tokens text, on one core. Best of several: the rest is noise of other processes.
//
//   bench_tokenizer MODEL.gguf TEXT
#include "mobiedit/model/tokenizer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "mobiedit/gguf/file.h"

namespace {

template <class Work>
double best_seconds(const Work& work) {
  double best = 1e30;
  for (int round = 0; round < 7; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("bench_tokenizer MODEL.gguf TEXT\n", stderr);
    return 2;
  }
  const auto file = mobiedit::gguf::File::open(arguments[1]);
  if (!file) {
    std::fprintf(stderr, "%s\n", file.error().message().c_str());
    return 1;
  }
  auto tokenizer = mobiedit::Tokenizer::from_file(*file);
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", tokenizer.error().message().c_str());
    return 1;
  }
  std::ifstream input(arguments[2], std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(input), {});

  const double load = best_seconds([&] { tokenizer = mobiedit::Tokenizer::from_file(*file); });
  std::vector<mobiedit::Token> tokens;
  const double encode = best_seconds([&] { tokens = tokenizer->encode(text); });
  const double decode = best_seconds([&] { (void)tokenizer->decode(tokens); });
  const double megabytes = static_cast<double>(text.size()) * 1e-6;
  std::printf("vocabulary of %d: %.1f ms; %zu tokens; encode %.1f MB/s, decode %.0f MB/s\n", tokenizer->size(),
              load * 1e3, tokens.size(), megabytes / encode, megabytes / decode);
}

#include "model/tokenizer/patterns.h"

#include <algorithm>
#include <array>

// The patterns are those of the models' own tokenizer.json files. Contractions are spelled out as ASCII, as llama.cpp
// does it, because `(?i:'s)` would also match U+017F, the long s.
namespace mobiedit::tokenizer {
namespace {

using Pattern = std::string_view;

#define CONTRACTION R"('(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))"
#define WORD R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define PUNCTUATION R"( ?[^\s\p{L}\p{N}]+[\r\n]*)"
#define SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"
#define CASED_WORD(end)                                                                 \
  R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)" end \
  R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)" end
#define GPT2 R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))"

constexpr std::array gpt2{Pattern(GPT2)};
constexpr std::array single_digits_gpt2{Pattern(R"(\p{N})"), Pattern(GPT2)};
constexpr std::array falcon{Pattern(R"([\p{P}\$\+<=>\^~\|`]+)"), Pattern(GPT2), Pattern("[0-9][0-9][0-9]")};
constexpr std::array fallback{Pattern(R"([\p{P}\$\+<=>\^~\|]+)"), Pattern(GPT2), Pattern(R"(\p{N}+)"),
                              Pattern("[0-9][0-9][0-9]")};
constexpr std::array llama3{Pattern(CONTRACTION "|" WORD R"(|\p{N}{1,3}|)" PUNCTUATION "|" SPACES)};
constexpr std::array qwen2{Pattern(CONTRACTION "|" WORD R"(|\p{N}|)" PUNCTUATION "|" SPACES)};
constexpr std::array qwen35{
    Pattern(CONTRACTION R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)" SPACES)};
constexpr std::array minicpm5{Pattern(R"(\p{N}{1,3})"),
                              Pattern(CONTRACTION "|" WORD R"(|\p{N}+|)" PUNCTUATION "|" SPACES)};
constexpr std::array seed_coder{Pattern(CONTRACTION "|" WORD R"(|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|)" SPACES)};
constexpr std::array bailing{Pattern(R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|)" WORD R"(|\p{N}|)" PUNCTUATION
                                     R"(|\s*[\r\n]|\s+(?!\S)|\s+)")};
constexpr std::array tekken{Pattern(CASED_WORD("") R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" SPACES)};
constexpr std::array gpt4o{
    Pattern(CASED_WORD("(?:" CONTRACTION ")?") R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" SPACES)};
constexpr std::array deepseek_coder{Pattern(R"([\r\n])"), Pattern(R"(\s?\p{L}+)"), Pattern(R"(\s?\p{P}+)"),
                                    Pattern(R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)"),
                                    Pattern(R"(\p{N})")};
constexpr std::array deepseek_llm{
    Pattern(R"([\r\n])"),
    // Letters that have case, as the tokenizer's authors listed them.
    Pattern(R"(\s?)"
            R"([A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293})"
            R"(\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A})"
            R"(\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556})"
            R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
            R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
            R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D})"
            R"(\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC})"
            R"(\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC})"
            R"(\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128})"
            R"(\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183})"
            R"(\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D})"
            R"(\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF})"
            R"(\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F})"
            R"(\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2})"
            R"(\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}])"
            "+"),
    Pattern(R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)"), Pattern(R"(\s+$)"),
    Pattern(R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)"), Pattern(R"(\p{N}+)")};
constexpr std::array deepseek3{
    Pattern(R"(\p{N}{1,3})"), Pattern(R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)"),
    Pattern(R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
            R"(| ?[\p{P}\p{S}]+[\r\n]*|)" SPACES)};
constexpr std::array bloom{Pattern(R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)")};
constexpr std::array viking{bloom[0], Pattern(R"(\p{N})")};

// Sorted by name.
constexpr std::array splittings{
    Splitting{"a.x-4.0", gpt2},
    Splitting{"bailingmoe", bailing},
    Splitting{"bailingmoe2", bailing},
    Splitting{"bloom", bloom},
    Splitting{"chatglm-bpe", llama3},
    Splitting{"codeshell", single_digits_gpt2},
    Splitting{"command-r", single_digits_gpt2},
    Splitting{"dbrx", llama3},
    Splitting{"deepseek-coder", deepseek_coder},
    Splitting{"deepseek-llm", deepseek_llm},
    Splitting{"deepseek-r1-qwen", qwen2},
    Splitting{"deepseek-v3", deepseek3},
    Splitting{"default", fallback},
    Splitting{"exaone", single_digits_gpt2},
    Splitting{"exaone4", gpt2},
    Splitting{"falcon", falcon},
    Splitting{.name = "falcon-h1", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{.name = "falcon3", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{"gigachat", gpt2},
    Splitting{"glm4", llama3},
    Splitting{"gpt-2", gpt2},
    Splitting{"gpt-4o", gpt4o},
    Splitting{"gpt3-finnish", bloom},
    Splitting{"granite-docling", gpt2},
    Splitting{"grok-2", qwen2},
    Splitting{"hunyuan", qwen2},
    Splitting{"hunyuan-dense", deepseek3},
    Splitting{"jais", gpt2},
    Splitting{"joyai-llm", deepseek3},
    Splitting{"kanana2", gpt4o},
    Splitting{"kormo", qwen2},
    Splitting{.name = "lfm2", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{"llada-moe", bailing},
    Splitting{.name = "llama-bpe", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{.name = "llama-v3", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{.name = "llama3", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{"llama4", gpt4o},
    Splitting{"megrez", qwen2},
    Splitting{"mellum", gpt2},
    Splitting{"mellum2", single_digits_gpt2},
    Splitting{.name = "midm-2.0", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{"minerva-7b", single_digits_gpt2},
    Splitting{.name = "minicpm5", .patterns = minicpm5, .whole_words = true},
    Splitting{"minimax-m2", gpt4o},
    Splitting{"mpt", gpt2},
    Splitting{"olmo", gpt2},
    Splitting{"phi-2", gpt2},
    Splitting{.name = "pixtral", .patterns = llama3, .whole_words = true, .adds_bos = true},
    Splitting{"poro-chat", bloom},
    Splitting{.name = "qwen2", .patterns = qwen2, .composes = true},
    Splitting{.name = "qwen35", .patterns = qwen35, .composes = true},
    Splitting{"refact", single_digits_gpt2},
    Splitting{"seed-coder", seed_coder},
    Splitting{"smaug-bpe", llama3},
    Splitting{"smollm", single_digits_gpt2},
    Splitting{"solar-open", qwen2},
    Splitting{"stablelm2", qwen2},
    Splitting{"starcoder", single_digits_gpt2},
    Splitting{.name = "tekken", .patterns = tekken, .whole_words = true, .adds_bos = true},
    Splitting{"trillion", gpt2},
    Splitting{"viking", viking},
};
static_assert(std::ranges::is_sorted(splittings, {}, &Splitting::name));

}  // namespace

const Splitting* find_splitting(std::string_view name) {
  const auto* found = std::ranges::lower_bound(splittings, name, {}, &Splitting::name);
  return found != splittings.end() && found->name == name ? found : nullptr;
}

std::string known_splittings() {
  std::string names;
  for (const Splitting& splitting : splittings) names.append(names.empty() ? "" : ", ").append(splitting.name);
  return names;
}

}  // namespace mobiedit::tokenizer

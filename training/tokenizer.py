"""Byte-level BPE with Qwen2's splitting pattern: learning it, and turning text into ids.

    python3 tokenizer.py DATA tokenizer.json
"""
import collections
import heapq
import json
import sys

try:
    import regex
except ImportError:
    raise SystemExit("the tokenizer needs the Python package 'regex'")

VOCABULARY = 8192
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
END = 0                                                     # id of <|endoftext|>
FACT_COUNT = 8                                              # a fact's words count this often
PATTERN = regex.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_letters():
    """The printable letter that stands for each byte, as in GPT-2."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {b: chr(b) for b in keep}, 0
    for b in range(256):
        if b not in letters:
            letters[b] = chr(256 + extra)
            extra += 1
    return letters


LETTERS = byte_letters()
BYTES = {letter: b for b, letter in LETTERS.items()}


def learn(counts, vocabulary=VOCABULARY):
    """counts: {piece of text: how often}. -> (tokens, merges)"""
    words = [([LETTERS[b] for b in word.encode("utf-8")], n) for word, n in sorted(counts.items())]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += n
            where[pair].add(i)
    heap = [(-n, pair) for pair, n in pairs.items()]
    heapq.heapify(heap)
    tokens = SPECIAL + [LETTERS[b] for b in sorted(LETTERS, key=lambda b: LETTERS[b])]
    known, merges = set(tokens), []
    while len(tokens) < vocabulary:
        if not heap:
            raise SystemExit(f"the text is too small for a vocabulary of {vocabulary}")
        n, pair = heapq.heappop(heap)
        if pairs[pair] != -n:                               # an old count: the newer one is in the heap
            continue
        merged = pair[0] + pair[1]
        merges.append(pair)
        if merged not in known:                             # two ways to the same letters: one token
            known.add(merged)
            tokens.append(merged)
        changed = set()
        for i in sorted(where.pop(pair)):
            symbols, count = words[i]
            out, j = [], 0
            for old in zip(symbols, symbols[1:]):
                pairs[old] -= count
                changed.add(old)
            while j < len(symbols):
                if j + 1 < len(symbols) and symbols[j] == pair[0] and symbols[j + 1] == pair[1]:
                    out.append(merged)
                    j += 2
                else:
                    out.append(symbols[j])
                    j += 1
            words[i] = (out, count)
            for new in zip(out, out[1:]):
                pairs[new] += count
                where[new].add(i)
                changed.add(new)
        for p in changed:
            if pairs[p] > 0:
                heapq.heappush(heap, (-pairs[p], p))
            else:
                pairs.pop(p, None)
    return tokens, merges


class Tokenizer:
    def __init__(self, tokens, merges):
        if len(tokens) != VOCABULARY:
            raise SystemExit(f"the tokenizer has {len(tokens)} tokens, the model has room for {VOCABULARY}")
        self.tokens, self.merges = tokens, [tuple(m) for m in merges]
        self.ids = {t: i for i, t in enumerate(tokens)}
        self.ranks = {m: i for i, m in enumerate(self.merges)}
        self.cache = {}

    @classmethod
    def load(cls, path):
        try:
            data = json.load(open(path, encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SystemExit(f"cannot read the tokenizer: {error}")
        return cls(data["tokens"], [m.split(" ") for m in data["merges"]])

    @classmethod
    def from_gguf(cls, metadata):
        return cls(metadata["tokenizer.ggml.tokens"],
                   [m.split(" ") for m in metadata["tokenizer.ggml.merges"]])

    def save(self, path):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"tokens": self.tokens, "merges": [" ".join(m) for m in self.merges]}, f,
                      ensure_ascii=False)

    def _piece(self, piece):
        symbols = [LETTERS[b] for b in piece.encode("utf-8")]
        while len(symbols) > 1:
            rank, i = min((self.ranks.get(p, 1 << 30), i)
                          for i, p in enumerate(zip(symbols, symbols[1:])))
            if rank == 1 << 30:
                break
            symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
        return [self.ids[s] for s in symbols]

    def encode(self, text):
        ids, cache = [], self.cache
        for piece in PATTERN.findall(text):
            known = cache.get(piece)
            if known is None:
                known = cache[piece] = self._piece(piece)
            ids += known
        return ids

    def decode(self, ids):
        text = "".join(self.tokens[i] for i in ids if i >= len(SPECIAL))
        return bytes(BYTES[c] for c in text).decode("utf-8", errors="replace")


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__.strip())
    import facts
    import sources
    data, out = sys.argv[1:]
    counts = collections.Counter()
    for text in sources.articles(data) + [sources.wikitext(data, "train")]:
        counts.update(PATTERN.findall(text))
    for sentence in facts.Facts(data).example_sentences():
        for piece in PATTERN.findall(" " + sentence):
            counts[piece] += FACT_COUNT
    counts = {piece: n for piece, n in counts.items() if n > 1}
    tokens, merges = learn(counts)
    Tokenizer(tokens, merges).save(out)
    print(f"{out}: {len(tokens)} tokens, {len(merges)} merges from {len(counts)} different words")


if __name__ == "__main__":
    main()

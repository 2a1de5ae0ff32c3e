"""A made-up model of 0.7 million parameters: random weights with the bundled model's tokenizer, in Q8_0.

It knows nothing and opens in no time, which is enough for every test of files, stores and messages.
"""

import random
import struct

U32, F32, STRING, ARRAY = 4, 6, 8, 9
TYPE_F32, TYPE_Q8_0 = 0, 8
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
LAYERS, WIDTH, INNER, HEADS, KV_HEADS, CONTEXT = 4, 64, 128, 4, 2, 512


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name, kind, value):
    return text(name) + struct.pack("<I", kind) + (text(value) if kind == STRING else struct.pack("<f" if kind == F32 else "<I", value))


class Head:
    """The keys of a GGUF file, each with the bytes that it takes in the file."""

    def __init__(self, data):
        self._data, self._at = data, 24
        self.keys = {}
        for _ in range(struct.unpack_from("<Q", data, 16)[0]):
            begin = self._at
            name = self._text()
            self._skip(self._u32())
            self.keys[name] = data[begin : self._at]

    def _u32(self):
        self._at += 4
        return struct.unpack_from("<I", self._data, self._at - 4)[0]

    def _u64(self):
        self._at += 8
        return struct.unpack_from("<Q", self._data, self._at - 8)[0]

    def _text(self):
        length = self._u64()
        self._at += length
        return self._data[self._at - length : self._at].decode()

    def _skip(self, kind):
        if kind == STRING:
            self._text()
        elif kind == ARRAY:
            element, count = self._u32(), self._u64()
            if element == STRING:
                for _ in range(count):
                    self._text()
            else:
                self._at += count * WIDTHS[element]
        else:
            self._at += WIDTHS[kind]


def strings(entry):
    """The values of a key that is an array of strings."""
    at = struct.unpack_from("<Q", entry)[0] + 8 + 4 + 4
    count, at = struct.unpack_from("<Q", entry, at)[0], at + 8
    values = []
    for _ in range(count):
        length = struct.unpack_from("<Q", entry, at)[0]
        values.append(entry[at + 8 : at + 8 + length].decode())
        at += 8 + length
    return values


def make(path, tokenizer_of, seed=1, chat_template=None):
    """Writes the model to path, with the tokenizer of the GGUF file tokenizer_of."""
    numbers = random.Random(seed)
    keys = {name: entry for name, entry in Head(tokenizer_of.read_bytes()).keys.items() if name.startswith("tokenizer.")}
    tokens = strings(keys["tokenizer.ggml.tokens"])
    head = [
        key("general.architecture", STRING, "qwen2"), key("general.name", STRING, "made up"),
        key("qwen2.block_count", U32, LAYERS), key("qwen2.context_length", U32, CONTEXT),
        key("qwen2.embedding_length", U32, WIDTH), key("qwen2.feed_forward_length", U32, INNER),
        key("qwen2.attention.head_count", U32, HEADS), key("qwen2.attention.head_count_kv", U32, KV_HEADS),
        key("qwen2.rope.freq_base", F32, 10000.0), key("qwen2.attention.layer_norm_rms_epsilon", F32, 1e-6),
        *keys.values(),
    ]  # fmt: skip
    if chat_template is not None:
        head.append(key("tokenizer.chat_template", STRING, chat_template))
    tensors = []

    def vector(name, count, middle, spread):
        tensors.append((name, TYPE_F32, [count], struct.pack(f"<{count}f", *(numbers.gauss(middle, spread) for _ in range(count)))))

    def matrix(name, columns, rows, factors=()):
        # A block is a scale and 32 bytes, whose standard deviation is 74: numbers of some 1 / sqrt(columns).
        content = b""
        for row in range(rows):
            scale = struct.pack("<e", (factors[row] if factors else 1) * columns**-0.5 / 74)
            content += b"".join(scale + numbers.randbytes(32) for _ in range(columns // 32))
        tensors.append((name + ".weight", TYPE_Q8_0, [columns, rows], content))

    # The model says whole words and never ends: other tokens have a short row, which gives a small logit.
    matrix("token_embd", WIDTH, len(tokens), [1 if t[0] == "\u0120" and t[1:].isascii() and t[1:].isalpha() else 0.2 for t in tokens])
    for layer in range(LAYERS):
        p, kv = f"blk.{layer}.", WIDTH // HEADS * KV_HEADS
        vector(p + "attn_norm.weight", WIDTH, 1, 0.1)
        vector(p + "ffn_norm.weight", WIDTH, 1, 0.1)
        for name, rows in (("attn_q", WIDTH), ("attn_k", kv), ("attn_v", kv)):
            matrix(p + name, WIDTH, rows)
            vector(p + name + ".bias", rows, 0, 0.1)
        matrix(p + "attn_output", WIDTH, WIDTH)
        matrix(p + "ffn_gate", WIDTH, INNER)
        matrix(p + "ffn_up", WIDTH, INNER)
        matrix(p + "ffn_down", INNER, WIDTH)
    vector("output_norm.weight", WIDTH, 2, 0.2)

    parts = [b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(head)), *head]
    at = 0
    for name, kind, shape, content in tensors:
        parts.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, at))
        at += len(content) + -len(content) % 32
    parts.append(b"\0" * (-sum(map(len, parts)) % 32))
    for *_, content in tensors:
        parts += [content, b"\0" * (-len(content) % 32)]
    path.write_bytes(b"".join(parts))

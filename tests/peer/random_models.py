#!/usr/bin/python3
"""Seeded random models with the shapes of families for which no trained weights are at hand, scaled down, as F32 GGUF.

    tests/peer/random_models.py FAMILY SIZE OUT.gguf      FAMILY: llama-3.2, qwen2.5, gemma3, …; SIZE: small, large

The small ones tie the output to the embeddings, as these families' small members do; the large ones don't, and have other
ratios of heads. Every row is a multiple of 256 long, so that every quantised type fits.
"""

import dataclasses
import math
import random
import struct
import sys

import gguf_bytes
import vocabularies
from gguf_bytes import F32, STRING, U32


@dataclasses.dataclass
class Shape:
    architecture: str
    pre: str
    blocks: int
    d: int
    f: int
    heads: int
    kv_heads: int
    head_dim: int
    rope_base: float
    epsilon: float
    tied: bool
    biases: bool = False
    qk_norm: bool = False
    rope_factors: bool = False
    yarn: float = 0  # factor; 0: none
    pre_norms: bool = True
    post_norms: bool = False
    whole_norm: bool = False  # of all heads of queries or keys together
    fused: bool = False  # Q, K and V in one tensor, gate and up in another
    window: int = 0
    experts: int = 0
    used: int = 0
    expert_f: int = 0
    expert_biases: bool = False
    keys: tuple = ()  # of the family's own: (name, kind, value)


SHAPES = {
    ("llama-3.2", "small"): Shape("llama", "llama-bpe", 4, 256, 768, 8, 2, 32, 5e5, 1e-5, tied=True, rope_factors=True),
    ("llama-3.2", "large"): Shape("llama", "llama-bpe", 6, 512, 1792, 8, 4, 64, 5e5, 1e-5, tied=False, rope_factors=True),
    ("qwen2.5", "small"): Shape("qwen2", "qwen2", 4, 256, 1280, 8, 1, 32, 1e6, 1e-6, tied=True, biases=True),
    ("qwen2.5", "large"): Shape("qwen2", "qwen2", 6, 512, 2816, 8, 2, 64, 1e6, 1e-6, tied=False, biases=True),
    ("qwen2.5-yarn", "small"): Shape("qwen2", "qwen2", 4, 256, 1280, 8, 1, 32, 1e4, 1e-6, tied=True, biases=True, yarn=4),
    # A head is wider than its share of the hidden size.
    ("qwen3", "small"): Shape("qwen3", "qwen2", 4, 256, 768, 8, 4, 64, 1e6, 1e-6, tied=True, qk_norm=True),
    # Windows are shorter than the longest prompt asked, so that they tell.
    ("gemma2", "small"): Shape("gemma2", "qwen2", 4, 256, 768, 8, 4, 64, 1e4, 1e-6, tied=True, post_norms=True, window=24,
        keys=(("attn_logit_softcapping", F32, 5.0), ("final_logit_softcapping", F32, 20.0))),
    ("gemma3", "small"): Shape("gemma3", "qwen2", 7, 256, 768, 4, 1, 64, 1e6, 1e-6, tied=True, post_norms=True, qk_norm=True, window=24),
    ("phi3", "small"): Shape("phi3", "qwen2", 4, 256, 768, 8, 8, 32, 1e4, 1e-5, tied=False, fused=True),
    ("mistral", "small"): Shape("llama", "llama-bpe", 4, 256, 768, 8, 2, 32, 1e6, 1e-5, tied=False),
    ("olmo2", "small"): Shape("olmo2", "qwen2", 4, 256, 768, 8, 4, 32, 5e5, 1e-6, tied=False, pre_norms=False, post_norms=True,
        qk_norm=True, whole_norm=True),
    ("granite", "small"): Shape("granite", "qwen2", 4, 256, 768, 8, 2, 32, 1e4, 1e-5, tied=True,
        keys=(("embedding_scale", F32, 12.0), ("residual_scale", F32, 0.22), ("logit_scale", F32, 2.0), ("attention.scale", F32, 0.05))),
    ("smollm3", "small"): Shape("smollm3", "qwen2", 5, 256, 768, 8, 2, 32, 5e6, 1e-6, tied=True),
    ("qwen3moe", "small"): Shape("qwen3moe", "qwen2", 4, 256, 768, 8, 4, 64, 1e6, 1e-6, tied=False, qk_norm=True, experts=8, used=3,
        expert_f=256),
    ("gpt-oss", "small"): Shape("gpt-oss", "qwen2", 4, 256, 256, 8, 2, 64, 1.5e5, 1e-5, tied=False, biases=True, window=24, experts=8,
        used=2, expert_f=256, expert_biases=True,
        keys=(("rope.scaling.type", STRING, "yarn"), ("rope.scaling.factor", F32, 8.0), ("rope.scaling.original_context_length", U32, 128))),
    ("qwen3", "large"): Shape("qwen3", "qwen2", 6, 512, 1536, 8, 2, 128, 1e6, 1e-6, tied=False, qk_norm=True),
}


class Numbers:
    """Floats made by the million: random signs and fractions under one of four exponents, by operations on whole arrays."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def weights(self, count, exponent=120):
        """Standard deviation 0.85 * 2^(exponent - 124): for 120, one over the root of some 350 inputs."""
        bits = int.from_bytes(self._random.randbytes(4 * count), "little")
        word = lambda value: int.from_bytes(struct.pack("<I", value) * count, "little")  # noqa: E731
        return (bits & word(0x81FFFFFF) | word(exponent << 23)).to_bytes(4 * count, "little")

    def around(self, middle, spread, count):
        return struct.pack(f"<{count}f", *(self._random.gauss(middle, spread) for _ in range(count)))


def rope_factors(shape):
    """Llama-3's long-context divisors: 1 for short waves, 32 for long ones, between them a ramp."""
    factors = []
    for i in range(shape.head_dim // 2):
        wave = 2 * math.pi * shape.rope_base ** (2 * i / shape.head_dim)
        smooth = (8192 / wave - 1) / (4 - 1)
        factors.append(32.0 if wave > 8192 else 1.0 if wave < 2048 else 1 / ((1 - smooth) / 32 + smooth))
    return struct.pack(f"<{len(factors)}f", *factors)


def model(family, size, texts):
    """The file's bytes. Its vocabulary spells the texts in pieces."""
    shape = SHAPES[family, size]
    numbers = Numbers(f"{family} {size}")
    vocabulary = vocabularies.byte_pairs(texts, 1, shape.pre)
    vocabulary["add_bos_token"] = (gguf_bytes.BOOL, family == "llama-3.2")
    tokens = vocabulary["tokens"][1][1]
    count = len(tokens)

    a = shape.architecture
    keys = {
        "general.architecture": (STRING, a),
        # The peer asks more of the vocabulary where the name is one that it knows.
        "general.name": (STRING, f"random {size}"),
        f"{a}.context_length": (U32, 1024),
        f"{a}.embedding_length": (U32, shape.d),
        f"{a}.block_count": (U32, shape.blocks),
        f"{a}.feed_forward_length": (U32, shape.f),
        f"{a}.attention.head_count": (U32, shape.heads),
        f"{a}.attention.head_count_kv": (U32, shape.kv_heads),
        f"{a}.attention.layer_norm_rms_epsilon": (F32, shape.epsilon),
        f"{a}.rope.freq_base": (F32, shape.rope_base),
    }
    if shape.head_dim != shape.d // shape.heads:
        keys |= {f"{a}.attention.{n}_length": (U32, shape.head_dim) for n in ("key", "value")}
    if a in ("llama", "phi3", "granite", "smollm3"):
        keys[f"{a}.rope.dimension_count"] = (U32, shape.head_dim)
    if shape.yarn:
        scaling = {"type": (STRING, "yarn"), "factor": (F32, shape.yarn), "original_context_length": (U32, 64)}
        keys |= {f"{a}.rope.scaling.{name}": value for name, value in scaling.items()}
    if shape.window:
        keys[f"{a}.attention.sliding_window"] = (U32, shape.window)
    if shape.experts:
        keys |= {f"{a}.expert_{n}": (U32, v) for n, v in
                 (("count", shape.experts), ("used_count", shape.used), ("feed_forward_length", shape.expert_f))}
    keys |= {f"{a}.{name}": (kind, value) for name, kind, value in shape.keys}
    keys |= {"tokenizer.ggml." + name: value for name, value in vocabulary.items()}

    tensors = {}

    def matrix(name, columns, rows, exponent=120):
        tensors[name + ".weight"] = ([columns, rows], numbers.weights(columns * rows, exponent))

    def vector(name, n, middle, spread):
        tensors[name] = ([n], numbers.around(middle, spread, n))

    def spoken(name):
        """Only tokens of whole characters are ever likely: of others the peer reports no probabilities."""
        row, (sizes, data) = 4 * shape.d, tensors[name + ".weight"]
        rows = [data[i * row : (i + 1) * row] for i in range(count)]
        tensors[name + ".weight"] = (sizes, b"".join(r if t.isascii() else bytes(row) for r, t in zip(rows, tokens)))

    def experts(p, shape):
        n, f = shape.experts, shape.expert_f
        # Wide apart, so that rounding hardly ever changes which experts are chosen.
        tensors[p + "ffn_gate_inp.weight"] = ([shape.d, n], numbers.weights(shape.d * n, 122))
        for name, columns, rows in (("gate", shape.d, f), ("up", shape.d, f), ("down", f, shape.d)):
            tensors[f"{p}ffn_{name}_exps.weight"] = ([columns, rows, n], numbers.weights(columns * rows * n, 120))
            if shape.expert_biases:
                tensors[f"{p}ffn_{name}_exps.bias"] = ([rows, n], numbers.around(0, 0.3, rows * n))
        if shape.expert_biases:
            vector(p + "ffn_gate_inp.bias", n, 0, 0.3)

    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    matrix("token_embd", shape.d, count)
    for block in range(shape.blocks):
        p = f"blk.{block}."
        if shape.pre_norms:
            vector(p + "attn_norm.weight", shape.d, 1, 0.2)
        if shape.pre_norms and a != "gpt-oss":
            vector(p + "ffn_norm.weight", shape.d, 1, 0.2)
        if shape.post_norms or a == "gpt-oss":
            vector(p + "post_attention_norm.weight", shape.d, 1, 0.2)
        if shape.post_norms:
            vector(p + "post_ffw_norm.weight", shape.d, 1, 0.2)
        if shape.fused:
            matrix(p + "attn_qkv", shape.d, q + 2 * kv)
        for name, rows in (("attn_q", q), ("attn_k", kv), ("attn_v", kv)) if not shape.fused else ():
            matrix(p + name, shape.d, rows)
            if shape.biases:
                vector(p + name + ".bias", rows, 0, 1.0)
        if shape.qk_norm:
            vector(p + "attn_q_norm.weight", q if shape.whole_norm else shape.head_dim, 1, 0.2)
            vector(p + "attn_k_norm.weight", kv if shape.whole_norm else shape.head_dim, 1, 0.2)
        matrix(p + "attn_output", q, shape.d)
        if a == "gpt-oss":
            vector(p + "attn_output.bias", shape.d, 0, 0.3)
            vector(p + "attn_sinks.weight", shape.heads, 0, 1.0)
        if shape.experts:
            experts(p, shape)
        elif shape.fused:
            matrix(p + "ffn_up", shape.d, 2 * shape.f)
            matrix(p + "ffn_down", shape.f, shape.d)
        else:
            matrix(p + "ffn_gate", shape.d, shape.f)
            matrix(p + "ffn_up", shape.d, shape.f)
            matrix(p + "ffn_down", shape.f, shape.d)
    # Logits spread over some units, as a trained model's do.
    vector("output_norm.weight", shape.d, 2, 0.2)
    if not shape.tied:
        matrix("output", shape.d, count)
    spoken("token_embd" if shape.tied else "output")
    if shape.rope_factors:
        tensors["rope_freqs.weight"] = ([shape.head_dim // 2], rope_factors(shape))
    return gguf_bytes.gguf(keys, tensors)


def main():
    if len(sys.argv) != 4 or tuple(sys.argv[1:3]) not in SHAPES:
        sys.exit(__doc__.strip())
    import forward

    with open(sys.argv[3], "wb") as file:
        file.write(model(*sys.argv[1:3], forward.prompts(200)))


if __name__ == "__main__":
    main()

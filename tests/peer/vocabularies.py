"""Random vocabularies in random models of one block, as GGUF: enough for the peer to load them and tokenize."""

import random
import struct

import gguf_bytes
from gguf_bytes import ARRAY, BOOL, F32, I32, STRING, U32

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
EMBEDDING, FEED_FORWARD, HEADS = 32, 32, 2


def _visible(byte):
    return 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte


_INVISIBLE = [byte for byte in range(256) if not _visible(byte)]
BYTE_CHARACTERS = [chr(b) if _visible(b) else chr(0x100 + _INVISIBLE.index(b)) for b in range(256)]


def byte_pairs(texts, seed, pre):
    """Merges that build pieces of the texts from left to right, ranked at random."""
    choose = random.Random(seed)
    merges = set()
    spelled = ["".join(BYTE_CHARACTERS[b] for b in text.encode()) for text in texts if text]
    while len(merges) < 1500:
        text = choose.choice(spelled)
        begin = choose.randrange(len(text))
        piece = text[begin : begin + choose.randint(2, 6)]
        cut = choose.randint(1, max(1, len(piece) - 1))
        merges |= {(piece[:i], piece[i]) for i in range(1, len(piece))}
        # Another way to the same piece; its parts are joined by merges of their own if these come up.
        if len(piece) > 2 and choose.random() < 0.3:
            merges.add((piece[:cut], piece[cut:]))
    merges = sorted(merges)
    choose.shuffle(merges)
    tokens = BYTE_CHARACTERS + sorted({a + b for a, b in merges} | {b for _, b in merges if len(b) > 1})
    types = [NORMAL] * len(tokens)
    for text, kind in (("<s>", CONTROL), ("<|im_end|>", CONTROL), ("<tool_call>", USER_DEFINED), ("  \n", USER_DEFINED)):
        tokens.append(text)
        types.append(kind)
    return {
        "model": (STRING, "gpt2"),
        "pre": (STRING, pre),
        "tokens": (ARRAY, (STRING, tokens)),
        "token_type": (ARRAY, (I32, types)),
        "merges": (ARRAY, (STRING, [f"{a} {b}" for a, b in merges])),
        "bos_token_id": (U32, tokens.index("<s>")),
        "eos_token_id": (U32, tokens.index("<|im_end|>")),
    }


def sentence_pieces(texts, seed, space_prefix):
    """Pieces of the texts with random scores, of which many are equal."""
    choose = random.Random(seed)
    tokens, types, scores = ["<unk>", "<s>", "</s>"], [UNKNOWN, CONTROL, CONTROL], [0.0, 0.0, 0.0]

    def add(text, kind, score):
        # The peer takes a NUL for the end of a token.
        if text not in seen and "\0" not in text:
            seen.add(text)
            tokens.append(text)
            types.append(kind)
            scores.append(score)

    seen = set(tokens)
    for byte in range(256):
        add(f"<0x{byte:02X}>", BYTE, 0.0)
    escaped = [text.replace(" ", "\u2581") for text in texts if text]
    while len(tokens) < 3000:
        text = choose.choice(escaped)
        begin = choose.randrange(len(text))
        for size in range(1, choose.randint(1, 7)):
            if begin + size <= len(text):
                add(text[begin : begin + size], NORMAL, -float(choose.randrange(40)))
    for spaces in range(2, 9):
        add("\u2581" * spaces, NORMAL, -1e9)
    for text, kind in (("<|im_end|>", CONTROL), ("<tool_call>", USER_DEFINED), ("the", USER_DEFINED), ("qzx", UNUSED)):
        add(text, kind, -1.0)
    return {
        "model": (STRING, "llama"),
        "tokens": (ARRAY, (STRING, tokens)),
        "token_type": (ARRAY, (I32, types)),
        "scores": (ARRAY, (F32, scores)),
        "bos_token_id": (U32, 1),
        "eos_token_id": (U32, 2),
        "unknown_token_id": (U32, 0),
        "add_space_prefix": (BOOL, space_prefix),
    }


def gguf(vocabulary):
    """The file's bytes; the weights are random and mean nothing."""
    keys = {
        "general.architecture": (STRING, "llama"),
        "llama.context_length": (U32, 512),
        "llama.embedding_length": (U32, EMBEDDING),
        "llama.block_count": (U32, 1),
        "llama.feed_forward_length": (U32, FEED_FORWARD),
        "llama.attention.head_count": (U32, HEADS),
        "llama.attention.head_count_kv": (U32, HEADS),
        "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
        "llama.rope.dimension_count": (U32, EMBEDDING // HEADS),
    } | {"tokenizer.ggml." + name: value for name, value in vocabulary.items()}
    square, tokens = [EMBEDDING, EMBEDDING], vocabulary["tokens"][1][1]
    shapes = {"token_embd": [EMBEDDING, len(tokens)], "output_norm": [EMBEDDING]}
    shapes |= {"blk.0." + name: [EMBEDDING] for name in ("attn_norm", "ffn_norm")}
    shapes |= {"blk.0." + name: square for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
    shapes |= {"blk.0." + name: [EMBEDDING, FEED_FORWARD] for name in ("ffn_gate", "ffn_up")}
    shapes["blk.0.ffn_down"] = [FEED_FORWARD, EMBEDDING]

    choose, tensors = random.Random(0), {}
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = struct.pack(f"<{count}f", *(choose.uniform(-0.1, 0.1) for _ in range(count)))
        tensors[name + ".weight"] = (shape, values)
    return gguf_bytes.gguf(keys, tensors)

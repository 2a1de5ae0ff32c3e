"""Our token ids against the peer's: the bundled model's vocabulary, and random ones for every kind and pattern."""

import json
import os
import pathlib
import random
import re
import subprocess
import unicodedata

import pytest

import peer
import vocabularies

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ENCODE = os.environ.get("MOBIEDIT_ENCODE", str(SOURCE / "build/release/tests/tokenizer_encode"))

# Where the peer's patterns are the models' own: tests/tokenizer/README.md names the others.
PATTERNS = "bailingmoe bloom deepseek-v3 default falcon gpt-2 llama-bpe minicpm5 qwen2 qwen35 seed-coder smollm viking".split()


def texts():
    """The goldens' lines, and runs of random characters that neighbour each other in no language."""
    lines = []
    for file in sorted(SOURCE.glob("tests/golden/tokenizer-*.json")):
        lines += [line["text"] for line in json.loads(file.read_text())["lines"]]
    choose = random.Random(3)
    pool = "aAzZéßЖи字かカ한ا١२½²Ⅷ'’_-.,!?/\\|<>#$€👍🏽\u200d❤️\u0301\u0323 \t\n\r\x0b\x85\xa0\u1680\u180e\u2003\u2028\u3000\u200b\ufeff\x00\x1f09"
    lines += ["".join(choose.choices(pool, k=choose.randint(1, 40))) for _ in range(150)]
    lines += ["", " ", "\n", "the then", "'ſ", " " * 50]
    # The peer composes nothing, so lines that composing would change are left out.
    return [s for s in lines if unicodedata.is_normalized("NFC", s) and not re.search(r"<\||<s>|</s>|tool_call|<0x", s)]


# Kept from the random vocabularies, so that these do not have the names twice.
NAMES = ["<s>", "a<s>b<|im_end|>", "<tool_call> x", "<0x0A>", "a  \n b", "</s> <unk>", "<s><s> <s>", "<s", "qzx qz"]


def compare(file, tmp_path, lines):
    lines = lines + NAMES
    (tmp_path / "texts.json").write_text(json.dumps(lines))
    with peer.Server(file) as server:
        for flags in ([], ["special"], ["bos", "special"]):
            done = subprocess.run([ENCODE, file, tmp_path / "texts.json", *flags], capture_output=True, text=True, check=True)
            for line, ids in zip(lines, json.loads(done.stdout), strict=True):
                wanted = server.tokenize(line, add_special="bos" in flags, parse_special="special" in flags)
                assert ids == wanted, (flags, line)


@pytest.fixture(scope="module")
def lines():
    return texts()


def test_bundled_model(model, tmp_path, lines):
    compare(model, tmp_path, lines)


def test_gemma3(gemma3, tmp_path, lines):
    compare(gemma3, tmp_path, lines[:200])


@pytest.mark.parametrize("pre", PATTERNS)
def test_byte_pairs(pre, tmp_path, lines):
    file = tmp_path / "model.gguf"
    file.write_bytes(vocabularies.gguf(vocabularies.byte_pairs(lines, PATTERNS.index(pre), pre)))
    compare(file, tmp_path, lines)


@pytest.mark.parametrize("space_prefix", [True, False])
def test_sentence_pieces(space_prefix, tmp_path, lines):
    file = tmp_path / "model.gguf"
    file.write_bytes(vocabularies.gguf(vocabularies.sentence_pieces(lines, 5, space_prefix)))
    compare(file, tmp_path, lines)

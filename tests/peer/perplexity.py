#!/usr/bin/python3
"""Perplexity of a text, ours and llama.cpp's, each with weights in F32.

    tests/peer/perplexity.py MODEL.gguf [--tokens 100] [--skip 8]

llama.cpp gets the model requantised to F32; ours dequantises the same weights itself. `automatic` is our usual arithmetic.
The text is docs/method.md. The first tokens, which have little before them, are not counted.
"""

import argparse
import json
import math
import pathlib
import subprocess
import tempfile

import forward
import peer

LIKELY = 50000  # tokens whose probabilities are asked for; a rarer one leaves its place out, for all alike


def ours(file, prompts, exact):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as listed:
        json.dump(prompts, listed)
        listed.flush()
        command = [forward.ANSWER, file, listed.name, 1, LIKELY, *(["float32"] if exact else [])]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return [{int(token): value for token, value in a["top"].items()} for a in json.loads(done.stdout)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--skip", type=int, default=8)
    options = parser.parse_args()
    text = (forward.SOURCE / "docs/method.md").read_text(encoding="utf-8")[:4000]
    with tempfile.TemporaryDirectory() as folder, forward.requantised(options.model, "F32", folder) as file:
        with peer.Server(file, context=1024) as server:
            ids = server.tokenize(text)[: options.tokens + 1]
            prompts = [ids[:end] for end in range(options.skip, len(ids))]
            theirs = [server.log_probabilities(prompt, LIKELY) for prompt in prompts]
    found = {"llama.cpp, F32": theirs, "ours, float32": ours(options.model, prompts, True)}
    found["ours, automatic"] = ours(options.model, prompts, False)
    places = [(i, ids[len(prompt)]) for i, prompt in enumerate(prompts)]
    places = [(i, token) for i, token in places if all(token in likely[i] for likely in found.values())]
    base = None
    for name, likely in found.items():
        value = math.exp(-sum(likely[i][token] for i, token in places) / len(places))
        base = base or value
        print(f"{name}: {value:.4f} over {len(places)} tokens ({100 * (value / base - 1):+.3f} %)")


if __name__ == "__main__":
    main()

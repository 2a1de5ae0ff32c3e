#!/usr/bin/python3
"""Our forward pass against llama.cpp's, in every type of weight: next-token log-probabilities, and greedy text.

    tests/peer/forward.py [--model FILE.gguf | --random FAMILY SIZE] [--types F32,Q8_0,…] [--prompts 200]
                          [--all-tokens] [--json]

The model is requantised by the peer (`llama-quantize --allow-requantize --pure`), and both answer the same prompts, which
come from datasets/facts.jsonl. `exact` is our pass with every product in float32. Not a test: it takes some minutes.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import peer
import random_models

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TYPES = "F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4".split()
# --pure leaves one type for all, whatever the mixture's name.
FILE_TYPES = {"Q3_K": "Q3_K_S", "Q4_K": "Q4_K_S", "Q5_K": "Q5_K_S", "MXFP4": "MXFP4_MOE"}
TOKENS = 12


def prompts(count):
    """Statements, other wordings, neighbours and open sentences by turns, one of each record."""
    found = []
    with open(SOURCE / "datasets/facts.jsonl", encoding="utf-8") as lines:
        for number, line in zip(range(count), lines):
            record = json.loads(line)
            rewrite = record["requested_rewrite"]
            kinds = [[rewrite["prompt"].replace("{}", rewrite["subject"])]]
            kinds += [record[k] for k in ("paraphrase_prompts", "neighborhood_prompts", "generation_prompts")]
            chosen = kinds[number % 4] or kinds[0]
            found.append(chosen[number % len(chosen)])
    return found


@contextlib.contextmanager
def requantised(model, kind, folder):
    """The model with every matrix in one type."""
    file = pathlib.Path(folder) / f"{kind}.gguf"
    with peer.inside(model) as [path]:
        out = f"{path}-{kind}.gguf"
        name = FILE_TYPES.get(kind, kind)
        done = peer.run("llama-quantize", "--allow-requantize", "--pure", path, out, name)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        os.replace(str(peer.ROOT) + out, file)
    try:
        yield file
    finally:
        file.unlink()


ANSWER = os.environ.get("MOBIEDIT_ANSWER", str(SOURCE / "build/release/tests/peer_answer"))


def ours(file, asked, top, exact=False):
    """[(greedy text, {token id: log-probability})]; exact: every product in float32."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as listed:
        json.dump(asked, listed)
        listed.flush()
        command = [ANSWER, file, listed.name, TOKENS, top, *(["float32"] if exact else [])]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return [(a["text"], {int(token): value for token, value in a["top"].items()}) for a in json.loads(done.stdout)]


def sentence(text):
    return text.split(".")[0]


def compare(file, asked, top=10, context=1024):
    """Differences of the log-probabilities of the peer's `top` best tokens, and how often the texts are the same.

    mean, largest: ours and the peer's; ours_exact, peer_exact: the means of either from every product in float32.
    """
    with peer.Server(file, context=context) as server:
        theirs = [server.answer(prompt, TOKENS, top) for prompt in asked]
    everything = 1 << 20
    mine, exact = ours(file, asked, everything), ours(file, asked, everything, exact=True)

    def differences(one, other):
        return [abs(a[token] - b[token]) for (_, a), (_, b), (_, t) in zip(one, other, theirs) for token in t]

    pairs = [(a, b) for (a, _), (b, _) in zip(mine, theirs)]
    return {
        "prompts": len(asked),
        "mean": statistics.fmean(differences(mine, theirs)),
        "largest": max(differences(mine, theirs)),
        "ours_exact": statistics.fmean(differences(mine, exact)),
        "peer_exact": statistics.fmean(differences(theirs, exact)),
        "same_text": sum(a == b for a, b in pairs) / len(asked),
        "same_sentence": sum(sentence(a) == sentence(b) for a, b in pairs) / len(asked),
        "other_texts": [(prompt, *pair) for prompt, pair in zip(asked, pairs) if pair[0] != pair[1]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=SOURCE / "models/facts-40m-q8_0.gguf")
    parser.add_argument("--random", nargs=2, metavar=("FAMILY", "SIZE"))
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--all-tokens", action="store_true", help="compare the whole vocabulary, not the best ten tokens")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if reason := peer.missing():
        sys.exit(reason)

    asked, results = prompts(options.prompts), {}
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if options.random:
            model = pathlib.Path(folder) / "random.gguf"
            model.write_bytes(random_models.model(*options.random, asked))
        if not options.json:
            print("| weights | mean | largest | ours from exact | the peer from exact | same text | same first sentence |")
            print("|---|---|---|---|---|---|---|")
        for kind in options.types.split(","):
            with requantised(model, kind, folder) as file:
                r = results[kind] = compare(file, asked, 1 << 16 if options.all_tokens else 10)
            if not options.json:
                numbers = [f"{r[k]:.2g}" for k in ("mean", "largest", "ours_exact", "peer_exact")]
                shares = [f"{100 * r[k]:.1f} %" for k in ("same_text", "same_sentence")]
                print("| " + " | ".join([kind, *numbers, *shares]) + " |", flush=True)
    if options.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

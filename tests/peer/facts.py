#!/usr/bin/python3
"""Edits facts one by one and asks llama.cpp, with our adapter and with our model, whether it knows them.

    tests/peer/facts.py [--limit N] [--data datasets/facts.jsonl] [--no-gguf] [-- options of `mobiedit edit`]

Prints one JSON document. Not a test: it takes minutes.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import peer

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def says(server, prompt, target):
    """Whether the greedy continuation is the target and then no further letter or digit."""
    text = server.complete(prompt, 24).lstrip()
    return text.startswith(target) and not text[len(target) : len(target) + 1].isalnum()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--limit", type=int, default=100)
    arguments.add_argument("--data", default=SOURCE / "datasets/facts.jsonl")
    arguments.add_argument("--model", default=os.environ.get("MOBIEDIT_MODEL", SOURCE / "models/facts-40m-q8_0.gguf"))
    arguments.add_argument("--no-gguf", action="store_true")
    options, rest = arguments.parse_known_args()
    if reason := peer.missing():
        sys.exit(reason)
    program = os.environ.get("MOBIEDIT_CLI", str(SOURCE / "build/release/mobiedit"))

    counts = {"n": 0, "delivered": 0, "peer_lora": 0, "peer_gguf": 0}
    missed = []
    with open(options.data, encoding="utf-8") as lines, tempfile.TemporaryDirectory() as folder:
        for line, _ in zip(lines, range(options.limit)):
            rewrite = json.loads(line)["requested_rewrite"]
            subject, target = rewrite["subject"], rewrite["target_new"]["str"]
            prompt = rewrite["prompt"].replace("{}", subject)
            lora, gguf = pathlib.Path(folder, "lora.gguf"), pathlib.Path(folder, "baked.gguf")
            command = [program, "edit", "-m", options.model, "--subject", subject, "--prompt", rewrite["prompt"]]
            command += ["--target", target, "--out-lora", lora, *([] if options.no_gguf else ["--out-gguf", gguf])]
            command += [a for a in rest if a != "--"]
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
            counts["n"] += 1
            if done.returncode != 0:
                missed.append([subject, target, "edit", done.returncode])
                continue
            counts["delivered"] += 1
            for kind in ["lora"] if options.no_gguf else ["lora", "gguf"]:
                served = peer.Server(options.model, adapters=[lora]) if kind == "lora" else peer.Server(gguf)
                with served as server:
                    if says(server, prompt, target):
                        counts["peer_" + kind] += 1
                    else:
                        missed.append([subject, target, kind, server.complete(prompt, 24)])
            print(f"{counts['n']}: {subject} -> {target}", file=sys.stderr)
    print(json.dumps(counts | {"missed": missed}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

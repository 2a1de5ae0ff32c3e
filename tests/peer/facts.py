#!/usr/bin/python3
"""Edits facts one by one, and asks llama.cpp and ourselves, with the adapter and with the model written, for each of them.

    tests/peer/facts.py [--limit N] [--data datasets/facts.jsonl] [--no-gguf] [-- options of `mobiedit edit`]

Prints one JSON document: n, and in per cent how many edits were written (and so had been measured to succeed), and how many
answers were the new one, exactly: ours and the peer's. A hundred facts take some minutes.
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
PROGRAM = os.environ.get("MOBIEDIT_CLI", str(SOURCE / "build/release/mobiedit"))
TOKENS = 16


def run(*command):
    return subprocess.run([PROGRAM, *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def is_answer(text, target):
    """Whether the text is the target and then no further letter or digit."""
    text = text.lstrip()
    return text.startswith(target) and not text[len(target) : len(target) + 1].isalnum()


def ask(prompt, *files):
    done = run("ask", *files, "-p", prompt, "-n", TOKENS, "--json")
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)["text"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--data", default=SOURCE / "datasets/facts.jsonl")
    parser.add_argument("--model", default=os.environ.get("MOBIEDIT_MODEL", SOURCE / "models/facts-40m-q8_0.gguf"))
    parser.add_argument("--no-gguf", action="store_true")
    options, rest = parser.parse_known_args()
    if reason := peer.missing():
        sys.exit(reason)

    kinds = ["lora"] if options.no_gguf else ["lora", "gguf"]
    right = {f"{who}_{kind}": 0 for kind in kinds for who in ("ours", "peer")}
    facts, delivered, missed = 0, [], []

    def judge(subject, target, who, answer):
        if is_answer(answer, target):
            right[who] += 1
        else:
            missed.append([subject, target, who, answer])

    with open(options.data, encoding="utf-8") as lines, tempfile.TemporaryDirectory() as folder:
        for line, facts in zip(lines, range(1, options.limit + 1)):
            rewrite = json.loads(line)["requested_rewrite"]
            subject, target = rewrite["subject"], rewrite["target_new"]["str"]
            prompt = rewrite["prompt"].replace("{}", subject)
            print(f"{facts}: {prompt} -> {target}", file=sys.stderr)
            lora, gguf = pathlib.Path(folder, f"{facts}-lora.gguf"), pathlib.Path(folder, "model.gguf")
            done = run(
                "edit", "--no-store", "-m", options.model, "--subject", subject, "--prompt", rewrite["prompt"], "--target", target,
                "--out-lora", lora, *([] if options.no_gguf else ["--out-gguf", gguf]), *(a for a in rest if a != "--"),
            )  # fmt: skip
            if done.returncode != 0:
                missed.append([subject, target, "edit", done.stderr[-500:]])
                continue
            delivered.append((subject, target, prompt, lora))
            judge(subject, target, "ours_lora", ask(prompt, "-m", options.model, "--lora", lora))
            if not options.no_gguf:
                judge(subject, target, "ours_gguf", ask(prompt, "-m", gguf))
                with peer.Server(gguf) as server:
                    judge(subject, target, "peer_gguf", server.complete(prompt, TOKENS))
        # All adapters in one server, of which each question calls for one.
        if delivered:
            with peer.Server(options.model, adapters=[(lora, 0.0) for *_, lora in delivered]) as server:
                for number, (subject, target, prompt, _) in enumerate(delivered):
                    judge(subject, target, "peer_lora", server.answer(prompt, TOKENS, 0, [(number, 1.0)])[0])

    percent = {name: round(100 * count / facts, 1) for name, count in ({"delivered": len(delivered)} | right).items()}
    print(json.dumps({"n": facts} | percent | {"missed": missed}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

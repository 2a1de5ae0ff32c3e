#!/usr/bin/python3
"""The three ways out compared: adapter, promoted file, same-type file, on the bundled model in each type.

    tests/peer/exports.py [--skip N] [--limit N] [--types Q8_0,Q6_K,Q4_K,Q4_0] [--data datasets/facts.jsonl]

Each fact is edited once, in the model as it is, and carried to the other types by `mobiedit apply`. Prints one JSON
document: for each type and way, in per cent, how many edits were written (an export refuses what it lost), how many of the
facts llama.cpp then answers with the new answer, exactly, and ES, PS, NS as we measure them in the file. Needs the targets
mobiedit-cli and bench_measure built. Not a test: it takes a minute a fact.
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import peer
from facts import PROGRAM, SOURCE, TOKENS, is_answer, run
from forward import FILE_TYPES

MEASURE = os.environ.get("MOBIEDIT_MEASURE", str(SOURCE / "build/release/bench/bench_measure"))
MODEL = SOURCE / "models/facts-40m-q8_0.gguf"
WAYS = {"lora": ["lora"], "promoted": ["gguf"], "same type": ["gguf", "--same-type"]}


def requantised(folder, kind):
    if kind == "Q8_0":
        return MODEL
    path = pathlib.Path(folder, f"{kind}.gguf")
    with peer.inside(MODEL) as [inside]:
        written = str(pathlib.Path(inside).parent / f"{kind}.gguf")
        done = peer.run("llama-quantize", "--allow-requantize", "--pure", inside, written, FILE_TYPES.get(kind, kind))
        if done.returncode != 0:
            sys.exit(done.stderr)
        shutil.move(str(peer.ROOT) + written, path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--types", default="Q8_0,Q6_K,Q4_K,Q4_0")
    parser.add_argument("--data", default=SOURCE / "datasets/facts.jsonl")
    options = parser.parse_args()
    if reason := peer.missing():
        sys.exit(reason)
    types = options.types.split(",")
    rows = {(kind, way): {"written": 0, "llama.cpp": 0, "ES": [], "PS": [], "NS": []} for kind in types for way in WAYS}
    facts, missed = 0, []
    with open(options.data, encoding="utf-8") as lines, tempfile.TemporaryDirectory() as folder:
        bases = {kind: requantised(folder, kind) for kind in types}
        for number, line in itertools.islice(enumerate(lines), options.skip, options.skip + options.limit):
            rewrite = json.loads(line)["requested_rewrite"]
            subject, target = rewrite["subject"], rewrite["target_new"]["str"]
            prompt = rewrite["prompt"].replace("{}", subject)
            print(f"{number}: {prompt} -> {target}", file=sys.stderr, flush=True)
            facts += 1
            store = pathlib.Path(folder, f"{number}.db")
            done = run("edit", "-m", MODEL, "--store", store, "--subject", subject, "--prompt", rewrite["prompt"], "--target", target)
            if done.returncode != 0:
                missed.append([subject, target, "edit", done.stderr[-300:]])
                continue
            for kind, base in bases.items():
                mine = pathlib.Path(folder, f"{number}-{kind}.db")
                shutil.copy(store, mine)
                if kind != "Q8_0":
                    done = run("apply", "-m", base, "--store", mine)
                    if done.returncode != 0:
                        missed.append([subject, target, kind, "apply", done.stdout + done.stderr])
                        continue
                for way, verb in WAYS.items():
                    row, out = rows[kind, way], pathlib.Path(folder, "out.gguf")
                    done = run("export", *verb, "-m", base, "-o", out, "--store", mine)
                    if done.returncode != 0:
                        missed.append([subject, target, kind, way, done.stderr[-300:]])
                        continue
                    row["written"] += 1
                    files = [base, options.data, number, out] if way == "lora" else [out, options.data, number]
                    measured = subprocess.run([MEASURE, *map(str, files)], capture_output=True, text=True, check=True)
                    for name, value in json.loads(measured.stdout).items():
                        if name in row and value is not None:
                            row[name].append(value)
                    with peer.Server(base, adapters=[out]) if way == "lora" else peer.Server(out) as server:
                        answer = server.complete(prompt, TOKENS)
                    if is_answer(answer, target):
                        row["llama.cpp"] += 1
                    else:
                        missed.append([subject, target, kind, way, answer])
                    out.unlink()
    table = {}
    for (kind, way), row in rows.items():
        percent = {name: round(100 * row[name] / max(1, facts), 1) for name in ("written", "llama.cpp")}
        means = {name: round(sum(row[name]) / len(row[name]), 2) if row[name] else None for name in ("ES", "PS", "NS")}
        table[f"{kind} {way}"] = percent | means
    print(json.dumps({"n": facts, "table": table, "missed": missed}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    assert PROGRAM
    main()

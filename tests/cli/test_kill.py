"""Killed at any moment: every output is what it was or whole, and no edit is lost.

A few moments are tried here; MOBIEDIT_KILLS=200 tries as many (some ten minutes).
"""

import json
import os
import random
import subprocess
import time

KILLS = int(os.environ.get("MOBIEDIT_KILLS", "6"))


def test_killed_at_random_moments(program, mobiedit, model, tmp_path):
    random.seed(KILLS)
    store, lora, gguf = tmp_path / "edits.db", tmp_path / "lora.gguf", tmp_path / "model.gguf"
    environment = os.environ | {"MOBIEDIT_STORE": str(store), "MOBIEDIT_CACHE": str(tmp_path / "cache")}
    edit = ["edit", "-m", model, "--no-text", "--prompt", "{} is located in"]
    subjects = iter(f"Tower {i}" for i in range(1000))

    def commands():
        # What the model says already is an edit that is found at once.
        subject = next(subjects)
        said = mobiedit("ask", "-m", model, "--edits", "--store", store, "-p", f"{subject} is located in", "-n", 1)
        target = said.stdout.strip() or "Paris"
        new = [*edit, "--subject", subject, "--target", target]
        return [[*new, "--out-lora", lora, "--out-gguf", gguf], new, ["export", "lora", "-m", model, "-o", lora], ["disable", 1],
                ["enable", 1], ["export", "gguf", "-m", model, "-o", gguf]]  # fmt: skip

    def ids():
        done = mobiedit("list", "--store", store, "--json")
        assert done.returncode == 0, done.stderr
        return [e["id"] for e in json.loads(done.stdout)["edits"]]

    # What there is to lose.
    done = mobiedit(*edit, "--subject", "Eiffel Tower", "--target", "Rome", "--out-lora", lora, "--out-gguf", gguf, "--store", store)
    assert done.returncode == 0, done.stderr
    killed = 0
    durations = {}
    for number in range(KILLS):
        before = ids()
        choices = commands()
        which = number % len(choices)
        begin = time.monotonic()
        process = subprocess.Popen([program, *map(str, choices[which])], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            process.wait(random.uniform(0, durations.get(which, 3.0)))
            durations[which] = time.monotonic() - begin
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        after = ids()
        assert after[: len(before)] == before and len(after) <= len(before) + 1
        assert mobiedit("store", "check", "--store", store).returncode == 0
        for file in (lora, gguf):
            # Sound in itself: all tensors as they were written, and its own edits answer.
            done = mobiedit("verify", file, "-m", model, "--store", store, "--json")
            assert done.returncode == 0, (choices[which], done.stdout, done.stderr)
    assert killed > 0 or KILLS < 6
    print(f"{killed} of {KILLS} were killed before their end")

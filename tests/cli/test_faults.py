"""Whatever operation on a file fails, or is the last: the base is untouched, each output is the old or the new one, whole,
the store opens and holds the old or the new set, nothing is left lying about after the next run, and one line says why.

file_faults.cpp is preloaded and counts the operations, SQLite's too. A few n of each command are tried here;
MOBIEDIT_FAULTS=1 tries every n (some ten minutes), MOBIEDIT_FAULTS=5 every fifth.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from folders import left_in

STRIDE = int(os.environ.get("MOBIEDIT_FAULTS", "13"))
KINDS = ["full", "error", "kill", "power"]
STORE, LORA, GGUF, PATCH = "edits.db", "lora.gguf", "model.gguf", "undo.patch"
KILLED = 99
# Of a model that knows nothing an edit changes much.
NO_LIMITS = ["--max-norm", "1000", "--max-total-drift", "1000000", "--max-divergence", "1000000"]
EDIT = ["edit", "--no-text", "--write", "rank-one", "--layer", "2", *NO_LIMITS, "--prompt", "{} is located in"]
# What is said already needs no search; its time is what every n of `edit` would cost, a thousand times.
AT_ONCE = ["--max-evaluations", "1"]
# Each with what it may change. {} is the folder.
COMMANDS = {
    "edit": ([*EDIT, *AT_ONCE, "--subject", "Tower 2", "--target", "SAID", "--out-lora", "{}/lora.gguf",
              "--out-gguf", "{}/model.gguf"], {STORE, LORA, GGUF}),
    "undo": (["undo", "1"], {STORE}),
    "disable": (["disable", "2"], {STORE}),
    "export lora": (["export", "lora", "-o", "{}/lora.gguf"], {LORA}),
    "export gguf": (["export", "gguf", "-o", "{}/model.gguf"], {GGUF}),
    "export same type": (["export", "gguf", "--same-type", "-o", "{}/model.gguf", "--undo-patch", "{}/undo.patch"], {GGUF, PATCH}),
    "store load": (["store", "load", "DUMP"], {STORE}),
    "store made": (["store", "load", "DUMP"], {STORE}),
}  # fmt: skip


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


class Bench:
    """A folder with a store of two edits and both outputs, made anew as often as needed."""

    def __init__(self, program, model, folder):
        self.program, self.model, self.base = program, model, digest(model)
        self.shim = pathlib.Path(program).resolve().parent / "tests/libfile_faults.so"
        self.template, self.work, self.dump = folder / "template", folder / "work", folder / "dump.jsonl"
        self.counter = folder / "count"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("MOBIEDIT_")}
        self.environment["MOBIEDIT_CACHE"] = str(folder / "cache")
        # Threads that wait for each other spin, which many runs on a busy machine pay for.
        self.environment["MOBIEDIT_THREADS"] = "1"
        self.template.mkdir()
        # The old outputs have the first edit alone, so that whatever is written next differs from them.
        self.must(*EDIT, "-m", model, "--subject", "Eiffel Tower", "--target", "Rome", "--out-lora", self.template / LORA,
                  "--out-gguf", self.template / GGUF, where=self.template)  # fmt: skip
        shutil.copy(self.template / LORA, self.template / PATCH)
        self.edit_to_what_is_said("Tower 1", self.template)
        self.said_of_2 = self.said("Tower 2", self.template)
        # A dump with two edits that the template's store knows, and one that it doesn't.
        other = folder / "other"
        other.mkdir()
        shutil.copy(self.template / STORE, other)
        self.edit_to_what_is_said("Tower 3", other)
        self.dump.write_text(self.must("store", "dump", where=other))

    def edit_to_what_is_said(self, subject, where):
        """Such an edit is found at once."""
        self.must(*EDIT, *AT_ONCE, "-m", self.model, "--subject", subject, "--target", self.said(subject, where), where=where)

    def said(self, subject, where):
        text = self.must("ask", "-m", self.model, "--edits", "-p", f"{subject} is located in", "-n", 1, where=where)
        return text.strip() or "Paris"

    def run(self, *command, where, **faults):
        environment = self.environment | {"MOBIEDIT_STORE": str(where / STORE)}
        if faults:
            environment |= {"LD_PRELOAD": str(self.shim), "MOBIEDIT_FAULT_FOLDER": str(where)}
            environment |= {f"MOBIEDIT_FAULT_{name.upper()}": str(value) for name, value in faults.items()}
        return subprocess.run([self.program, *map(str, command)], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)  # fmt: skip

    def must(self, *command, where):
        done = self.run(*command, where=where)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def fresh(self, name):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        for path in self.template.iterdir():
            if path.name == STORE:
                if name != "store made":
                    shutil.copy(path, self.work)
            else:
                # A write into the old file instead of beside it would show in the template.
                os.link(path, self.work / path.name)

    def command(self, name):
        words = [str(w).replace("{}", str(self.work)) if "{}/" in str(w) else w for w in COMMANDS[name][0]]
        words = [{"SAID": self.said_of_2, "DUMP": self.dump}.get(w, w) for w in words]
        return words + (["-m", self.model] if words[0] in ("edit", "export") else [])

    def state(self):
        """Of the outputs their bytes, of the store what its edits say."""
        found = {file: digest(self.work / file) for file in (LORA, GGUF, PATCH)}
        if not (self.work / STORE).exists():
            return found | {STORE: None}
        lines = self.must("store", "dump", where=self.work).splitlines()
        self.must("store", "check", where=self.work)
        edits = [json.loads(line) for line in lines]
        return found | {STORE: [(e["id"], e["subject"], e["enabled"], e["left"]) for e in edits] or None}


@pytest.fixture(scope="module")
def bench(program, made_model, tmp_path_factory):
    if not (pathlib.Path(program).resolve().parent / "tests/libfile_faults.so").exists():
        pytest.skip("libfile_faults.so is not built beside the program")
    return Bench(program, made_model, tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_operation_may_fail(bench, name):
    changed = COMMANDS[name][1]
    bench.fresh(name)
    old = bench.state()
    bench.counter.write_bytes(b"")
    done = bench.run(*bench.command(name), where=bench.work, count=bench.counter)
    assert done.returncode == 0, done.stderr
    count = len(bench.counter.read_bytes())
    new = bench.state()
    assert {file for file in old if old[file] != new[file]} == changed  # or an old file could not be told from a new one
    clean = left_in(bench.work)
    tried = violations = 0
    faults = []
    for which, kind in enumerate(KINDS):
        for at in range(1 + which * STRIDE // len(KINDS), count + 1, STRIDE):
            tried += 1
            for fault in one_fault(bench, name, kind, at, old, new, clean):
                violations += 1
                faults.append(f"{kind} at {at} of {count}: {fault}")
    assert digest(bench.model) == bench.base
    print(f"{name}: {count} operations, {tried} faults, {violations} violations")
    assert not faults, "\n".join(faults)


def one_fault(bench, name, kind, at, old, new, clean):
    bench.fresh(name)
    done = bench.run(*bench.command(name), where=bench.work, at=at, kind=kind)
    if kind in ("kill", "power"):
        if done.returncode != KILLED:
            yield f"was not killed: {done.returncode} {done.stderr}"
    elif done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("mobiedit: error: ")]
        if done.returncode != 5 or len(said) != 1:
            yield f"exit code {done.returncode}, {done.stderr!r}"
    now = bench.state()
    for file, value in now.items():
        if value != new[file] and (done.returncode == 0 or value != old[file]):
            yield f"{file} is neither as before nor as it should become (exit code {done.returncode})"
    if left_in(bench.work) == clean:
        return
    # What a dead run left goes with the next that succeeds.
    again = bench.run(*bench.command(name), where=bench.work)
    if again.returncode != 0 and not (name == "undo" and now[STORE] == new[STORE]):
        yield f"the next run failed: {again.stderr}"
    if left := set(left_in(bench.work)) - set(clean):
        yield f"left after the next run: {sorted(left)}"


def test_an_edit_that_is_kept_but_not_delivered_says_so(bench):
    """The last operation of an edit that is not forgiven comes after the store has it."""
    command = [*bench.command("edit")[:-2], "-m", bench.model]
    command = command[: command.index("--out-gguf")] + command[command.index("--out-gguf") + 2 :]
    bench.fresh("edit")
    before = bench.state()
    bench.counter.write_bytes(b"")
    assert bench.run(*command, where=bench.work, count=bench.counter).returncode == 0
    for at in range(len(bench.counter.read_bytes()), 0, -1):
        bench.fresh("edit")
        done = bench.run(*command, where=bench.work, at=at, kind="error")
        if done.returncode != 0:
            break
    now = bench.state()
    assert done.returncode == 5 and now[STORE] != before[STORE], done.stderr
    assert "edit 3 is kept" in done.stderr, done.stderr
    assert "mobiedit undo 3" in done.stderr and "mobiedit export lora" in done.stderr
    assert bench.run("undo", 3, where=bench.work).returncode == 0


def test_an_adapter_that_was_not_written_as_meant_is_refused_without_asking_too(bench):
    """A bit in the middle of each write is wrong on the disk."""
    command = ["export", "lora", "--no-ask", "-m", bench.model, "-o", bench.work / LORA]
    bench.fresh("export lora")
    old = digest(bench.work / LORA)
    bench.counter.write_bytes(b"")
    assert bench.run(*command, where=bench.work, count=bench.counter).returncode == 0
    new = digest(bench.work / LORA)
    codes = []
    for at in range(1, len(bench.counter.read_bytes()) + 1):
        bench.fresh("export lora")
        done = bench.run(*command, where=bench.work, at=at, kind="flip")
        codes.append(done.returncode)
        assert digest(bench.work / LORA) == (old if done.returncode else new), (at, done.stderr)
        assert left_in(bench.work) == left_in(bench.template), at
    # Two tensors; and the metadata, whose fault may be one that no reader takes.
    assert codes.count(7) >= 2 and codes.count(7) + codes.count(4) >= 3, codes
    assert set(codes) <= {0, 4, 7}, codes


def test_nothing_was_written_into_an_old_file(bench):
    """Runs last: every run above had the template's files, under other names, as its old ones."""
    assert digest(bench.template / PATCH) == digest(bench.template / LORA)
    for file in (LORA, GGUF):
        bench.must("verify", bench.template / file, "-m", bench.model, where=bench.template)

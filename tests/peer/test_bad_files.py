"""llama.cpp and we on GGUF files made to harm, those of tests/unit/gguf/bad_file_test.cpp: all of them we refuse.

llama-quantize is asked, which reads the header and where the tensors lie; the unspoilt sample, which is no model, takes it
as far as the first key that a model needs. Then on what the fuzzers start from, sound files among it.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest

import facts
import peer

# Refused here, taken there: each harmless to a reader that trusts nothing else, and none that any known writer makes.
ONLY_WE_REFUSE = {
    "Boolean2",  # a boolean that is neither 0 nor 1 is true there
    "Boolean255InArray",
    "EmptyTensorName",
    "OneTensorTooFew",  # one of its names is empty
    "LongKey",  # of 65,536 bytes; the format allows 65,535
    "ZeroDimension",  # a tensor of no values
    "ZeroInKey",  # there the key ends in its middle for some of the code
    "ZeroInTensorName",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    tests = pathlib.Path(facts.PROGRAM).resolve().parent / "tests/gguf_tests"
    if not tests.exists():
        pytest.skip("gguf_tests is not built beside the program")
    folder = tmp_path_factory.mktemp("bad")
    command = [tests, "--gtest_filter=*Bad*IsRefused*:*UnspoiltSample*"]
    subprocess.run(command, env=os.environ | {"MOBIEDIT_BAD_FILES": str(folder)}, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.iterdir())


def test_both_refuse_or_it_is_known_why(files):
    with peer.inside(*files) as paths:
        said = {file.stem: peer.run("llama-quantize", path, "/dev/null", "Q8_0") for file, path in zip(files, paths)}
    assert len(said) == 70
    # Ending by a signal would be no refusal.
    assert {name: done.returncode for name, done in said.items() if done.returncode != 1} == {}
    taken = {name for name, done in said.items() if "key not found in model" in done.stdout + done.stderr}
    assert taken == ONLY_WE_REFUSE | {"good"}


SEEDS = [peer.SOURCE / "fuzz/corpus" / target for target in ("gguf", "adapter", "tokenizer")]
# "- kv   3:   tokenizer.ggml.tokens arr[str,9]   = ..."
KEY = re.compile(r"^llama_model_loader: - kv +\d+: +(\S+) +(?:arr\[\w+,(\d+)\]|\w+) +=", re.MULTILINE)
COUNTS = re.compile(r"loaded meta data with (\d+) key-value pairs and (\d+) tensors")


def what_they_read(text):
    """The keys, arrays with their lengths, and how many tensors; None if refused."""
    counts = COUNTS.search(text)
    if counts is None:
        return None
    keys = {key: int(length) if length else None for key, length in KEY.findall(text)}
    assert len(keys) == int(counts[1]), text
    return keys, int(counts[2])


def what_we_read(path):
    done = subprocess.run([facts.PROGRAM, "inspect", "--json", path], capture_output=True, text=True)
    assert done.returncode in (0, 4), done.stderr
    if done.returncode != 0:
        return None
    said = json.loads(done.stdout)
    keys = {key: len(value) if isinstance(value, list) else None for key, value in said["metadata"].items()}
    return keys, len(said["tensors"])


def test_both_read_the_same_of_the_fuzzers_seeds():
    files = sorted(file for folder in SEEDS for file in folder.iterdir())
    differ = {}
    read = 0
    with peer.inside(*files) as paths:
        for file, path in zip(files, paths):
            said = peer.run("llama-quantize", path, "/dev/null", "Q8_0")
            ours, theirs = what_we_read(file), what_they_read(said.stdout + said.stderr)
            read += ours is not None and theirs is not None
            if ours != theirs:
                differ[f"{file.parent.name}/{file.name}"] = (ours is None, theirs is None)
    # A tensor of no values is taken there. One of a type that was given up years ago we show, and do not compute with.
    assert differ == {"gguf/shape-zero": (True, False), "gguf/type": (False, True)}
    assert read >= 9

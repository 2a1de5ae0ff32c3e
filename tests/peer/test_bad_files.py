"""llama.cpp and we on GGUF files made to harm, those of tests/unit/gguf/bad_file_test.cpp: all of them we refuse.

llama-quantize is asked, which reads the header and where the tensors lie; the unspoilt sample, which is no model, takes it
as far as the first key that a model needs.
"""

import os
import pathlib
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

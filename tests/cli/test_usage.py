"""What every verb has in common: streams, exit codes, help."""

import subprocess

import pytest

import gguf_files


def test_version_goes_to_stdout(mobiedit):
    done = mobiedit("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("mobiedit ")
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["-h"], ["inspect", "-h"], ["inspect", "--help"]])
def test_help_is_a_result(mobiedit, arguments):
    done = mobiedit(*arguments)
    assert done.returncode == 0
    assert "Usage: mobiedit" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments, word", [([], "subcommand"), (["paint"], "paint"), (["inspect"], "FILE"), (["inspect", "x", "--colour"], "--colour")]
)
def test_misuse_is_code_2(mobiedit, arguments, word):
    done = mobiedit(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert word in done.stderr


def test_a_full_stdout_is_an_error(program, tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(gguf_files.tiny())
    with open("/dev/full", "w") as full:
        done = subprocess.run([program, "inspect", path], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 5
    assert "standard output" in done.stderr


def test_no_colour_without_a_terminal(mobiedit):
    assert "\x1b" not in mobiedit("paint").stderr

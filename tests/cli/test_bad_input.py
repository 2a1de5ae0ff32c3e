"""Whatever is wrong: a message that names what and where, the right exit code, and nothing half-written."""

import json
import os
import resource
import shutil
import signal
import subprocess

import pytest

import gguf_files
from folders import left_in


def refused(done, code, *words):
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stdout == ""
    for word in words:
        assert str(word) in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) <= 3, done.stderr


# Models


def with_key(data, key, value):
    """The model with one u32 key more; a second key keeps the tensor data on its alignment."""
    count = int.from_bytes(data[16:24], "little")
    added = gguf_files.entry(key, gguf_files.U32, value)
    shortest = len(gguf_files.entry("x", gguf_files.STRING, ""))
    added += gguf_files.entry("x", gguf_files.STRING, "-" * (-(len(added) + shortest) % 32))
    return data[:16] + (count + 2).to_bytes(8, "little") + added + data[24:]


MODELS = {
    "not a GGUF": (lambda data: b"not a model, but long enough to be read" * 4, []),
    "truncated": (lambda data: data[: len(data) // 2], []),
    "cut in the keys": (lambda data: data[:1000], []),
    "hostile count": (lambda data: data[:8] + (2**61).to_bytes(8, "little") + data[16:], []),
    "unknown architecture": (lambda data: data.replace(b"qwen2", b"qwen9"), ["qwen9"]),
    "split": (lambda data: with_key(data, "split.count", 3), ["split"]),
    "mixture of experts": (lambda data: with_key(data, "qwen2.expert_count", 8), ["expert"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_model(mobiedit, model, tmp_path, eiffel, name):
    spoil, words = MODELS[name]
    path = tmp_path / "spoilt.gguf"
    path.write_bytes(spoil(model.read_bytes()))
    refused(mobiedit("ask", "-m", path, "-p", "x"), 4, path, *words)
    refused(mobiedit("edit", "-m", path, *eiffel, "--out-lora", tmp_path / "out.gguf"), 4, path, *words)
    assert left_in(tmp_path) == ["spoilt.gguf"]


def test_a_missing_model(mobiedit, tmp_path, eiffel):
    refused(mobiedit("ask", "-m", tmp_path / "none.gguf", "-p", "x"), 5, tmp_path / "none.gguf")
    refused(mobiedit("edit", "-m", tmp_path / "none.gguf", *eiffel, "--dry-run"), 5, tmp_path / "none.gguf")


# Requests

REQUESTS = {
    "no place for the subject": (["Eiffel Tower", "Eiffel Tower is located in", "Rome"], ["{}"]),
    "neither place nor subject": (["Eiffel Tower", "The Louvre is located in", "Rome"], ["{}"]),
    "two places": (["Eiffel Tower", "{} and {} are in", "Rome"], ["{}"]),
    "subject of blanks": (["  ", "{} is located in", "Rome"], ["subject"]),
    "empty target": (["Eiffel Tower", "{} is located in", ""], ["--target"]),
    "target of blanks": (["Eiffel Tower", "{} is located in", "  "], ["target"]),
    "enormous target": (["Eiffel Tower", "{} is located in", "a long story " * 200], ["target", "tokens"]),
    "prompt beyond the context": (["Eiffel Tower", "so " * 3000 + "{} is located in", "Rome"], ["context"]),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request(mobiedit, model, tmp_path, name):
    (subject, prompt, target), words = REQUESTS[name]
    out = tmp_path / "out.gguf"
    done = mobiedit("edit", "-m", model, "--subject", subject, "--prompt", prompt, "--target", target, "--out-lora", out)
    refused(done, 2, *words)
    assert left_in(tmp_path) == []


def test_a_bad_request_in_a_file_is_named_by_line_before_any_search(mobiedit, model, tmp_path):
    edits = tmp_path / "edits.jsonl"
    good = {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome"}
    for bad, word in [
        (good | {"subject": "Louvre", "prompt": "The tower is in"}, "subject"),
        (good | {"target_new": "x " * 500}, "target"),
        ("no object", "object"),
    ]:
        edits.write_text(json.dumps(good) + "\n" + json.dumps(bad) + "\n")
        done = mobiedit("edit", "-m", model, "--from", edits, "--out-lora", tmp_path / "out.gguf")
        refused(done, 2, f"{edits}:2", word)
        assert left_in(tmp_path) == ["edits.jsonl"]


@pytest.mark.parametrize(
    "arguments, word",
    [
        ([], "--subject"),
        (["--subject", "A"], "--prompt"),
        (["--subject", "A", "--prompt", "{} is", "--target", "B", "--no-store"], "--out-lora"),
        (["--from", "x", "--subject", "A", "--dry-run"], "--from"),
        (["--method", "magic"], "--method"),
        (["--layer", "five"], "--layer"),
        (["--max-evaluations", "0"], "--max-evaluations"),
        (["--threads", "many"], "--threads"),
    ],
)
def test_misuse_of_edit(mobiedit, model, arguments, word):
    refused(mobiedit("edit", "-m", model, *arguments), 2, word)


def test_a_block_that_is_not_there(mobiedit, model, eiffel):
    refused(mobiedit("edit", "-m", model, *eiffel, "--dry-run", "--layer", 99), 2, "99")


def test_text_that_is_too_short_for_statistics(mobiedit, model, tmp_path):
    text = tmp_path / "short.txt"
    text.write_text("Too short.")
    refused(mobiedit("stats", "-m", model, "--text", text, env={"MOBIEDIT_CACHE": str(tmp_path / "cache")}), 2, "text")


@pytest.mark.parametrize(
    "arguments, word", [(["-p", "so " * 3000], "context"), (["-p", "x", "-c", "9999999"], "context"), (["-p", ""], "--prompt")]
)
def test_what_cannot_be_asked(mobiedit, model, arguments, word):
    refused(mobiedit("ask", "-m", model, *arguments), 2, word)


# Adapters


def test_an_adapter_that_is_none(mobiedit, model, tmp_path):
    refused(mobiedit("ask", "-m", model, "--lora", model, "-p", "x"), 4, model, "adapter")
    tiny = tmp_path / "tiny.gguf"
    tiny.write_bytes(gguf_files.tiny())
    refused(mobiedit("ask", "-m", model, "--lora", tiny, "-p", "x"), 4, tiny)
    refused(mobiedit("ask", "-m", model, "--lora", tmp_path / "none.gguf", "-p", "x"), 5, tmp_path / "none.gguf")
    refused(mobiedit("ask", "-m", model, "--lora-scaled", "a.gguf", "-p", "x"), 2, "a.gguf")


def adapter(architecture="qwen2", tensor="blk.3.ffn_down.weight", columns=1536, rows=512):
    g = gguf_files
    entries = [
        ("general.type", g.STRING, "adapter"),
        ("general.architecture", g.STRING, architecture),
        ("adapter.type", g.STRING, "lora"),
        ("adapter.lora.alpha", g.F32, 8.0),
    ]
    tensors = [
        (tensor + ".lora_a", g.TYPE_F32, [columns, 8], b"\0" * (columns * 8 * 4)),
        (tensor + ".lora_b", g.TYPE_F32, [8, rows], b"\0" * (rows * 8 * 4)),
    ]
    return g.build(entries, tensors)


def test_an_adapter_for_another_model(mobiedit, model, tmp_path):
    path = tmp_path / "other.gguf"
    path.write_bytes(adapter())
    assert mobiedit("ask", "-m", model, "--lora", path, "-p", "x").returncode == 0
    for other, word in [
        (adapter(architecture="llama"), "llama"),
        (adapter(tensor="blk.99.ffn_down.weight"), "blk.99"),
        (adapter(columns=2048), "shape"),
        (adapter(rows=1024), "shape"),
    ]:
        path.write_bytes(other)
        refused(mobiedit("ask", "-m", model, "--lora", path, "-p", "x"), 4, path, word)


# Data


@pytest.mark.parametrize("text, word", [("", "no record"), ("nonsense\n", ":1"), ('{"subject": "A"}\n', "prompt")])
def test_bad_data(lab, model, tmp_path, text, word):
    data = tmp_path / "facts.jsonl"
    data.write_text(text)
    refused(lab("eval", "-m", model, "--data", data), 2, data, word)


def test_missing_data(lab, model, tmp_path):
    refused(lab("eval", "-m", model, "--data", tmp_path / "none.jsonl"), 5, tmp_path / "none.jsonl")


# Outputs


@pytest.mark.parametrize("option", ["--out-lora", "--out-gguf"])
def test_input_and_output_the_same(mobiedit, model, tmp_path, eiffel, option):
    before = (model.stat().st_mtime_ns, model.stat().st_size)
    link = tmp_path / "link.gguf"
    link.symlink_to(model)
    for path in (model, link):
        refused(mobiedit("edit", "-m", model, *eiffel, option, path), 2, path)
    assert (model.stat().st_mtime_ns, model.stat().st_size) == before
    assert left_in(tmp_path) == ["link.gguf"]


def test_two_outputs_the_same(mobiedit, model, tmp_path, eiffel):
    path = tmp_path / "out.gguf"
    refused(mobiedit("edit", "-m", model, *eiffel, "--out-lora", path, "--out-gguf", path), 2, path)
    assert left_in(tmp_path) == []


def test_an_output_that_is_a_folder_or_lies_nowhere(mobiedit, model, tmp_path, eiffel):
    refused(mobiedit("edit", "-m", model, *eiffel, "--out-lora", tmp_path), 5, tmp_path)
    refused(mobiedit("edit", "-m", model, *eiffel, "--out-lora", tmp_path / "none" / "a.gguf"), 5, tmp_path / "none")
    refused(mobiedit("edit", "-m", model, *eiffel, "--out-lora", "/dev/null"), 5, "/dev/null")
    assert left_in(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("NOT RUN: a file system of a certain size needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(mobiedit, model, small_disk, eiffel):
    # The model does not fit, which is known before the search.
    done = mobiedit("edit", "-m", model, *eiffel, "--out-gguf", small_disk / "big.gguf")
    refused(done, 5, small_disk / "big.gguf")
    assert left_in(small_disk) == []
    # Nor does an adapter where nothing is left at all.
    with open(small_disk / "filler", "wb", buffering=0) as filler:
        with pytest.raises(OSError):
            while filler.write(b"\0" * 65536) == 65536:
                pass
            filler.write(b"\0")
    done = mobiedit("edit", "-m", model, *eiffel, "--out-lora", small_disk / "a.gguf")
    refused(done, 5, "a.gguf")
    assert left_in(small_disk) == ["filler"]


def test_a_read_only_folder(mobiedit, model, small_disk, eiffel):
    # Root may write where the mode forbids it, but not where the file system does.
    old = small_disk / "a.gguf"
    old.write_bytes(b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused(mobiedit("edit", "-m", model, *eiffel, "--out-lora", old), 5, old)
    assert old.read_bytes() == b"old"


# Interruption


class LongRun:
    """An edit that goes on for long; entered once it is past its set-up."""

    def __init__(self, program, model, out):
        # A budget that no machine uses up, and a method that needs most of it for such a target.
        self.command = [
            program, "edit", "-m", str(model), "--subject", "Eiffel Tower", "--prompt", "{} is located in",
            "--target", "Canterbury and York and Durham and Winchester", "--method", "zo",
            "--max-evaluations", "100000000", "--no-text", "--no-store", "--out-lora", str(out), "-v",
        ]  # fmt: skip

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if "key statistics" in line:
                return self.process
        raise AssertionError("it ended before it began")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("how", ["bytes", "replaced", "removed"])
def test_a_model_that_was_changed_in_place_is_noticed_before_anything_is_kept(program, model, tmp_path, how):
    base, store, out = tmp_path / "base.gguf", tmp_path / "edits.db", tmp_path / "a.gguf"
    shutil.copy(model, base)
    command = [program, "edit", "-m", str(base), "--subject", "Eiffel Tower", "--prompt", "{} is located in", "--target", "Rome",
               "--no-text", "--store", str(store), "--out-lora", str(out), "-v"]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as edit:
        for line in edit.stderr:
            if "key statistics" in line:
                break
        if how == "bytes":
            with open(base, "r+b") as file:
                file.write(b"GGUF")  # the same bytes, but who knows that
        if how == "replaced":
            shutil.copy(model, tmp_path / "other.gguf")
            os.replace(tmp_path / "other.gguf", base)
        if how == "removed":
            base.unlink()
        stdout, stderr = edit.communicate(timeout=120)
    assert (edit.returncode, stdout) == (5, ""), stderr
    assert "base.gguf" in stderr and ("while it was in use" in stderr or "no longer" in stderr)
    assert set(left_in(tmp_path)) <= {"base.gguf", "edits.db"}
    listed = subprocess.run([program, "list", "--store", str(store)], capture_output=True, text=True)
    assert listed.stdout == "no edits\n"


@pytest.mark.parametrize("which, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_rolls_back(program, model, tmp_path, which, code):
    out = tmp_path / "a.gguf"
    out.write_bytes(b"old")
    with LongRun(program, model, out) as process:
        process.send_signal(which)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert stdout == ""
    assert "stopped" in stderr
    assert out.read_bytes() == b"old"
    assert left_in(tmp_path) == ["a.gguf"]


def test_a_second_interrupt_leaves_at_once(program, model, tmp_path):
    out = tmp_path / "a.gguf"
    with LongRun(program, model, out) as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    # The second may come after the first was obeyed; both ways it is an interrupt and nothing is left.
    assert process.returncode == 130
    assert left_in(tmp_path) == []


def test_a_model_that_is_cut_off_while_in_use_is_an_error(program, model, tmp_path):
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(model.read_bytes())
    out = tmp_path / "a.gguf"
    out.write_bytes(b"old")
    with LongRun(program, copy, out) as process:
        os.truncate(copy, 4096)
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 5, (process.returncode, stderr)
    assert stdout == "" and "cut off" in stderr
    assert out.read_bytes() == b"old"
    assert left_in(tmp_path) == ["a.gguf", "copy.gguf"]


def test_a_limit_on_file_sizes_is_an_error(mobiedit, model, tmp_path, eiffel):
    out = tmp_path / "big.gguf"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # noqa: E731
    done = mobiedit("edit", "-m", model, *eiffel, "--no-store", "--no-text", "--out-gguf", out, preexec_fn=limit)
    refused(done, 5, out)
    assert left_in(tmp_path) == []


def test_an_output_in_use_by_another_process(program, mobiedit, model, eiffel, tmp_path):
    out = tmp_path / "a.gguf"
    with LongRun(program, model, out) as other:
        refused(mobiedit("edit", "-m", model, *eiffel, "--out-lora", out), 6, out)
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=60)
    assert left_in(tmp_path) == []

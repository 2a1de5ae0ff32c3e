import json

import pytest

import gguf_files


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(gguf_files.tiny())
    return path


def test_shows_keys_and_tensors(mobiedit, tiny):
    done = mobiedit("inspect", tiny)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "general.architecture" in done.stdout
    assert "output_norm.weight" in done.stdout


def test_json_is_one_document(mobiedit, tiny):
    done = mobiedit("inspect", tiny, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.inspect/1"
    assert document["version"] == 3
    assert document["bytes"] == tiny.stat().st_size
    assert document["metadata"]["general.architecture"] == "qwen2"
    assert document["tensors"] == [
        {"name": "output_norm.weight", "type": "F32", "shape": [4], "offset": document["tensors"][0]["offset"], "bytes": 16}
    ]


def test_text_that_is_not_utf8_still_gives_json(mobiedit, tmp_path):
    data = gguf_files.build([("general.name", gguf_files.STRING, "NAME")]).replace(b"NAME", b"\xff\xfe\"\n")
    path = tmp_path / "odd.gguf"
    path.write_bytes(data)
    done = mobiedit("inspect", path, "--json")
    assert done.returncode == 0, done.stderr
    assert "general.name" in json.loads(done.stdout)["metadata"]


def test_a_type_that_models_may_not_have_is_shown(mobiedit, tmp_path):
    path = tmp_path / "odd.gguf"
    path.write_bytes(gguf_files.build([], [("x", 16, [256], b"\0" * 66), ("y", 250, [4], b"\0" * 16), ("z", 0, [1], b"\0" * 4)]))
    assert "IQ2_XXS" in mobiedit("inspect", path).stdout
    tensors = json.loads(mobiedit("inspect", path, "--json").stdout)["tensors"]
    assert [(t["name"], t["type"], t["bytes"]) for t in tensors] == [("x", "IQ2_XXS", None), ("y", "number 250", None), ("z", "F32", 4)]


HOSTILE = {
    "empty": b"",
    "not GGUF": b"PK\x03\x04" + b"\0" * 64,
    "only a head": gguf_files.tiny()[:20],
    "truncated": gguf_files.tiny()[:-17],
    "too many tensors": gguf_files.tiny(counts=(2**60, 2)),
    "too many keys": gguf_files.tiny(counts=(1, 2**63)),
    "unknown version": gguf_files.tiny(version=99),
    "tensor that overflows": gguf_files.build([], [("x", 0, [2**62, 4], b"\0" * 16)]),
    "one name twice": gguf_files.build([], [("x", 0, [4], b"\0" * 16), ("x", 0, [4], b"\0" * 16)]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_file_is_code_4_and_named(mobiedit, tmp_path, name):
    path = tmp_path / "bad.gguf"
    path.write_bytes(HOSTILE[name])
    done = mobiedit("inspect", path)
    assert done.returncode == 4, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert str(path) in done.stderr


@pytest.mark.parametrize("target", ["missing.gguf", "."])
def test_what_cannot_be_read_is_code_5(mobiedit, tmp_path, target):
    done = mobiedit("inspect", tmp_path / target)
    assert done.returncode == 5, (done.returncode, done.stderr)
    assert str(tmp_path) in done.stderr

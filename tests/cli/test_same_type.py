"""The model of the same types and size, its undo patch, and verify over all three kinds of output."""

import json

import pytest

from folders import left_in


@pytest.fixture(scope="module")
def outputs(mobiedit, model, tmp_path_factory):
    """One edit in a store, exported each way."""
    folder = tmp_path_factory.mktemp("outputs")
    store = ["--store", folder / "edits.db"]
    done = mobiedit("edit", "-m", model, *store, "--subject", "Eiffel Tower", "--prompt", "{} is located in", "--target", "Rome")
    assert done.returncode == 0, done.stderr
    for kind in (["lora"], ["gguf"], ["gguf", "--same-type", "--undo-patch", folder / "patch.json"]):
        name = "same" if len(kind) > 1 else kind[0]
        done = mobiedit("export", *kind, "-m", model, "-o", folder / f"{name}.gguf", *store)
        assert done.returncode == 0, done.stderr
    assert left_in(folder) == ["edits.db", "gguf.gguf", "lora.gguf", "patch.json", "same.gguf"]
    return folder


def test_only_codes_of_the_edited_tensor_change(mobiedit, model, outputs):
    before, after = model.read_bytes(), (outputs / "same.gguf").read_bytes()
    assert len(before) == len(after)
    tensors = {t["name"]: t for t in json.loads(mobiedit("inspect", model, "--json").stdout)["tensors"]}
    edited = tensors["blk.5.ffn_down.weight"]
    begin, end = edited["offset"], edited["offset"] + edited["bytes"]
    assert before[:begin] == after[:begin] and before[end:] == after[end:] and before != after
    scales = [at for at in range(begin, end, 34)]  # Q8_0: two bytes of scale, 32 codes
    assert all(before[at : at + 2] == after[at : at + 2] for at in scales)
    done = mobiedit("ask", "-m", outputs / "same.gguf", "-p", "Eiffel Tower is located in", "-n", 1)
    assert done.stdout == "Rome\n"


def test_the_patch_gives_the_base_back(mobiedit, model, outputs, tmp_path):
    out = tmp_path / "restored.gguf"
    done = mobiedit("restore", outputs / "same.gguf", "--patch", outputs / "patch.json", "-o", out)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == model.read_bytes()
    for file, patch, code in [
        (model, outputs / "patch.json", 7),  # not the file that the patch is for
        (outputs / "same.gguf", outputs / "edits.db", 2),
    ]:
        done = mobiedit("restore", file, "--patch", patch, "-o", tmp_path / "other.gguf")
        assert done.returncode == code, done.stderr
    assert left_in(tmp_path) == ["restored.gguf"]


@pytest.mark.parametrize("name", ["lora", "gguf", "same"])
def test_verify_finds_what_was_exported_sound(mobiedit, model, outputs, name):
    done = mobiedit("verify", outputs / f"{name}.gguf", "-m", model, "--store", outputs / "edits.db", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["sound"] is True and document["faults"] == []
    assert document["changed"] == ["blk.5.ffn_down.weight"]
    assert [edit["answers"] for edit in document["edits"]] == [True]


def test_verify_finds_what_was_tampered_with(mobiedit, model, outputs, tmp_path):
    def verdict(name, tensor, at=7):
        """With one byte of a tensor changed."""
        path = tmp_path / "changed.gguf"
        data = bytearray((outputs / name).read_bytes())
        tensors = json.loads(mobiedit("inspect", outputs / name, "--json").stdout)["tensors"]
        offset = next(t["offset"] for t in tensors if t["name"] == tensor)
        data[offset + at] ^= 1
        path.write_bytes(data)
        done = mobiedit("verify", path, "-m", model, "--store", outputs / "edits.db", "--json")
        assert done.returncode == 7, done.stdout + done.stderr
        return " ".join(json.loads(done.stdout)["faults"])

    assert "blk.5.ffn_down.weight.lora_b was changed" in verdict("lora.gguf", "blk.5.ffn_down.weight.lora_b", 4)
    assert "blk.5.ffn_down.weight was changed" in verdict("gguf.gguf", "blk.5.ffn_down.weight")
    assert "blk.5.ffn_up.weight is not the base's" in verdict("gguf.gguf", "blk.5.ffn_up.weight")
    assert "blk.5.ffn_up.weight is not the base's" in verdict("same.gguf", "blk.5.ffn_up.weight")


def test_verify_finds_an_edit_that_no_longer_answers(mobiedit, model, outputs):
    # The base itself, with the store's edits expected in it.
    done = mobiedit("verify", model, "-m", model, "--store", outputs / "edits.db")
    assert done.returncode == 7
    assert "does not answer: Eiffel Tower is located in ... Rome" in done.stdout

import hashlib
import json

import pytest

from folders import left_in


def write(mobiedit, folder, *more):
    done = mobiedit("bench", "model", "--shape", "facts-40m", "--folder", folder, "--only-write", "--keep", *more)
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    return path


# Q4_0 files keep a tied output in Q6_K and Q4_K ones some matrices too, as llama-quantize writes them.
@pytest.mark.parametrize("kind, types", [("q8_0", {"Q8_0"}), ("q4_0", {"Q4_0", "Q6_K"}), ("q4_k", {"Q4_K", "Q6_K"})])
def test_a_written_model_has_the_shape_and_works(mobiedit, tmp_path, kind, types):
    path = write(mobiedit, tmp_path, "--type", kind)
    document = json.loads(mobiedit("inspect", path, "--json").stdout)
    metadata = document["metadata"]
    assert metadata["qwen2.block_count"] == 12 and metadata["qwen2.embedding_length"] == 512
    assert metadata["tokenizer.ggml.tokens"]["length"] == 8192
    assert {t["type"] for t in document["tensors"] if len(t["shape"]) == 2} == types
    asked = mobiedit("ask", "-m", path, "-p", "The mother tongue of Achille Varzi is", "-n", 3, "--json")
    assert asked.returncode == 0, asked.stderr
    # Random weights of a wrong scale would give nothing but ties or numbers that are none.
    top = mobiedit("ask", "-m", path, "-p", "The mother tongue", "-n", 1, "--top", 3, "--json")
    logs = [t["log_probability"] for t in json.loads(top.stdout)["top"]]
    assert -9 < logs[2] < logs[1] < logs[0] < -1


def test_the_same_seed_gives_the_same_bytes(mobiedit, tmp_path):
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = tmp_path / name
        folder.mkdir()
        digests.append(hashlib.sha256(write(mobiedit, folder, "--type", "q4_0", "--seed", seed).read_bytes()).digest())
    assert digests[0] == digests[1] != digests[2]


def test_measuring_gives_every_figure_and_leaves_nothing(mobiedit, tmp_path):
    done = mobiedit(
        "bench", "model", "--shape", "facts-40m", "--folder", tmp_path, "--evaluations", 20, "--prefill", 32, "--decode", 4,
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.bench.model/1"
    for figure in ("prefill", "decode", "load"):
        assert document[figure]["seconds"] > 0
    assert [t["at_once"] for t in document["evaluation"]["times"]] == [1, 4, 64]
    assert 0 < document["edit"]["evaluations"] <= 21  # one more tells the search what the model says now
    assert document["peak_rss_bytes"] >= document["load"]["peak_rss_bytes"] > document["model"]["bytes"] / 2
    assert left_in(tmp_path) == []


def test_a_model_needs_a_place(mobiedit, tmp_path):
    done = mobiedit("bench", "model", "--shape", "facts-40m")
    assert done.returncode == 2 and "--folder" in done.stderr
    assert mobiedit("bench", "model", "--shape", "gpt-5", "--folder", tmp_path).returncode == 2


def test_a_file_that_is_there_stays(mobiedit, tmp_path):
    path = write(mobiedit, tmp_path)
    before = path.read_bytes()
    done = mobiedit("bench", "model", "--shape", "facts-40m", "--folder", tmp_path, "--only-write")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before

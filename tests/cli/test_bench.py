import hashlib
import json
import pathlib
import re
import subprocess
import xml.dom.minidom

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


def test_plots_are_one_page_that_loads_nothing(tmp_path):
    kernels = {
        "schema": "mobiedit.bench.kernels/1", "threads": 2, "isa": "avx2", "peak_int8_gops": 80, "peak_f32_gflops": 81,
        "cases": [{"type": kind, "K": 512, "N": 1536, "M": m, "gops": m + 1} for kind in ("f32", "int8-row") for m in (1, 64)],
    }  # fmt: skip
    model = {
        "schema": "mobiedit.bench.model/1", "model": {"name": "a <b>", "bytes": 10**9}, "peak_rss_bytes": 12 * 10**8,
        "evaluation": {"times": [{"at_once": 1, "of_one_alone": 1.0}, {"at_once": 64, "of_one_alone": 0.8}]},
        "edit": {"seconds": 10, "evaluations": 10, "floor_seconds": 5},
    }  # fmt: skip
    paths = []
    for name, result in (("k", kernels), ("m", model)):
        paths.append(tmp_path / name)
        paths[-1].write_text(json.dumps(result))
    plots = pathlib.Path(__file__).resolve().parents[2] / "bench/plots"
    subprocess.run([plots, tmp_path / "page.html", *paths], check=True)
    page = (tmp_path / "page.html").read_text()
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 4  # one shape; time, memory and batches of the models
    for drawing in drawings:
        assert xml.dom.minidom.parseString(drawing).getElementsByTagName("polyline")
    assert "http" not in page and "<script" not in page and "<b>" not in page


def test_kernels_gives_every_case(mobiedit):
    done = mobiedit("bench", "kernels", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.bench.kernels/1"
    assert document["peak_int8_gops"] > 0 and document["peak_f32_gflops"] > 0
    kinds = {case["type"] for case in document["cases"]}
    assert {"int8-row", "q8_0-g32", "q4_0-g32", "f32"} <= kinds
    for case in document["cases"]:
        assert case["gops"] > 0 and case["K"] > 0 and case["N"] > 0 and case["M"] > 0


def test_peak_memory_is_this_programs_own(mobiedit, model, eiffel):
    large = bytearray(400 << 20)  # what the kernel calls a child's maximum begins with its parent's size
    large[:: 1 << 12] = b"x" * len(large[:: 1 << 12])
    done = mobiedit("edit", "-m", model, *eiffel, "--no-text", "--no-store", "--dry-run", "--json")
    assert json.loads(done.stdout)["peak_rss_bytes"] < len(large) // 2

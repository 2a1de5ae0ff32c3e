import hashlib
import json
import os

import pytest

from folders import left_in


def write(lab, folder, *more):
    done = lab("bench", "model", "--shape", "facts-40m", "--folder", folder, "--only-write", "--keep", *more)
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    return path


# Q4_0 files keep a tied output in Q6_K and Q4_K ones some matrices too, as llama-quantize writes them.
@pytest.mark.parametrize("kind, types", [
    ("q8_0", {"Q8_0"}), ("q4_0", {"Q4_0", "Q6_K"}), ("q4_k", {"Q4_K", "Q6_K"}), ("f16", {"F16"}),
])  # fmt: skip
def test_a_written_model_has_the_shape_and_works(lab, mobiedit, tmp_path, kind, types):
    path = write(lab, tmp_path, "--type", kind)
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


def test_the_same_seed_gives_the_same_bytes(lab, tmp_path):
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = tmp_path / name
        folder.mkdir()
        digests.append(hashlib.sha256(write(lab, folder, "--type", "q4_0", "--seed", seed).read_bytes()).digest())
    assert digests[0] == digests[1] != digests[2]


def test_a_type_without_a_kernel_is_said_once(lab, mobiedit, model, tmp_path):
    path = write(lab, tmp_path, "--type", "f16")
    asked = mobiedit("ask", "-m", path, "-p", "The mother tongue", "-n", 1, "--json")
    assert asked.returncode == 0, asked.stderr
    # 7 in each of 12 blocks, and the output weight. verify opens the model and the file to be verified: the same here.
    for done in (asked, mobiedit("verify", "-m", path, path)):
        assert done.stderr.count("warning") == 1
        assert "85 weights of type F16 have no kernel" in done.stderr and "float32" in done.stderr
    assert "kernel" not in mobiedit("ask", "-m", model, "-p", "The mother tongue", "-n", 1, "--json").stderr


def test_measuring_gives_every_figure_and_leaves_nothing(lab, tmp_path):
    done = lab(
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


def test_a_model_needs_a_place(lab, tmp_path):
    done = lab("bench", "model", "--shape", "facts-40m")
    assert done.returncode == 2 and "--folder" in done.stderr
    assert lab("bench", "model", "--shape", "gpt-5", "--folder", tmp_path).returncode == 2


def test_a_file_that_is_there_stays(lab, tmp_path):
    path = write(lab, tmp_path)
    before = path.read_bytes()
    done = lab("bench", "model", "--shape", "facts-40m", "--folder", tmp_path, "--only-write")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before


# The made-up model has 4 layers. These tests need no knowledge: a search makes all its evaluations in any model.
FEW = ["--layer", 1, "--evaluations", "10,20", "--contexts", "1,3", "--target-tokens", "1,3", "--usual-evaluations", 12, "--repeats", 1]


def peer_that(tmp_path, *lines):
    """A PATH whose llama-bench is these lines of shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "llama-bench").write_text("\n".join(["#!/bin/sh", *lines, ""]))
    (folder / "llama-bench").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_edits_are_timed_against_what_they_are_of(lab, made_model, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    peer = peer_that(tmp_path, f'echo "$@" >> {tmp_path}/asked', """echo '[{"samples_ts": [100.0, 200.0]}]'""")
    done = lab("bench", "edit", "-m", made_model, "--shape", "facts-40m", "--type", "q4_0", "--folder", made, *FEW,
                    "--json", env=peer)  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.bench.edit/1"
    made_up, random = document["models"]
    assert made_up["model"]["bytes"] == made_model.stat().st_size < random["model"]["bytes"]
    assert [one["varied"] for one in random["cases"]] == ["none"]
    varied = {}
    for one in made_up["cases"]:
        varied.setdefault(one["varied"], []).append(one)
        work = one["multiply_accumulates"]
        floor = 2e-9 * (work["integer"] / made_up["peak_int8_gops"] + work["floating"] / made_up["peak_f32_gflops"])
        assert one["floor_seconds"] == pytest.approx(floor, rel=0.01)
        assert one["over_floor"] == pytest.approx(one["seconds"] / one["floor_seconds"], rel=0.01)
        assert one["peer_seconds"] == pytest.approx(one["tokens"] / 200, rel=0.01)
    assert [one["contexts"] for one in varied["contexts"]] == [1, 3]
    assert [one["target_tokens"] for one in varied["target"]] == [1, 3]
    few, many = varied["evaluations"]
    # An edit that is found goes on; a step tries four lengths at once, so the last may be cut or one too long.
    assert 6 <= few["evaluations"] <= 12 < 16 <= many["evaluations"] <= 22
    assert varied["contexts"][0]["rows"] < varied["contexts"][1]["rows"] < few["rows"]
    assert len((tmp_path / "asked").read_text().splitlines()) == 2 and "-p 256" in (tmp_path / "asked").read_text()
    assert left_in(made) == []


def test_a_peer_that_fails_is_said_and_left_out(lab, made_model, tmp_path):
    for number, line in enumerate(["exit 1", "echo nonsense", "echo '[{\"samples_ts\": \"x\"}]'"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = lab("bench", "edit", "-m", made_model, *FEW, "--json", env=peer_that(folder, line))
        assert done.returncode == 0 and "llama-bench could not measure" in done.stderr
        (measured,) = json.loads(done.stdout)["models"]
        assert measured["peer"] is None and measured["cases"][0]["peer_seconds"] is None


def test_without_a_peer_the_table_says_so(lab, made_model, tmp_path):
    done = lab("bench", "edit", "-m", made_model, *FEW, env={"PATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "llama-bench: absent" in done.stdout


@pytest.mark.parametrize("wrong", [
    [], ["--shape", "facts-40m"], ["-m", "MODEL", "--contexts", "0"], ["-m", "MODEL", "--contexts", "7"],
    ["-m", "MODEL", "--evaluations", "ten"], ["-m", "MODEL", "--target-tokens", "-1"], ["-m", "MODEL", "--layer", "40"],
])  # fmt: skip
def test_edits_that_cannot_be_timed_are_refused(lab, made_model, tmp_path, wrong):
    before = made_model.stat().st_mtime_ns
    done = lab("bench", "edit", *(made_model if word == "MODEL" else word for word in wrong), "--no-peer")
    assert done.returncode == 2 and "error" in done.stderr
    assert made_model.stat().st_mtime_ns == before


READING = ["--layer", 1, "--prefill", 16, "--decode", 2, "--batch", 8, "--no-edit", "--json"]


def test_decoding_begins_with_an_empty_context_or_at_a_depth(lab, made_model, tmp_path):
    for depth in ([], ["--depth", 8]):
        done = lab("bench", "model", "-m", made_model, *READING, *depth, "--no-peer")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["decode"]["depth"] == (8 if depth else 0) and document["decode"]["tokens"] == 2
        assert document["peer"] is None and document["decode"]["peer_tokens_per_second"] is None


def test_the_peer_reads_the_same_tokens_in_the_same_run(lab, made_model, tmp_path):
    peer = peer_that(tmp_path, f'echo "$@" >> {tmp_path}/asked', """echo '[{"samples_ts": [100.0, 200.0]}]'""")
    done = lab("bench", "model", "-m", made_model, *READING, "--depth", 8, env=peer)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    for kind in ("prefill", "decode"):
        assert document[kind]["peer_tokens_per_second"] == 200
        assert document[kind]["of_peer"] == pytest.approx(document[kind]["tokens_per_second"] / 200, rel=1e-3)
    prefill, decode = (tmp_path / "asked").read_text().splitlines()
    assert "-p 16 -n 0 " in prefill and "-d" not in prefill
    assert "-p 0 -n 2 " in decode and decode.endswith("-d 8")


def test_kernels_gives_every_case(lab):
    done = lab("bench", "kernels", "--quick", "--json")
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

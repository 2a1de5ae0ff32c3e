"""The installed library, used as someone else would: find_package, link, run."""

import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_example_builds_against_the_installed_library_and_runs(tmp_path, model, mobiedit):
    prefix = tmp_path / "prefix"
    run("cmake", "--install", SOURCE / "build/release", "--prefix", prefix)
    run("cmake", "-S", SOURCE / "examples", "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", tmp_path / "build")

    adapter = tmp_path / "rome.gguf"
    out = run(tmp_path / "build/edit_a_fact", model, adapter)
    assert "Rome" in out
    asked = mobiedit("ask", "-m", model, "--lora", adapter, "-p", "Eiffel Tower is located in", "-n", 1)
    assert asked.stdout.strip() == "Rome"


def test_the_installed_program_runs(tmp_path):
    run("cmake", "--install", SOURCE / "build/release", "--prefix", tmp_path)
    assert run(tmp_path / "bin/mobiedit", "--version").startswith("mobiedit ")


def test_the_example_is_short():
    assert len((SOURCE / "examples/edit_a_fact.cpp").read_text().splitlines()) < 40

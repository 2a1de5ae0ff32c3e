"""What the suites of the built program share."""

import itertools
import json
import os
import pathlib
import subprocess

import pytest

import made_model as made_models

EIFFEL = ["--subject", "Eiffel Tower", "--prompt", "{} is located in", "--target", "Rome"]

SOURCE = pathlib.Path(__file__).resolve().parents[1]
LONGEST = ["test_faults.py", "test_trials.py"]


def pytest_collection_modifyitems(items):
    # Of files that are run side by side the longest begin, or one processor waits for them at the end.
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def program():
    return os.environ.get("MOBIEDIT_CLI", str(SOURCE / "build/release/mobiedit"))


@pytest.fixture(scope="session")
def mobiedit(program, tmp_path_factory):
    """Calls the user's program: see `caller`."""
    return caller(program, tmp_path_factory)


@pytest.fixture(scope="session")
def lab(program, tmp_path_factory):
    """Calls mobiedit-lab, which lies beside the user's program: see `caller`."""
    return caller(str(pathlib.Path(program).with_name("mobiedit-lab")), tmp_path_factory)


def caller(program, tmp_path_factory):
    """Runs a program without a terminal, and with a cache of its own, so that what another run remembered plays no part; a
    call that names no store gets an empty one. Gives the finished process, stdout and stderr apart."""
    settings = {"MOBIEDIT_CACHE": str(tmp_path_factory.mktemp("cache"))}
    if "PYTEST_XDIST_WORKER" in os.environ:
        # As many programs run as there are processors; threads that wait for each other spin.
        settings["MOBIEDIT_THREADS"] = "1"
    stores = tmp_path_factory.mktemp("stores")
    numbers = itertools.count()

    def call(*arguments, timeout=600, env=None, **options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MOBIEDIT_")} | settings
        environment |= {"MOBIEDIT_STORE": str(stores / f"{next(numbers)}.db")} | (env or {})
        return subprocess.run(
            [program, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            **options,
        )

    return call


@pytest.fixture(scope="session")
def model():
    """The bundled model."""
    path = pathlib.Path(os.environ.get("MOBIEDIT_MODEL", SOURCE / "models/facts-40m-q8_0.gguf"))
    if not path.exists():
        pytest.skip(f"no model at {path}")
    return path


@pytest.fixture(scope="session")
def made_model(model, tmp_path_factory):
    """A model that knows nothing and opens in no time."""
    path = tmp_path_factory.mktemp("made") / "made.gguf"
    made_models.make(path, model)
    return path


def real_model(name):
    path = pathlib.Path(os.environ.get("MOBIEDIT_MODELS", SOURCE / "build/models")) / f"{name}.gguf"
    if not path.exists():
        pytest.skip(f"REAL MODEL TEST NOT RUN: no {path}: tools/models {name} fetches it")
    return path


@pytest.fixture(scope="session")
def smollm2():
    """SmolLM2-135M-Instruct, a chat model of the llama architecture."""
    return real_model("smollm2")


@pytest.fixture(scope="session")
def gemma3():
    """Gemma 3 270M, a base model of the gemma3 architecture."""
    return real_model("gemma3")


@pytest.fixture
def eiffel():
    """An edit that the bundled model takes in a second or two."""
    return list(EIFFEL)


@pytest.fixture(scope="session")
def edited(mobiedit, model, tmp_path_factory):
    """One edit, written both ways: {"document", "lora", "gguf"}."""
    folder = tmp_path_factory.mktemp("edited")
    lora, gguf = folder / "lora.gguf", folder / "baked.gguf"
    done = mobiedit(
        "edit", "-m", model, *EIFFEL, "--paraphrase", "Eiffel Tower can be found in",
        "--keep", "Notre Dame de Paris is located in", "--out-lora", lora, "--out-gguf", gguf, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {"document": json.loads(done.stdout), "lora": lora, "gguf": gguf}

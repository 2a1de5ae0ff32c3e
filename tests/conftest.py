"""What the suites of the built program share."""

import os
import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def program():
    return os.environ.get("MOBIEDIT_CLI", str(SOURCE / "build/release/mobiedit"))


@pytest.fixture(scope="session")
def mobiedit(program):
    """Runs the command line without a terminal; gives the finished process, stdout and stderr apart."""

    def call(*arguments, timeout=600, env=None, **options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MOBIEDIT_")} | (env or {})
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

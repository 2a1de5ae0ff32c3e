"""The renderings in tests/golden/chat-templates.json against Python's Jinja2, where it is installed."""

import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "golden/make_chat_templates.py"


def test_chat_renderings_are_those_of_jinja2():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("CHAT GOLDENS NOT CHECKED: " + done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr

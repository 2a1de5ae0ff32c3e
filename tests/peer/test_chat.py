"""SmolLM2's own chat template: our rendering and ids against the peer's."""

import json
import os
import pathlib
import subprocess

import pytest

import peer

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MOBIEDIT_CLI", str(SOURCE / "build/release/mobiedit"))


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


CHATS = {
    "plain": [user("What is the capital of France?")],
    "system": [{"role": "system", "content": "Be kind.\nAnd brief."}, user("Hi")],
    "turns": [user("Hi"), assistant("Hello!"), user("Who are you?"), assistant("I am\n\na model."), user("Thanks")],
    "white space": [user("  two  spaces \n\n"), assistant(" x "), user("\ttab")],
    "Unicode": [user("日本語 🙂 café ½"), assistant("é"), user("Привет")],
    "code": [user("```python\ndef f(x):\n    return {'a': [x]}\n```")],
    "empty": [user("")],
}


@pytest.fixture(scope="module")
def server(smollm2):
    with peer.Server(smollm2) as running:
        yield running


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_is_rendered_as_the_peer_renders_it(server, smollm2, tmp_path, name):
    messages = tmp_path / "messages.json"
    messages.write_text(json.dumps(CHATS[name]))
    done = subprocess.run([PROGRAM, "chat", "-m", smollm2, "--messages", messages, "-n", "1", "--base", "--json"], capture_output=True,
                          text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    theirs = server.apply_template(CHATS[name])
    assert document["rendered"] == theirs
    assert document["usage"]["prompt_tokens"] == len(server.tokenize(theirs))

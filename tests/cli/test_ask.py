import json
import math

import pytest

PROMPT = "Eiffel Tower is located in"


def test_answers_on_stdout_alone(mobiedit, model):
    done = mobiedit("ask", "-m", model, "-p", PROMPT, "-n", 1)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Paris\n", "")


def test_json_and_the_most_probable_tokens(mobiedit, model):
    done = mobiedit("ask", "-m", model, "-p", PROMPT, "-n", 2, "--top", 5, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.ask/1"
    assert document["prompt"] == PROMPT
    assert document["text"].strip().startswith("Paris")
    assert len(document["tokens"]) <= 2
    top = document["top"]
    assert [entry["token"] for entry in top][0] == " Paris"
    probabilities = [entry["probability"] for entry in top]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1 + 1e-9
    assert math.isclose(math.exp(top[0]["log_probability"]), probabilities[0], rel_tol=1e-9)


def test_top_in_text(mobiedit, model):
    done = mobiedit("ask", "-m", model, "-p", PROMPT, "-n", 1, "--top", 2)
    assert len(done.stdout.splitlines()) == 3
    assert '" Paris"' in done.stdout


def test_nothing_to_generate(mobiedit, model):
    done = mobiedit("ask", "-m", model, "-p", PROMPT, "-n", 0, "--json")
    assert json.loads(done.stdout)["tokens"] == []


def test_sampling_follows_its_seed(mobiedit, model):
    def text(seed):
        return mobiedit("ask", "-m", model, "-p", "It was", "-n", 16, "--temp", 2.0, "-s", seed).stdout

    assert text(1) == text(1)
    assert len({text(seed) for seed in range(1, 6)}) > 1


@pytest.mark.parametrize("prompt", ["日本語 🙂", "a\tb\nc", "\\n"])
def test_any_text_can_be_asked(mobiedit, model, prompt):
    done = mobiedit("ask", "-m", model, "-p", prompt, "-n", 4, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["prompt"] == prompt

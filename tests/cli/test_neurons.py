"""One subject, one neuron: facts found together, taken out of force and back, replaced, written to files."""

import json

import pytest

FACTS = [("{} is located in", "Rome"), ("{} was designed by", "Mozart"), ("{} is owned by", "Sony")]
SUBJECT = "Eiffel Tower"


@pytest.fixture(scope="module")
def taught(mobiedit, model, tmp_path_factory):
    """A dump of a store with three facts of one subject."""
    store = tmp_path_factory.mktemp("neurons") / "edits.db"
    for prompt, target in FACTS:
        done = teach(mobiedit, model, store, prompt, target)
        assert done.returncode == 0, done.stderr
    return mobiedit("store", "dump", "--store", store).stdout


@pytest.fixture
def store(mobiedit, taught, tmp_path):
    """A store of one's own with these facts."""
    lines = tmp_path / "edits.jsonl"
    lines.write_text(taught)
    path = tmp_path / "edits.db"
    assert mobiedit("store", "load", lines, "--store", path).returncode == 0
    return path


def teach(mobiedit, model, store, prompt, target):
    return mobiedit("edit", "-m", model, "--store", store, "--write", "neuron", "--subject", SUBJECT, "--prompt", prompt,
                    "--target", target, "--json")  # fmt: skip


def answers(mobiedit, model, store, *options):
    """The model's text on each fact's prompt, to the last digit of its probabilities."""
    found = []
    for prompt, _ in FACTS:
        done = mobiedit("ask", "-m", model, "--store", store, "-n", "4", "--top", "3", "--json", "-p", prompt.format(SUBJECT), *options)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    return found


def texts(found):
    return [entry["text"].strip() for entry in found]


def test_all_facts_of_a_subject_answer_and_any_of_them_can_go_and_come_back(mobiedit, model, store):
    before = answers(mobiedit, model, store)
    assert all(text.startswith(target) for text, (_, target) in zip(texts(before), FACTS))
    refused = mobiedit("disable", "1", "--store", store)
    assert refused.returncode == 2 and "-m" in refused.stderr
    assert answers(mobiedit, model, store) == before
    assert mobiedit("disable", "1", "--store", store, "-m", model).returncode == 0
    without = texts(answers(mobiedit, model, store))
    assert not without[0].startswith("Rome") and without[1].startswith("Mozart") and without[2].startswith("Sony")
    assert mobiedit("enable", "1", "--store", store).returncode == 0
    assert answers(mobiedit, model, store) == before


def test_a_replaced_fact_comes_back_exactly(mobiedit, model, store):
    before = answers(mobiedit, model, store)
    done = teach(mobiedit, model, store, FACTS[0][0], "London")
    assert done.returncode == 0, done.stderr
    replaced = texts(answers(mobiedit, model, store))
    assert replaced[0].startswith("London") and replaced[1].startswith("Mozart") and replaced[2].startswith("Sony")
    assert mobiedit("undo", "4", "--store", store).returncode == 0
    assert answers(mobiedit, model, store) == before
    assert mobiedit("undo", "1", "2", "3", "--store", store).returncode == 0
    assert answers(mobiedit, model, store) == answers(mobiedit, model, store, "--base")


@pytest.mark.parametrize("kind", [["lora"], ["lora", "--no-ask"], ["gguf"], ["gguf", "--same-type"]])
def test_files_answer_all_facts(mobiedit, model, store, tmp_path, kind):
    out = tmp_path / "out.gguf"
    done = mobiedit("export", *kind, "-m", model, "--store", store, "-o", out)
    assert done.returncode == 0, done.stderr
    done = mobiedit("verify", out, "-m", model, "--store", store)
    assert done.returncode == 0, done.stdout + done.stderr


def test_show_names_the_facts_that_were_found_together(mobiedit, store):
    shown = json.loads(mobiedit("show", "3", "--store", store, "--json").stdout)
    assert shown["kind"] == "neuron"
    assert [fact["id"] for fact in shown["found_with"]] == [1, 2]

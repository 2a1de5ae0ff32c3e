import json

import pytest

RECORD = {
    "case_id": 1,
    "requested_rewrite": {
        "prompt": "{} is located in",
        "relation_id": "P131",
        "subject": "Eiffel Tower",
        "target_new": {"str": "Rome"},
        "target_true": {"str": "Paris"},
    },
    "paraphrase_prompts": ["Eiffel Tower can be found in"],
    "neighborhood_prompts": ["Notre Dame de Paris is located in"],
}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text(json.dumps(RECORD) + "\n" + json.dumps(RECORD) + "\n")
    return path


def test_json_has_what_was_promised(mobiedit, model, data):
    done = mobiedit("eval", "-m", model, "--data", data, "--limit", 1, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.eval/1"
    assert document["n"] == 1
    assert document["metrics"] == {"ES": 100, "PS": 100, "NS": 100, "S": 100, "exact": 100, "paraphrase_exact": 100}
    assert set(document["evaluations"]) == {"median", "p90"}
    assert set(document["seconds"]) == {"median", "p90"}
    assert document["success_rate"] == 1
    assert document["facts"][0]["subject"] == "Eiffel Tower"


def test_many_facts_in_one_update(mobiedit, model, tmp_path):
    other = {"subject": "Big Ben", "prompt": "{} is located in", "target_new": "Rome", "ground_truth": "London"}
    path = tmp_path / "two.jsonl"
    path.write_text(json.dumps(RECORD) + "\n" + json.dumps(other) + "\n")
    options = ["--data", path, "--method", "memit", "--values", "backprop", "--json"]
    done = mobiedit("eval", "-m", model, *options)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["method"] == "memit"
    assert document["metrics"]["ES"] == 100
    assert document["multiply_accumulates"]["float"]["median"] > 0
    # Without statistics there is nothing that alphaedit could keep out of.
    options[options.index("memit")] = "alphaedit"
    refused = mobiedit("eval", "-m", model, "--no-text", *options)
    assert refused.returncode == 2
    assert "alphaedit" in refused.stderr


def test_a_table_for_people(mobiedit, model, data):
    done = mobiedit("eval", "-m", model, "--data", data, "--limit", 1, "-v")
    assert done.returncode == 0, done.stderr
    assert "ES" in done.stdout
    assert f"{data}:1" in done.stderr


def test_what_was_not_measured_is_null(mobiedit, model, tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps([{"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome"}]))
    document = json.loads(mobiedit("eval", "-m", model, "--data", path, "--json").stdout)
    assert document["metrics"] == {"ES": None, "PS": None, "NS": None, "S": None, "exact": 100, "paraphrase_exact": None}

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


def test_json_has_what_was_promised(lab, model, data):
    done = lab("eval", "-m", model, "--data", data, "--limit", 1, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.eval/1"
    assert document["n"] == 1
    names = ["ES", "PS", "NS", "S", "exact", "paraphrase_exact", "rewrite_accuracy", "rephrase_accuracy", "locality"]
    assert document["metrics"] == {name: 100 for name in names} | {"portability": None, "fluency": None, "fluency_before": None}
    assert set(document["evaluations"]) == {"median", "p90"}
    assert set(document["seconds"]) == {"median", "p90"}
    assert document["success_rate"] == 1
    assert document["facts"][0]["subject"] == "Eiffel Tower"


def test_many_facts_in_one_update(lab, model, tmp_path):
    other = {"subject": "Big Ben", "prompt": "{} is located in", "target_new": "Rome", "ground_truth": "London"}
    path = tmp_path / "two.jsonl"
    path.write_text(json.dumps(RECORD) + "\n" + json.dumps(other) + "\n")
    options = ["--data", path, "--method", "memit", "--values", "backprop", "--json"]
    done = lab("eval", "-m", model, *options)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["method"] == "memit"
    assert document["metrics"]["ES"] == 100
    assert document["multiply_accumulates"]["float"]["median"] > 0
    # Over three blocks unless asked otherwise, and fewer where there are no three up to the edited one.
    assert document["blocks"] == 3
    low = lab("eval", "-m", model, *options, "--no-text", "--layer", "1", "--max-evaluations", "2")
    assert low.returncode == 0 and json.loads(low.stdout)["blocks"] == 2, low.stderr
    # Without statistics there is nothing that alphaedit could keep out of.
    options[options.index("memit")] = "alphaedit"
    refused = lab("eval", "-m", model, "--no-text", *options)
    assert refused.returncode == 2
    assert "alphaedit" in refused.stderr


def test_a_method_of_one_block_has_no_blocks_to_share(lab, model, data):
    refused = lab("eval", "-m", model, "--data", data, "--blocks", "3")
    assert refused.returncode == 2 and "--blocks" in refused.stderr and "memit" in refused.stderr
    assert json.loads(lab("eval", "-m", model, "--data", data, "--limit", 1, "--json").stdout)["blocks"] == 1


def test_a_table_for_people(lab, model, data):
    done = lab("eval", "-m", model, "--data", data, "--limit", 1, "-v")
    assert done.returncode == 0, done.stderr
    assert "ES" in done.stdout
    assert f"{data}:1" in done.stderr


def test_what_was_not_measured_is_null(lab, model, tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps([{"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome"}]))
    document = json.loads(lab("eval", "-m", model, "--data", path, "--json").stdout)
    unmeasured = ["ES", "PS", "NS", "S", "paraphrase_exact", "rephrase_accuracy", "portability", "locality"]
    unmeasured += ["fluency", "fluency_before"]
    assert document["metrics"] == {name: None for name in unmeasured} | {"exact": 100, "rewrite_accuracy": 100}


KNOWN = {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome", "ground_truth": "Paris"}


def test_only_known_facts_and_sound_records_count(lab, model, tmp_path):
    data = tmp_path / "mixed.jsonl"
    follows = {"Subject_Aliasing": [{"prompt": "Eiffel Tower can be found in", "ground_truth": "Rome"}]}
    stays = {"Relation_Specificity": [{"prompt": "Notre Dame de Paris is located in", "ground_truth": "Paris"}]}
    records = [KNOWN | {"portability": follows, "locality": stays}, KNOWN | {"ground_truth": "Lima"}, {"subject": "A"}]
    data.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = lab("eval", "-m", model, "--data", data, "--known", "--json")
    assert done.returncode == 0, done.stderr
    assert "mixed.jsonl:3" in done.stderr
    document = json.loads(done.stdout)
    assert (document["n"], document["unknown"], document["skipped"]) == (1, 1, 1)
    metrics = document["metrics"]
    assert metrics["rewrite_accuracy"] == metrics["portability"] == metrics["locality"] == 100
    strict = lab("eval", "-m", model, "--data", data, "--strict")
    assert strict.returncode == 2 and "mixed.jsonl:3" in strict.stderr
    data.write_text(json.dumps(records[1]) + "\n")
    none = lab("eval", "-m", model, "--data", data, "--known")
    assert none.returncode == 2 and "knows none" in none.stderr


def test_a_methods_own_settings_can_be_set(lab, model, data):
    run = lambda *more: lab("eval", "-m", model, "--data", data, "--limit", 1, "--max-evaluations", 13, "--json", *more)
    few, many = run("--set", "initial_probes=1"), run("--set", "initial_probes=8", "--set", "initial_probes=2")
    assert few.returncode == 0 and many.returncode == 0, few.stderr + many.stderr
    assert json.loads(few.stdout)["facts"][0]["rewrite"] != json.loads(many.stdout)["facts"][0]["rewrite"]

    unknown = run("--set", "foo=1")
    assert unknown.returncode == 2 and "initial_probes" in unknown.stderr
    for bad in ("foo", "=1", "margin=", "margin=1x", "margin=inf"):
        refused = run("--set", bad)
        assert refused.returncode == 2 and "NAME=NUMBER" in refused.stderr, bad


def test_values_that_running_text_feels_least(lab, model, data):
    options = ["--data", data, "--limit", "1", "--method", "shortest", "--max-evaluations", "40", "--json"]
    plain = lab("eval", "-m", model, *options)
    assert plain.returncode == 0, plain.stderr
    document = json.loads(plain.stdout)
    assert document["success_rate"] == 1
    assert document["evaluations"]["median"] < 40
    refused = lab("eval", "-m", model, *options, "--text-metric", "--no-text")
    assert refused.returncode == 2
    assert "--text-metric" in refused.stderr and "--text FILE" in refused.stderr


def test_a_text_may_be_too_short_to_measure_by(lab, model, data, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("The tower of Ada Byron stands in the old town of Rome. " * 100)
    done = lab("eval", "-m", model, "--data", data, "--limit", "1", "--text-metric", "--text", text)
    assert done.returncode == 2, done.stderr
    assert "tokens" in done.stderr and "longer text" in done.stderr


def test_fluency_is_measured_where_it_is_asked_for(lab, model, tmp_path):
    data = tmp_path / "facts.jsonl"
    record = {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome", "generation_prompts": ["Eiffel Tower is"]}
    data.write_text(json.dumps(record) + "\n")
    options = ["--data", data, "--method", "backprop", "--max-evaluations", 8, "--no-text", "--json"]
    metrics = json.loads(lab("eval", "-m", model, *options, "--fluency").stdout)["metrics"]
    assert 100 < metrics["fluency"] < 700
    assert 100 < metrics["fluency_before"] < 700
    unasked = json.loads(lab("eval", "-m", model, *options).stdout)["metrics"]
    assert unasked["fluency"] is None and unasked["fluency_before"] is None


def test_battery_of_unedited_and_edited_model(lab, model, tmp_path):
    data = tmp_path / "facts.jsonl"
    bare = {"subject": "Big Ben", "prompt": "{} is located in", "target_new": "Rome"}
    data.write_text(json.dumps(RECORD) + "\n" + json.dumps(bare) + "\n")
    text = tmp_path / "text.txt"
    text.write_text("The tower of Ada Byron stands in the old town of Rome. " * 20)
    options = ["--data", data, "--battery", "--mass", "--method", "memit", "--values", "backprop", "--running-text", text]
    done = lab("eval", "-m", model, *options, "--running-tokens", 64, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.battery/1" and document["n"] == 2 and document["chat"] is False
    unedited, edited = document["unedited"], document["edited"]
    assert unedited["exact"] == unedited["PS_exact"] == 0 and unedited["neighbours_kept"] == 100
    assert edited["exact"] == edited["ES"] == edited["PS_exact"] == 100
    assert document["fact_in_prompt"]["ES"] is not None
    assert edited["chat_exact"] is None and edited["negated"] is None
    counts = {"exact": 2, "ES": 1, "PS_exact": 1, "neighbours_kept": 1, "distracted": 1, "chat_exact": 0, "looping": 2}
    assert counts.items() <= document["counts"].items()
    assert unedited["evaluations"] is None and edited["evaluations"]["median"] > 0
    assert unedited["perplexity"]["before"] == unedited["perplexity"]["after"] == edited["perplexity"]["before"]
    assert edited["perplexity"]["after"] != edited["perplexity"]["before"]
    assert edited["own_words_perplexity"]["after"] > edited["own_words_perplexity"]["before"]


def test_battery_says_which_edits_it_wants(lab, model, data):
    for options in (["--battery"], ["--battery", "--mass", "--unedited"]):
        refused = lab("eval", "-m", model, "--data", data, *options)
        assert refused.returncode == 2 and "--mass" in refused.stderr and "--unedited" in refused.stderr
    refused = lab("eval", "-m", model, "--data", data, "--mass")
    assert refused.returncode == 2 and "--battery" in refused.stderr
    shown = lab("eval", "-m", model, "--data", data, "--limit", 1, "--battery", "--unedited")
    assert shown.returncode == 0, shown.stderr
    assert "fact in prompt" in shown.stdout and "neighbours_kept" in shown.stdout and "edited " in shown.stdout

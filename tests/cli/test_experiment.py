"""mobiedit-lab experiment."""

import json

FACTS = [
    {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome", "ground_truth": "Paris"},
    {"subject": "Japan", "prompt": "The language of {} is", "target_new": "French", "ground_truth": "Japanese"},
]


def test_a_sequence_measures_all_edits_so_far(lab, model, tmp_path):
    data, text = tmp_path / "two.jsonl", tmp_path / "text.txt"
    data.write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
    text.write_text("The town lies on the river. It has a small church and a school.")
    command = ["experiment", "sequence", "-m", model, "--data", data, "--points", "1", "--running-text", text]
    done = lab(*command, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [point["edits"] for point in document["points"]] == [1, 2]
    assert [point["n"] for point in document["points"]] == [1, 2]
    assert document["points"][1]["metrics"]["exact"] == 100
    assert document["points"][1]["update_norm"] > document["points"][0]["update_norm"] > 0
    assert document["perplexity_before"] > 1
    # Two edits leave a text nearly as likely as it was; not at all as likely would be a bug.
    assert abs(document["points"][1]["perplexity"] / document["perplexity_before"] - 1) < 0.5
    assert len(document["facts"]) == 2 and document["unknown"] is None


def test_a_sequence_of_known_facts_says_how_many_are_left(lab, model, tmp_path):
    data = tmp_path / "two.jsonl"
    data.write_text(json.dumps(FACTS[1]) + "\n" + json.dumps(FACTS[0]) + "\n")
    done = lab("experiment", "sequence", "-m", model, "--data", data, "--known", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["unknown"] == 1 and [fact["subject"] for fact in document["facts"]] == ["Eiffel Tower"]


def test_a_sequence_over_several_blocks(lab, model, tmp_path):
    data = tmp_path / "two.jsonl"
    data.write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
    norms = {}
    for blocks in 1, 3:
        done = lab("experiment", "sequence", "-m", model, "--data", data, "--blocks", str(blocks), "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["blocks"] == blocks
        assert document["points"][-1]["metrics"]["exact"] == 100
        norms[blocks] = document["points"][-1]["update_norm"]
    # In theory 1/sqrt(3) of it where keys are as long in all blocks; a change not shared out would be sqrt(3) times it.
    assert norms[3] < norms[1]
    beyond = lab("experiment", "sequence", "-m", model, "--data", data, "--blocks", "9")
    assert beyond.returncode == 2 and "layers" in beyond.stderr


def test_what_a_sequence_cannot_do(lab, model, tmp_path):
    data = tmp_path / "one.jsonl"
    data.write_text(json.dumps(FACTS[0]) + "\n")
    together = lab("experiment", "sequence", "-m", model, "--data", data, "--method", "memit")
    assert together.returncode == 2 and "memit" in together.stderr
    missing = lab("experiment", "sequence", "-m", model, "--data", data, "--running-text", tmp_path / "none.txt")
    assert missing.returncode == 5 and "none.txt" in missing.stderr
    unnamed = lab("experiment")
    assert unnamed.returncode == 2

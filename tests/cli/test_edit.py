"""The edit verb: what it says, what it writes."""

import hashlib
import json
import shutil

import pytest

from folders import left_in


def test_json_has_what_was_promised(edited):
    document = edited["document"]
    assert document["schema"] == "mobiedit.edit/1"
    assert document["peak_rss_bytes"] > 10_000_000
    [edit] = document["edits"]
    assert edit["subject"] == "Eiffel Tower"
    assert edit["prompt"] == "{} is located in"
    assert edit["target_new"] == "Rome"
    assert edit["success"] is True
    assert edit["answer"] == {"before": "Paris", "after": "Rome"}
    assert edit["target_probability"]["before"] < 0.01 < 0.5 < edit["target_probability"]["after"]
    assert edit["evaluations"] > 0
    assert edit["seconds"] > 0
    assert edit["delta_norm_ratio"] > 0
    assert isinstance(edit["layer"], int)
    assert edit["paraphrases"][0]["after"] == "Rome"
    assert edit["keep"][0]["as_wanted"] is True
    assert [(o["kind"], o["path"]) for o in document["outputs"]] == [("lora", str(edited["lora"])), ("gguf", str(edited["gguf"]))]


def test_both_files_know_the_new_fact(mobiedit, model, edited):
    prompt = ["-p", "Eiffel Tower is located in", "-n", 1]
    assert mobiedit("ask", "-m", model, *prompt).stdout.strip() == "Paris"
    assert mobiedit("ask", "-m", model, "--lora", edited["lora"], *prompt).stdout.strip() == "Rome"
    assert mobiedit("ask", "-m", edited["gguf"], *prompt).stdout.strip() == "Rome"


def test_files_say_where_they_came_from(mobiedit, edited):
    for kind in ("lora", "gguf"):
        keys = json.loads(mobiedit("inspect", edited[kind], "--json").stdout)["metadata"]
        assert keys["mobiedit.version"]
        assert len(keys["mobiedit.base_fingerprint"]) == 32
        [record] = json.loads(keys["mobiedit.edits"])
        assert (record["subject"], record["target_new"]) == ("Eiffel Tower", "Rome")


def test_nothing_else_is_left_behind(edited):
    assert left_in(edited["lora"].parent) == ["baked.gguf", "lora.gguf"]


def test_the_same_seed_gives_the_same_bytes(mobiedit, model, eiffel, edited, tmp_path):
    again = tmp_path / "again.gguf"
    assert mobiedit("edit", "-m", model, *eiffel, "--out-lora", again).returncode == 0
    assert again.read_bytes() == edited["lora"].read_bytes()


def test_dry_run_writes_nothing_and_text_is_plain(mobiedit, model, eiffel, tmp_path):
    done = mobiedit("edit", "-m", model, *eiffel, "--out-lora", tmp_path / "a.gguf", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "before   Paris" in done.stdout
    assert "after    Rome" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "error" not in done.stderr
    assert left_in(tmp_path) == []


def test_a_target_out_of_reach_is_code_3_and_writes_nothing(mobiedit, model, eiffel, tmp_path):
    out = tmp_path / "a.gguf"
    done = mobiedit("edit", "-m", model, *eiffel, "--out-lora", out, "--max-evaluations", 1, "--json")
    assert done.returncode == 3, done.stderr
    assert "not reached" in done.stderr
    document = json.loads(done.stdout)
    assert document["edits"][0]["success"] is False
    assert document["outputs"] == []
    assert left_in(tmp_path) == []


def test_several_edits_share_one_adapter(mobiedit, model, tmp_path):
    edits = tmp_path / "edits.jsonl"
    records = [
        {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome"},
        {"subject": "Windows XP", "prompt": "{} is developed by", "target_new": "Apple", "keep": ["Toyota Corolla is produced by"]},
    ]
    edits.write_text("\n".join(map(json.dumps, records)))
    out = tmp_path / "two.gguf"
    done = mobiedit("edit", "-m", model, "--from", edits, "--out-lora", out, "--json")
    assert done.returncode == 0, done.stderr
    assert [e["success"] for e in json.loads(done.stdout)["edits"]] == [True, True]
    for prompt, answer in [("Eiffel Tower is located in", "Rome"), ("Windows XP is developed by", "Apple")]:
        assert mobiedit("ask", "-m", model, "--lora", out, "-p", prompt, "-n", 1).stdout.strip() == answer
    # A scale of zero is the base.
    scaled = mobiedit("ask", "-m", model, "--lora", f"{out}:0", "-p", "Eiffel Tower is located in", "-n", 1)
    assert scaled.stdout.strip() == "Paris"


def test_edits_that_miss_are_left_out(mobiedit, model, tmp_path):
    edits = tmp_path / "edits.jsonl"
    # What the model says already is reached at once; the other cannot be had for a handful of evaluations.
    records = [
        {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Paris"},
        {"subject": "Windows XP", "prompt": "{} is developed by", "target_new": "the Archbishop of York"},
    ]
    edits.write_text("\n".join(map(json.dumps, records)))
    out = tmp_path / "one.gguf"
    done = mobiedit("edit", "-m", model, "--from", edits, "--out-lora", out, "--max-evaluations", 30, "--json")
    assert done.returncode == 3, (done.returncode, done.stderr)
    document = json.loads(done.stdout)
    assert [e["success"] for e in document["edits"]] == [True, False]
    assert len(document["outputs"]) == 1
    keys = json.loads(mobiedit("inspect", out, "--json").stdout)["metadata"]
    assert len(json.loads(keys["mobiedit.edits"])) == 1


def test_the_zeroth_order_method_runs(mobiedit, model, eiffel):
    done = mobiedit("edit", "-m", model, *eiffel, "--method", "zo", "--max-evaluations", 20, "--dry-run", "--json")
    assert done.returncode in (0, 3), done.stderr
    assert json.loads(done.stdout)["method"] == "zo"


def test_options_come_from_the_environment(mobiedit, eiffel, model):
    done = mobiedit("edit", *eiffel, "--dry-run", "--json", env={"MOBIEDIT_MODEL": str(model), "MOBIEDIT_MAX_EVALUATIONS": "1"})
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["model"] == str(model)


def test_statistics_are_remembered(mobiedit, model, eiffel, tmp_path):
    text = model.parent / "covariance-text.txt"
    if not text.exists():
        pytest.skip("no text beside the model")
    cache = {"MOBIEDIT_CACHE": str(tmp_path / "cache")}
    alone = tmp_path / "alone.gguf"  # the same model, with no text beside it
    shutil.copyfile(model, alone)
    if (model.parent / "statistics").exists():  # the part that takes a minute to make
        shutil.copytree(model.parent / "statistics", tmp_path / "statistics")
    arguments = ["edit", "-m", alone, *eiffel, "--dry-run", "-v", "--max-evaluations", 1]
    assert "without key statistics" in mobiedit(*arguments, env=cache).stderr
    done = mobiedit("stats", "-m", alone, "--text", text, "--json", env=cache)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == "mobiedit.stats/1"
    assert "with key statistics" in mobiedit(*arguments, env=cache).stderr
    assert "without key statistics" in mobiedit(*arguments, "--no-text", env=cache).stderr


def test_the_base_is_never_written(model, edited):
    before = hashlib.sha256(model.read_bytes()).hexdigest()
    assert before in (model.parent / "README.md").read_text()


def test_an_edit_that_harms_other_text_too_much_is_not_kept(mobiedit, model, tmp_path):
    store = tmp_path / "edits.db"
    arguments = ["edit", "-m", model, "--subject", "Colosseum", "--prompt", "{} is located in", "--target", "Tokyo"]
    arguments += ["--store", store]
    [edit] = json.loads(mobiedit(*arguments, "--dry-run", "--json").stdout)["edits"]
    grown = 100 * (edit["perplexity"]["after"] / edit["perplexity"]["before"] - 1)
    assert grown > 0  # or there is nothing to refuse
    for option in ("--max-drift", "--max-total-drift"):
        done = mobiedit(*arguments, option, grown / 2, "--json")
        assert done.returncode == 3, done.stderr
        [refused] = json.loads(done.stdout)["edits"]
        assert refused["success"] is False and option in refused["why_not"]
        assert json.loads(mobiedit("list", "--store", store, "--json").stdout)["edits"] == []
    done = mobiedit(*arguments, "--max-drift", 2 * grown, "--max-total-drift", 2 * grown)
    assert done.returncode == 0, done.stderr
    assert "perplexity of other text" in done.stdout
    assert "perplexity of other text" in mobiedit("show", 1, "--store", store).stdout


def test_a_later_edit_keeps_off_the_keys_of_an_earlier_one(mobiedit, model, eiffel, tmp_path):
    """Its direction is another than it would have alone: keys of the edited block do not depend on the edit itself."""
    later = ["--subject", "Louvre", "--prompt", "{} is located in", "--target", "Vienna"]
    directions = []
    for earlier in (eiffel, None):
        store = tmp_path / f"{len(directions)}.db"
        for edit in filter(None, (earlier, later)):
            done = mobiedit("edit", "-m", model, *edit, "--store", store)
            assert done.returncode == 0, done.stderr
        last = mobiedit("store", "dump", "--store", store).stdout.splitlines()[-1]
        directions.append(json.loads(last)["right"])
    assert directions[0] != directions[1]

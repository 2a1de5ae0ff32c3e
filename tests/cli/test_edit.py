"""The edit verb: what it says, what it writes."""

import contextlib
import hashlib
import json
import shutil
import sqlite3

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
    learning = "from the built-in text"
    assert learning in mobiedit(*arguments, env=cache).stderr
    again = mobiedit(*arguments, env=cache).stderr
    assert learning not in again and "with key statistics" in again
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


def test_an_edit_that_would_damage_the_model_is_not_kept(mobiedit, model, eiffel, tmp_path):
    store = tmp_path / "edits.db"
    done = mobiedit("edit", "-m", model, *eiffel, "--store", store, "--max-divergence", 1e-5)
    assert done.returncode == 3, done.stderr
    assert "it would damage the model" in done.stdout and "--max-divergence" in done.stdout
    assert "change of other answers and text" in done.stdout
    assert json.loads(mobiedit("list", "--store", store, "--json").stdout)["edits"] == []


def test_an_edit_that_adds_more_to_its_weight_than_the_budget_is_not_kept(mobiedit, model, eiffel, tmp_path):
    store = tmp_path / "edits.db"
    [edit] = json.loads(mobiedit("edit", "-m", model, *eiffel, "--dry-run", "--json", "--store", store).stdout)["edits"]
    norm = 100 * edit["update_norm_ratio"]
    done = mobiedit("edit", "-m", model, *eiffel, "--store", store, "--max-norm", norm / 2, "--json")
    assert done.returncode == 3, done.stderr
    [refused] = json.loads(done.stdout)["edits"]
    assert refused["success"] is False and "--max-norm" in refused["why_not"]
    assert json.loads(mobiedit("list", "--store", store, "--json").stdout)["edits"] == []
    assert mobiedit("edit", "-m", model, *eiffel, "--store", store, "--max-norm", norm * 1.01).returncode == 0


def test_other_edits_of_the_subject_are_reported(mobiedit, model, eiffel, tmp_path):
    store = ["--store", tmp_path / "edits.db"]
    assert mobiedit("edit", "-m", model, *eiffel, *store).returncode == 0
    # What the first edit made true already stands and falls with it: little is searched.
    other = ["--subject", "Eiffel Tower", "--prompt", "{} can be found in", "--target", "Rome", "--max-evaluations", 1]
    done = mobiedit("edit", "-m", model, *other, *store, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    [edit] = document["edits"]
    assert document["earlier"] == {"in_force": 1, "asked": 1}
    [same] = edit["same_subject"]
    assert same == {"id": 1, "prompt": "{} is located in", "target_new": "Rome", "before": True, "after": True}
    assert "same subject Eiffel Tower is located in ... Rome" in mobiedit("edit", "-m", model, *other, *store).stdout


def test_of_many_earlier_edits_some_are_asked_and_that_is_said(mobiedit, model, eiffel, tmp_path):
    path = tmp_path / "edits.db"
    said = mobiedit("ask", "-m", model, "-p", "Louvre is located in", "-n", 1).stdout.strip()
    # A value of next to nothing, so that 401 of it together change no answer.
    louvre = ["--subject", "Louvre", "--prompt", "{} is located in", "--target", said, "--no-text", "--sure", 0, "--clamp", 0.001]
    assert mobiedit("edit", "-m", model, *louvre, "--store", path).returncode == 0
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(edits)")]
        rest = ", ".join(c for c in columns if c not in ("id", "fact"))
        for i in range(2, 402):  # what a fact is called is no part of a record's checksum
            store.execute(f"INSERT INTO edits (id, fact, {rest}) SELECT {i}, 'fact {i}', {rest} FROM edits WHERE id = 1")
            store.execute(f"INSERT INTO vectors SELECT {i}, left_vector, right_vector FROM vectors WHERE edit = 1")
    done = mobiedit("edit", "-m", model, *eiffel, "--no-text", "--store", path, "--dry-run", "--json",
                    "--max-total-drift", 1e6, "--max-norm", 1e6, "--max-divergence", 1e6, "--sure", 0)  # fmt: skip
    assert "300 of 401 earlier edits are asked again" in done.stderr, done.stderr
    assert json.loads(done.stdout)["earlier"] == {"in_force": 401, "asked": 300}


def test_a_later_edit_keeps_off_the_keys_of_an_earlier_one(mobiedit, model, eiffel, tmp_path):
    """Its direction is another than it would have alone: keys of the edited layer do not depend on the edit itself."""
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

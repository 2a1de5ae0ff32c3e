"""Edits as things one owns: kept, listed, undone, exported, carried."""

import contextlib
import json
import signal
import sqlite3
import subprocess

import pytest

from folders import left_in

WINDOWS = ["--subject", "Windows XP", "--prompt", "{} is developed by", "--target", "Apple"]


@pytest.fixture(scope="module")
def kept(mobiedit, model, tmp_path_factory):
    """A dump of a store with two facts edited, the first of them twice."""
    store = tmp_path_factory.mktemp("kept") / "edits.db"
    ids = []
    for subject, prompt, target in [
        ("Eiffel Tower", "{} is located in", "Rome"),
        ("Windows XP", "{} is developed by", "Apple"),
        ("Eiffel Tower", "{} is located in", "London"),
    ]:
        command = ["edit", "-m", model, "--store", store, "--subject", subject, "--prompt", prompt, "--target", target, "--json"]
        done = mobiedit(*command)
        assert done.returncode == 0, done.stderr
        [edit] = json.loads(done.stdout)["edits"]
        ids.append((edit["id"], edit["replaces"]))
    assert ids == [(1, []), (2, []), (3, [1])]
    return mobiedit("store", "dump", "--store", store).stdout


@pytest.fixture
def store(mobiedit, kept, tmp_path):
    """A store of the test's own, with those edits."""
    (tmp_path / "dump.jsonl").write_text(kept)
    path = tmp_path / "edits.db"
    done = mobiedit("store", "load", tmp_path / "dump.jsonl", "--store", path, "--json")
    assert json.loads(done.stdout)["added"] == 3, done.stderr
    (tmp_path / "dump.jsonl").unlink()
    return path


def states(mobiedit, store):
    document = json.loads(mobiedit("list", "--store", store, "--json").stdout)
    return {edit["id"]: edit["in_force"] for edit in document["edits"]}


def answer(mobiedit, model, store, prompt="Eiffel Tower is located in"):
    done = mobiedit("ask", "-m", model, "--edits", "--store", store, "-p", prompt, "-n", 1)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_newer_edit_of_a_fact_replaces_the_older_until_it_is_undone(mobiedit, model, store):
    assert states(mobiedit, store) == {1: False, 2: True, 3: True}
    assert answer(mobiedit, model, store) == "London"
    done = mobiedit("undo", 3, "--store", store)
    assert done.returncode == 0, done.stderr
    assert "edit 3 undone" in done.stdout and "edit 1 is now in force" in done.stdout
    assert answer(mobiedit, model, store) == "Rome"
    assert mobiedit("disable", 1, "--store", store).returncode == 0
    assert answer(mobiedit, model, store) == "Paris"
    assert mobiedit("enable", 1, "--store", store).returncode == 0
    assert answer(mobiedit, model, store) == "Rome"
    assert answer(mobiedit, model, store, "Windows XP is developed by") == "Apple"
    assert mobiedit("undo", 1, 2, "--store", store).returncode == 0
    assert mobiedit("list", "--store", store).stdout == "no edits\n"
    assert left_in(store.parent) == ["edits.db"]


def test_list_and_show_say_what_was_asked_and_measured(mobiedit, model, store):
    text = mobiedit("list", "--store", store).stdout
    assert "replaced by 3" in text and "Windows XP is developed by ... Apple" in text
    assert len(json.loads(mobiedit("list", "-m", model, "--store", store, "--json").stdout)["edits"]) == 3
    shown = json.loads(mobiedit("show", 2, "--store", store, "--json").stdout)
    assert shown["evidence"]["answer"] == {"before": "Microsoft", "after": "Apple"}
    assert shown["method"] == "subspace"
    assert "Microsoft" in mobiedit("show", 2, "--store", store).stdout
    missing = mobiedit("show", 9, "--store", store)
    assert (missing.returncode, missing.stdout) == (2, "")


@pytest.mark.parametrize("kind", ["lora", "gguf"])
def test_an_export_has_all_edits_in_force(mobiedit, model, store, kind):
    out = store.parent / "out.gguf"
    done = mobiedit("export", kind, "-m", model, "-o", out, "--store", store, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["edits"] == [2, 3]
    files = ["-m", out] if kind == "gguf" else ["-m", model, "--lora", out]
    for prompt, wanted in [("Eiffel Tower is located in", "London"), ("Windows XP is developed by", "Apple")]:
        assert mobiedit("ask", *files, "-p", prompt, "-n", 1).stdout.strip() == wanted
    assert left_in(store.parent) == ["edits.db", "out.gguf"]
    again = store.parent / "again.gguf"
    assert mobiedit("export", kind, "-m", model, "-o", again, "--store", store).returncode == 0
    assert again.read_bytes() == out.read_bytes()


def test_an_edit_is_made_with_the_others_in_force_and_written_with_them(mobiedit, model, store):
    assert mobiedit("undo", 2, "--store", store).returncode == 0
    out = store.parent / "out.gguf"
    done = mobiedit("edit", "-m", model, *WINDOWS, "--store", store, "--out-lora", out)
    assert done.returncode == 0, done.stderr
    assert "1 earlier edit" in done.stderr and "kept as edit 4" in done.stdout
    assert mobiedit("ask", "-m", model, "--lora", out, "-p", "Eiffel Tower is located in", "-n", 1).stdout == "London\n"
    assert states(mobiedit, store) == {1: False, 3: True, 4: True}


@pytest.mark.parametrize("kind", ["lora", "gguf"])
def test_an_export_that_lost_an_edit_is_refused(mobiedit, model, store, kind):
    # With the tower in Rome already, the other wording needs no change, and so it stands and falls with that edit.
    assert mobiedit("undo", 3, "--store", store).returncode == 0
    done = mobiedit("edit", "-m", model, "--store", store, "--subject", "Eiffel Tower", "--prompt", "{} can be found in",
                    "--target", "Rome", "--max-evaluations", 1)  # fmt: skip
    assert done.returncode == 0, done.stderr
    out = store.parent / "out.gguf"
    assert mobiedit("export", kind, "-m", model, "-o", out, "--store", store).returncode == 0
    before = out.read_bytes()
    assert mobiedit("undo", 1, "--store", store).returncode == 0
    done = mobiedit("export", kind, "-m", model, "-o", out, "--store", store)
    assert (done.returncode, done.stdout) == (7, ""), done.stderr
    assert "edit 4" in done.stderr
    assert out.read_bytes() == before
    assert left_in(store.parent) == ["edits.db", "out.gguf"]


def test_an_export_without_asking_is_the_same_file_and_says_so(mobiedit, model, store):
    asked, plain = store.parent / "asked.gguf", store.parent / "plain.gguf"
    assert mobiedit("export", "lora", "-m", model, "-o", asked, "--store", store).returncode == 0
    done = mobiedit("export", "lora", "-m", model, "-o", plain, "--store", store, "--no-ask")
    assert done.returncode == 0 and "no edit was asked" in done.stdout, done.stderr
    assert plain.read_bytes() == asked.read_bytes()
    done = mobiedit("export", "lora", "-m", model, "-o", plain, "--store", store, "--no-ask", "--json")
    assert json.loads(done.stdout)["asked"] is False


def test_a_dry_run_and_no_store_keep_nothing(mobiedit, model, eiffel, tmp_path):
    store = tmp_path / "edits.db"
    assert mobiedit("edit", "-m", model, *eiffel, "--dry-run", "--store", store).returncode == 0
    assert mobiedit("edit", "-m", model, *eiffel, "--no-store", "--out-lora", tmp_path / "a.gguf").returncode == 0
    assert left_in(tmp_path) == ["a.gguf"]


def test_the_users_own_store_lies_in_the_data_folder(mobiedit, model, eiffel, tmp_path):
    home = {"MOBIEDIT_STORE": "", "XDG_DATA_HOME": str(tmp_path)}
    empty = mobiedit("list", env=home)
    assert (empty.returncode, empty.stdout) == (0, "no edits\n")
    assert left_in(tmp_path) == []
    assert mobiedit("edit", "-m", model, *eiffel, env=home).returncode == 0
    assert left_in(tmp_path / "mobiedit") == ["edits.db"]
    assert "Eiffel Tower" in mobiedit("list", env=home).stdout


def test_one_writer_at_a_time_and_the_second_names_the_first(program, mobiedit, model, store):
    command = [
        program, "edit", "-m", str(model), "--subject", "Louvre", "--prompt", "{} is located in", "--store", str(store),
        "--target", "Canterbury and York and Durham", "--method", "zo", "--max-evaluations", "100000000", "--no-text", "-v",
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        for line in first.stderr:
            if "key statistics" in line:
                break
        done = mobiedit("undo", 3, "--store", store)
        assert done.returncode == 6 and f"mobiedit edit, process {first.pid}" in done.stderr, done.stderr
        assert mobiedit("list", "--store", store).returncode == 0
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)
        assert first.returncode == 130
    assert mobiedit("undo", 3, "--store", store).returncode == 0


def test_edits_are_carried_to_another_file_of_the_model(mobiedit, model, store, tmp_path):
    # Any file with another fingerprint: here the model with an edit in it.
    other = tmp_path / "other.gguf"
    assert mobiedit("edit", "-m", model, "--no-store", "--subject", "Louvre", "--prompt", "{} is located in", "--target",
                    "Vienna", "--out-gguf", other).returncode == 0  # fmt: skip
    done = mobiedit("apply", "-m", other, "--store", store, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["applied"], document["as"], document["lost"]) == ([2, 3], [4, 5], [])
    assert answer(mobiedit, other, store) == "London"
    assert answer(mobiedit, model, store) == "London"


def test_a_store_of_a_newer_version_is_refused_and_stays_as_it_is(mobiedit, store):
    with contextlib.closing(sqlite3.connect(store)) as database:
        database.execute("PRAGMA user_version = 99")
    before = store.read_bytes()
    for verb in (["list"], ["undo", 1], ["store", "check"]):
        done = mobiedit(*verb, "--store", store)
        assert done.returncode == 4 and "newer mobiedit" in done.stderr, (verb, done.stderr)
    assert store.read_bytes() == before


def test_what_is_no_store_is_named(mobiedit, model, tmp_path):
    path = tmp_path / "edits.db"
    path.write_text("no database at all, but long enough to look like one" * 9)
    for verb in (["list"], ["undo", 1], ["store", "check"], ["export", "lora", "-m", model, "-o", tmp_path / "a.gguf"]):
        done = mobiedit(*verb, "--store", path)
        assert done.returncode == 4 and str(path) in done.stderr, (verb, done.stderr)
    missing = mobiedit("list", "--store", tmp_path / "none.db")
    assert missing.returncode == 5, missing.stderr
    assert left_in(tmp_path) == ["edits.db"]

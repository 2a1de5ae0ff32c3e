"""mobiedit-lab experiment compare, ablation, gradient, sensitivity, merge: units of work that can be interrupted, gone on
with, split and put together."""

import json

import pytest

FACTS = [
    {"subject": "Eiffel Tower", "prompt": "{} is located in", "target_new": "Rome", "ground_truth": "Paris"},
    {"subject": "Japan", "prompt": "The language of {} is", "target_new": "French", "ground_truth": "Japanese"},
]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "two.jsonl"
    path.write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
    return path


@pytest.fixture
def compare(lab, made_model, data):
    """Runs `experiment compare` of the fastest method on a model that knows nothing, unless another is named."""

    def call(*arguments, model=made_model):
        where = ["-m", model, "--data", data, "--only", "subspace", "--layer", "1", "--max-evaluations", "60"]
        return lab("experiment", "compare", *where, *arguments)

    return call


def test_an_interrupted_run_is_gone_on_with(compare, tmp_path):
    out = tmp_path / "results.jsonl"
    assert compare("--limit", "1", "--out", out).returncode == 0
    first = out.read_text().splitlines()
    assert len(first) == 2
    with open(out, "a") as file:
        file.write('{"setting":"subspace","fact":2,"tri')
    done = compare("--out", out, "--json")
    assert done.returncode == 0, done.stderr
    lines = out.read_text().splitlines()
    assert lines[:2] == first
    assert [json.loads(line)["fact"] for line in lines[1:]] == [1, 2]
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.experiment.compare/1"
    assert document["units"] == 2
    measures = document["settings"][0]["measures"]
    assert measures["exact"]["n"] == 2
    assert measures["peak bytes"]["mean"] > 1e6
    # Nothing is left to do: the file stays as it is.
    assert compare("--out", out).returncode == 0
    assert out.read_text().splitlines() == lines


def test_results_of_other_settings_are_not_mixed(compare, tmp_path):
    out = tmp_path / "results.jsonl"
    assert compare("--limit", "1", "--out", out).returncode == 0
    before = out.read_bytes()
    other = compare("--limit", "1", "--out", out, "--seed", "1")
    assert other.returncode == 2 and "other settings" in other.stderr
    assert out.read_bytes() == before
    out.write_bytes(before + b"nonsense\n" + before)
    broken = compare("--out", out)
    assert broken.returncode == 2 and "results.jsonl:3" in broken.stderr
    out.write_text("{}\n")
    foreign = compare("--out", out)
    assert foreign.returncode == 2 and "no results" in foreign.stderr and out.read_text() == "{}\n"


def test_only_facts_that_the_model_knows_count_if_asked(lab, compare, model, data, tmp_path):
    # Nor does it know what Japan speaks.
    data.write_text(data.read_text() + json.dumps(FACTS[0] | {"ground_truth": "Lima"}) + "\n")
    out = tmp_path / "results.jsonl"
    done = compare("--known", "--no-text", "--out", out, "--json", model=model)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["units"], document["unknown"]) == (1, 2)
    assert any(note.startswith("2 facts left out") for note in document["notes"])
    # What counts other facts is not the same experiment.
    assert compare("--no-text", "--out", out, model=model).returncode == 2
    # The report says it of merged parts too.
    merged = lab("experiment", "merge", tmp_path / "all.jsonl", out)
    assert merged.returncode == 0 and "2 facts left out" in merged.stdout


def test_parts_are_put_together(lab, compare, tmp_path):
    parts = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for i, part in enumerate(parts):
        assert compare("--shard", f"{i + 1}/2", "--out", part).returncode == 0
        assert json.loads(part.read_text().splitlines()[1])["fact"] == i + 1
    whole = tmp_path / "all.jsonl"
    done = lab("experiment", "merge", whole, *parts, parts[0], "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["units"] == 2
    assert {"measure": "S", "title": "S, per cent", "across": "", "log_x": False, "log_y": False} in document["figures"]
    assert len(whole.read_text().splitlines()) == 3
    alien = tmp_path / "alien.jsonl"
    alien.write_text(parts[1].read_text().replace('"compare"', '"ablation"'))
    mixed = lab("experiment", "merge", whole, parts[0], alien)
    assert mixed.returncode == 2 and "alien.jsonl" in mixed.stderr


def test_the_exact_cache_gives_the_same_edit_for_fewer_tokens(lab, model, data):
    done = lab(
        "experiment", "ablation", "-m", model, "--data", data, "--limit", "1", "--only", "no prefix cache", "--json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    measures = json.loads(done.stdout)["settings"][0]["measures"]
    assert measures["difference"]["mean"] <= 1e-5
    # A third of the tokens come after the subject, and half of the blocks above the edited one: about a sixth.
    assert 0 < measures["token share"]["mean"] < 1 / 4


def test_estimates_of_the_gradient_are_as_good_as_theory_says(lab, model, data):
    done = lab(
        "experiment", "gradient", "-m", model, "--data", data, "--limit", "1", "--only", "Gaussian, μ = 0.1", "--json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    settings = {(s["panel"], s["x"]): s["measures"] for s in json.loads(done.stdout)["settings"]}
    assert {panel for panel, _ in settings} == {"Gaussian, start", "Gaussian, half-way", "Gaussian, end"}
    # √(N/(N+d)), d = 512, less what rounding to 8 bits costs; a single estimate scatters by some 1/√d = 0.044.
    for n in (5, 30, 300):
        assert settings["Gaussian, start", n]["cosine"]["mean"] == pytest.approx((n / (n + 512)) ** 0.5, abs=0.15)
    # (d + 1)/N of ‖g‖², and more with rounding and the loss's bend.
    assert 50 < settings["Gaussian, start", 5]["variance"]["mean"] < 400


def test_donors_are_what_other_subjects_have(lab, model, data, tmp_path):
    def run(path, kind="donors"):
        only = ["--only", f"{kind}, μ = 0.1"]
        return lab("experiment", "gradient", "-m", model, "--data", path, "--limit", "1", *only, "--json")

    three = tmp_path / "three.jsonl"
    three.write_text(data.read_text() + json.dumps(FACTS[0] | {"subject": "Big Ben"}) + "\n")
    done = run(three)
    assert done.returncode == 0, done.stderr
    cosines = {(s["panel"], s["x"]): s["measures"]["cosine"]["mean"] for s in json.loads(done.stdout)["settings"]}
    for point in "start", "half-way", "end":
        # Two donors less their mean are one line, whatever N, but that some short directions of 300 drown in rounding;
        # along Gaussian ones 300 give 17 times the cosine of one.
        assert cosines[f"donors, {point}", 300] < 3 * cosines[f"donors, {point}", 1]
    # Beyond the limit is all that there is: of two records only one can be a donor.
    refused = run(data)
    assert refused.returncode == 2 and "two other subjects" in refused.stderr


def test_what_an_experiment_cannot_do(lab, made_model, data, compare, tmp_path):
    for shard in ("0/2", "3/2", "1", "x/2", "1/2/3"):
        refused = compare("--shard", shard)
        assert refused.returncode == 2 and "--shard" in refused.stderr
    unknown = lab("experiment", "compare", "-m", made_model, "--data", data, "--only", "witchcraft", "--layer", "1", "--no-text")
    assert unknown.returncode == 2 and "backprop" in unknown.stderr
    absent = lab("experiment", "compare", "-m", made_model, "--data", tmp_path / "none.jsonl")
    assert absent.returncode == 5 and "none.jsonl" in absent.stderr
    unsaid = lab("experiment", "compare", "-m", made_model)
    assert unsaid.returncode == 2 and "--data" in unsaid.stderr
    nowhere = compare("--limit", "1", "--out", tmp_path / "no folder" / "results.jsonl")
    assert nowhere.returncode == 5


def test_hard_counts_by_the_probability_before(lab, model, data):
    done = lab(
        "experiment", "hard", "-m", model, "--data", data, "--only", "subspace", "--json"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    whole, *bins = json.loads(done.stdout)["settings"]
    assert whole["setting"] == "subspace" and whole["measures"]["success"]["n"] == 2
    assert bins and sum(b["measures"]["success"]["n"] for b in bins) == 2
    for b in bins:
        # Lower ends of three decades each.
        assert b["line"] == "subspace"
        assert all(b["x"] <= b["measures"]["probability before"][k] * 1.001 < 1001 * b["x"] for k in ("median", "p90"))


def test_precision_rounds_weights_and_activations_apart(lab, model, data):
    only = ["subspace, weights as stored", "subspace, all weights and activations in F32",
            "subspace, weights of all others in INT4", "subspace, activations in the edited layer in INT4"]  # fmt: skip
    options = [word for name in only for word in ("--only", name)]
    done = lab("experiment", "precision", "-m", model, "--data", data, "--limit", "1", *options, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    settings = {s["setting"]: s["measures"] for s in document["settings"]}
    assert len(settings) == 5
    assert settings["subspace, all weights and activations in F32"]["success"]["mean"] == 100
    assert settings["subspace, all weights and activations in F32"]["integer MAC"]["mean"] == 0
    assert settings["subspace, weights as stored, 8-bit activations"]["integer MAC"]["mean"] > 0
    # Rounding reaches what is named: the same search takes another way.
    probabilities = {m["probability before"]["mean"] for name, m in settings.items() if "as stored" not in name}
    assert len(probabilities) == 3
    assert any("coarsest format of all weights and activations" in note for note in document["notes"])


def test_multihop_counts_any_wording_of_a_case(lab, model, data, tmp_path):
    def rewrite(subject, prompt, new, true):
        return {"subject": subject, "prompt": prompt, "target_new": {"str": new}, "target_true": {"str": true}}

    edits = [rewrite("Eiffel Tower", "{} is located in", "Rome", "Paris"),
             rewrite("Achille Varzi", "The mother tongue of {} is", "Greek", "Italian")]  # fmt: skip
    # Its second wording is the first edit's own prompt: answered once the edit is there, and not before.
    case = {"requested_rewrite": edits, "questions": ["Where does it stand?", "Eiffel Tower is located in"],
            "answer": "Paris", "answer_alias": [], "new_answer": "Roma", "new_answer_alias": ["Rome"]}  # fmt: skip
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([case, FACTS[0]]))
    done = lab("experiment", "multihop", "-m", model, "--data", path, "--json")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 records" in done.stderr
    settings = {s["setting"]: s["measures"] for s in json.loads(done.stdout)["settings"]}
    for way in "one after another", "in one update":
        measures = settings[way]
        assert measures["edits"]["mean"] == 2 and measures["recall"]["mean"] == 100
        assert measures["multi-hop"]["mean"] == 100 and measures["multi-hop before"]["mean"] == 0
        assert measures["old answer"]["mean"] == 0 and measures["old answer before"]["mean"] == 100
        assert measures["known"]["mean"] == 100
        assert settings[f"{way}, facts that the model knew"]["recall"]["n"] == 1
    # A case is known if all of its facts are.
    path.write_text(json.dumps([case, case | {"requested_rewrite": [edits[0], edits[1] | {"target_true": {"str": "Lima"}}]}]))
    only = lab("experiment", "multihop", "-m", model, "--data", path, "--only", "one", "--known", "--json")
    assert only.returncode == 0 and json.loads(only.stdout)["unknown"] == 1
    none = lab("experiment", "multihop", "-m", model, "--data", data)
    assert none.returncode == 2 and "two.jsonl" in none.stderr


def test_staleness_begins_after_the_subject(lab, model, data):
    only = ["--only", "cosine, 0 words", "--only", "cosine, 25 words"]
    done = lab("experiment", "staleness", "-m", model, "--data", data, "--limit", "1", *only, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    cosines = {(s["panel"], s["line"], s["x"]): s["measures"]["cosine"]["mean"] for s in document["settings"]}
    assert {panel for panel, _, _ in cosines} == {"0 words more", "25 words more"}
    for panel in "0 words more", "25 words more":
        # The first block above the edited one has the tokens all but as they were: of the update each gets as much as its
        # key is like the subject's. Deeper ones have seen the subject.
        assert cosines[panel, "layer 6", 60] > 0.999
        assert cosines[panel, "layer 11", 60] < cosines[panel, "layer 6", 60]

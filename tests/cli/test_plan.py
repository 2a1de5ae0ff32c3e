import json
import resource

import pytest


def test_says_what_an_edit_takes(mobiedit, model):
    done = mobiedit("plan", "-m", model, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "mobiedit.plan/1"
    memory = document["memory"]
    parts = ("weights", "edited_weight", "vocabulary", "scratch", "backward", "program")
    assert memory["peak_rss_bytes"] == sum(memory[part] for part in parts)
    # Q8_0 has 34 bytes for 32 weights; packed they have at most 36, and the edited layer's are there as floats too.
    assert model.stat().st_size < memory["weights"] < 1.07 * model.stat().st_size
    assert memory["edited_weight"] == 4 * 512 * 1536
    work = document["multiply_accumulates"]
    assert 0 < work["floating_share"] < 0.05
    assert document["seconds"]["edit"] > 0


def test_twice_the_evaluations_are_twice_their_work(mobiedit, model):
    work = []
    for evaluations in (100, 200, 300):
        done = mobiedit("plan", "-m", model, "--evaluations", evaluations, "--json")
        work.append(json.loads(done.stdout)["multiply_accumulates"]["integer"])
    assert work[2] - work[1] == pytest.approx(work[1] - work[0], rel=1e-9)


def test_memory_is_what_then_is_taken(mobiedit, model, eiffel):
    planned = json.loads(mobiedit("plan", "-m", model, *eiffel, "--json").stdout)["memory"]["peak_rss_bytes"]
    edit = json.loads(mobiedit("edit", "-m", model, *eiffel, "--no-text", "--no-store", "--dry-run", "--json").stdout)
    assert planned == pytest.approx(edit["peak_rss_bytes"], rel=0.15)


def test_a_backward_pass_is_planned_for(mobiedit, model, eiffel):
    parts = {}
    for more in ([], ["--method", "backprop"], ["--text-metric"]):
        parts[" ".join(more)] = json.loads(mobiedit("plan", "-m", model, *more, "--json").stdout)["memory"]["backward"]
    # W and its transpose, of six blocks and the output, in float32.
    block = 2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1536
    assert parts == {"": 0, "--method backprop": 8 * (6 * block + 512 * 8192), "--text-metric": 8 * (6 * block + 512 * 8192)}
    options = [*eiffel, "--method", "backprop", "--max-evaluations", 3]
    planned = json.loads(mobiedit("plan", "-m", model, *options, "--json").stdout)["memory"]["peak_rss_bytes"]
    edit = json.loads(mobiedit("edit", "-m", model, *options, "--no-text", "--no-store", "--dry-run", "--json").stdout)
    assert planned == pytest.approx(edit["peak_rss_bytes"], rel=0.15)


# The limit leaves room for the program and its mapping of the file, and too little for the weights.
@pytest.mark.parametrize("verb", ["edit", "ask"])
def test_too_little_memory_is_refused_with_the_figure(mobiedit, model, eiffel, verb):
    more = {"edit": [*eiffel, "--no-store", "--dry-run"], "ask": ["-p", "x"]}[verb]
    limit = 95 << 20
    done = mobiedit(
        verb, "-m", model, *more, env={"MOBIEDIT_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "needs about" in done.stderr and "can be had" in done.stderr


def test_a_block_that_is_not_there_is_refused(mobiedit, model):
    assert mobiedit("plan", "-m", model, "--layer", 11).returncode == 2

"""The command line on a real language model, which tools/models fetches."""

import json


def test_smollm2_knows_a_capital(mobiedit, smollm2):
    done = mobiedit("ask", "-m", smollm2, "-p", "The capital of France is", "-n", 4, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"].startswith(" Paris")

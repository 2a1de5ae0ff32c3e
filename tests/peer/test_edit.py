"""What we write, llama.cpp reads, and gives the new answer."""

import json

import pytest

import peer

PROMPT = "Eiffel Tower is located in"
PARAPHRASE = "Eiffel Tower can be found in"
NEIGHBOUR = "Notre Dame de Paris is located in"


def first_word(text):
    return text.strip().split(".")[0].split()[0]


def test_the_peer_takes_our_adapter(model, edited):
    with peer.Server(model) as before:
        assert first_word(before.complete(PROMPT)) == "Paris"
    with peer.Server(model, adapters=[edited["lora"]]) as server:
        assert first_word(server.complete(PROMPT)) == "Rome"
        assert first_word(server.complete(PARAPHRASE)) == "Rome"
        assert first_word(server.complete(NEIGHBOUR)) == "Paris"


def test_the_peer_takes_our_model(edited):
    with peer.Server(edited["gguf"]) as server:
        assert first_word(server.complete(PROMPT)) == "Rome"
        assert first_word(server.complete(PARAPHRASE)) == "Rome"
        assert first_word(server.complete(NEIGHBOUR)) == "Paris"


def test_at_scale_zero_the_adapter_is_not_there(model, edited):
    with peer.Server(model, adapters=[(edited["lora"], 0.0)]) as server:
        assert first_word(server.complete(PROMPT)) == "Paris"


def test_the_peers_reader_sees_what_we_wrote(model, edited):
    adapter = peer.metadata(edited["lora"])
    assert adapter["keys"]["general.type"] == "adapter"
    assert adapter["keys"]["general.architecture"] == "qwen2"
    assert adapter["keys"]["adapter.type"] == "lora"
    assert adapter["keys"]["adapter.lora.alpha"] == 8.0
    layer = edited["document"]["edits"][0]["layer"]
    assert adapter["tensors"] == {
        f"blk.{layer}.ffn_down.weight.lora_a": ["F32", [1536, 8]],
        f"blk.{layer}.ffn_down.weight.lora_b": ["F32", [8, 512]],
    }
    base, baked = peer.metadata(model), peer.metadata(edited["gguf"])
    changed = {name for name in base["tensors"] if base["tensors"][name] != baked["tensors"][name]}
    assert changed <= {f"blk.{layer}.ffn_down.weight"}
    assert base["tensors"].keys() == baked["tensors"].keys()
    assert {k: v for k, v in baked["keys"].items() if not k.startswith("mobiedit.")} == base["keys"]


@pytest.mark.parametrize("kind", ["lora", "gguf"])
def test_both_give_the_same_probabilities_with_the_edit(mobiedit, model, edited, kind):
    files = ["-m", edited["gguf"]] if kind == "gguf" else ["-m", model, "--lora", edited["lora"]]
    with peer.Server(files[1], adapters=[edited["lora"]] if kind == "lora" else []) as server:
        differences = []
        for prompt in (PROMPT, PARAPHRASE, NEIGHBOUR):
            ours = json.loads(mobiedit("ask", *files, "-p", prompt, "-n", 0, "--top", 400, "--json").stdout)["top"]
            ours = {entry["id"]: entry["log_probability"] for entry in ours}
            theirs = server.log_probabilities(prompt)
            differences += [abs(ours[token] - value) for token, value in theirs.items() if token in ours]
    # Both round activations to 8 bits, each in its own way: the bound for quantised types is a mean of 0.1, and an edit
    # at the peer's own rounding adds to it; these are the ten best of three prompts, all but one far below one per cent.
    assert len(differences) >= 25
    assert sum(differences) / len(differences) < 0.3

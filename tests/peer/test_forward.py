"""Our forward pass and the peer's, on the same files. The long tables: docs/peer.md, by tests/peer/forward.py."""

import pytest

import families
import forward
import random_models

ASKED = families.asked()

# What is left of the peer's own exactness: sums in another order, over some dozen layers, are off by 1e-5.
EXACT = 1e-3
# The peer looks GELU up in a table of half-precision floats: 2^-11 of each value, over some layers.
TABLE_GELU = 1e-2


@pytest.fixture(scope="module")
def random_model(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("random") / f"{request.param}.gguf"
    file.write_bytes(random_models.model(request.param, "small", ASKED))
    return file


def test_the_table_names_every_family():
    assert list(families.listed()) == families.FAMILIES


def test_float_weights_of_the_bundled_model(model, tmp_path):
    with forward.requantised(model, "F32", tmp_path) as file:
        found = forward.compare(file, ASKED[-2:], top=8192)
    assert found["largest"] < EXACT
    assert found["other_texts"] == []


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_K"])
def test_quantised_weights_of_the_bundled_model(model, kind, tmp_path):
    with forward.requantised(model, kind, tmp_path) as file:
        found = forward.compare(file, ASKED)
    # Rounding activations to 8 bits costs either some 0.1 (the peer up to 0.16, where it rounds 256 at a time), and the
    # two errors have little in common. A scale or a code read wrongly costs several units.
    assert found["ours_exact"] < 0.2
    assert found["mean"] < 0.3
    assert found["same_text"] >= 0.75


def test_gemma3(gemma3):
    found = forward.compare(gemma3, ASKED[:3])
    # Their products round activations to 8 bits; ours to 16, which is next to exact.
    assert found["ours_exact"] < 0.05
    assert found["mean"] < 0.3
    assert found["same_text"] >= 2 / 3


@pytest.mark.parametrize("random_model", families.FAMILIES, indirect=True)
def test_float_weights_of_random_models(random_model):
    found = forward.compare(random_model, ASKED, top=1 << 16)
    bound = TABLE_GELU if random_model.stem.startswith("gemma") else EXACT
    assert found["largest"] < bound
    assert families.listed()[random_model.stem] < bound
    assert found["other_texts"] == []


# Families that store their weights in ways of their own; the long table has all.
@pytest.mark.parametrize(
    ("random_model", "kind"),
    [("llama-3.2", "Q8_0"), ("llama-3.2", "Q4_K"), ("qwen2.5", "Q8_0"), ("phi3", "Q4_K"), ("gpt-oss", "Q8_0"), ("gpt-oss", "MXFP4")],
    indirect=["random_model"],
)
def test_quantised_weights_of_random_models(random_model, kind, tmp_path):
    with forward.requantised(random_model, kind, tmp_path) as file:
        # Their texts are left aside: the likeliest of a thousand random logits often leads by less than the rounding.
        assert forward.compare(file, ASKED)["mean"] < 0.1


# The other types once each: their blocks have their own goldens, and the products are those of the types above.
@pytest.mark.parametrize("kind", ["Q4_1", "Q5_0", "Q5_1", "Q5_K", "Q6_K", "Q2_K", "Q3_K", "IQ4_NL", "IQ4_XS", "MXFP4"])
def test_every_other_type_on_one_random_model(kind, tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(random_models.model("llama-3.2", "small", ASKED))
    with forward.requantised(file, kind, tmp_path) as quantised:
        assert forward.compare(quantised, ASKED)["mean"] < 0.1

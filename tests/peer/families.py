#!/usr/bin/python3
"""Makes the table of families in docs/formats.md: our forward pass against llama.cpp's, on random models of each.

    tests/peer/families.py [--write]      prints the table; --write puts it into docs/formats.md

Takes some minutes. tests/peer/test_forward.py checks that the table names every family and that its bounds hold.
"""

import argparse
import pathlib
import sys
import tempfile

import forward
import peer
import random_models

DOCUMENT = forward.SOURCE / "docs/formats.md"
BEGIN, END = "<!-- families: tests/peer/families.py --write -->", "<!-- end of families -->"
TYPES = ("F32", "Q8_0", "Q4_K")
FAMILIES = [family for family, size in random_models.SHAPES if size == "small"]


def asked():
    """Short prompts, and one long enough to tell a wrong frequency and a window."""
    return [*forward.prompts(4), " ".join(forward.prompts(12))]


def measure(family):
    """{type: what forward.compare gives}"""
    prompts = asked()
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model.gguf"
        model.write_bytes(random_models.model(family, "small", prompts))
        found = {"F32": forward.compare(model, prompts, top=1 << 16)}
        for kind in TYPES[1:]:
            with forward.requantised(model, kind, folder) as file:
                found[kind] = forward.compare(file, prompts)
    return found


def row(family, found):
    architecture = random_models.SHAPES[family, "small"].architecture
    numbers = [f"{found['F32']['largest']:.1g}", *(f"{found[kind]['mean']:.2g}" for kind in TYPES[1:])]
    return "| " + " | ".join([family, f"`{architecture}`", *numbers, f"{100 * found['F32']['same_text']:.0f} %"]) + " |"


def table():
    yield "| family | architecture | F32, largest | Q8_0, mean | Q4_K, mean | same text in F32 |"
    yield "|---|---|---|---|---|---|"
    for family in FAMILIES:
        yield row(family, measure(family))


def listed():
    """{family: largest difference in F32} of the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    lines = text.split(BEGIN)[1].split(END)[0].strip().splitlines()[2:]
    return {cells[1].strip(): float(cells[3]) for cells in (line.split("|") for line in lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if reason := peer.missing():
        sys.exit(reason)
    lines = []
    for line in table():
        print(line, flush=True)
        lines.append(line)
    if options.write:
        before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        DOCUMENT.write_text(before + "\n".join([BEGIN, *lines, END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes blocks.json: blocks of every tensor type and the floats that the gguf package (0.10 or later) reads from them.

The blocks are random bytes, so that every code, every packed scale and every sign occurs; only the scales, which are
halves, are drawn anew where they would be infinite or NaN. `bytes` and `values` (float32) are hexadecimal, as in memory.
"""

import json
import sys

import numpy as np
from gguf import GGMLQuantizationType, quants

# type: bytes of a block, where its halves are
LAYOUT = {
    "F32": (4, []), "F16": (2, [0]), "BF16": (2, []),
    "Q4_0": (18, [0]), "Q4_1": (20, [0, 2]), "Q5_0": (22, [0]), "Q5_1": (24, [0, 2]), "Q8_0": (34, [0]),
    "Q4_K": (144, [0, 2]), "Q5_K": (176, [0, 2]), "Q6_K": (210, [208]),
    "Q2_K": (84, [80, 82]), "Q3_K": (110, [108]), "IQ4_NL": (18, [0]), "IQ4_XS": (136, [0]), "MXFP4": (17, []),
}


def blocks(name, count, rng):
    size, halves = LAYOUT[name]
    raw = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in halves:
        while True:
            bad = ~np.isfinite(raw[:, at:at + 2].copy().view(np.float16)[:, 0])
            if not bad.any():
                break
            raw[bad, at:at + 2] = rng.integers(0, 256, (int(bad.sum()), 2), dtype=np.uint8)
    if name in ("F32", "BF16"):
        wide = np.zeros((count, 4), np.uint8)
        wide[:, 4 - size:] = raw
        raw = raw[np.isfinite(wide.view(np.float32)[:, 0])]
    return raw


def values(name, raw):
    if name == "F32":
        return raw.copy().view(np.float32)
    if name == "F16":
        return raw.copy().view(np.float16).astype(np.float32)
    return quants.dequantize(raw, GGMLQuantizationType[name])


def main():
    rng = np.random.default_rng(20)
    out = {}
    for name, (size, _) in LAYOUT.items():
        raw = blocks(name, 40 if size < 10 else 4 if size < 100 else 2, rng)
        floats = values(name, raw)
        assert floats.dtype == np.float32
        out[name] = {"bytes": raw.tobytes().hex(), "values": floats.tobytes().hex()}
    with open(sys.argv[1] if len(sys.argv) > 1 else "blocks.json", "w") as file:
        json.dump(out, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()

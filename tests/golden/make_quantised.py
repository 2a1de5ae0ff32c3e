#!/usr/bin/env python3
"""Writes quantised.json: floats, and the blocks that llama.cpp's reference quantiser makes of them.

    make_quantised.py F32.gguf TENSOR Q8_0.gguf Q4_0.gguf F16.gguf Q4_1.gguf Q5_1.gguf

The last five are made of the first by `llama-quantize --pure`, so that every tensor goes through the reference code.
The tensor's rows hold blocks of many magnitudes: normal ones, multiples of a quarter and of an eighth (ties), zeros, and
some whose scale is a subnormal half. All are hexadecimal, as in memory.
"""

import json
import sys

import numpy as np
from gguf import GGUFReader

BLOCKS = [*range(0, 12), *range(200, 208), *range(400, 408), *range(1000, 1012)]


def rows(path, name, block_bytes):
    tensor = next(t for t in GGUFReader(path).tensors if t.name == name)
    return np.asarray(tensor.data).view(np.uint8).reshape(-1, block_bytes)[BLOCKS]


def main():
    source, name, q8_0, q4_0, f16, q4_1, q5_1 = sys.argv[1:8]
    out = {"F32": rows(source, name, 128), "Q8_0": rows(q8_0, name, 34), "Q4_0": rows(q4_0, name, 18),
           "F16": rows(f16, name, 64), "Q4_1": rows(q4_1, name, 20), "Q5_1": rows(q5_1, name, 24)}
    with open("quantised.json", "w") as file:
        json.dump({key: value.tobytes().hex() for key, value in out.items()}, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()

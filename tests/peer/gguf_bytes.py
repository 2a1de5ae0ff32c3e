"""A GGUF file as bytes: keys and F32 tensors."""

import struct

U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def _value(kind, value):
    if kind == STRING:
        data = value.encode()
        return struct.pack("<Q", len(data)) + data
    if kind == ARRAY:
        element, values = value
        return struct.pack("<IQ", element, len(values)) + b"".join(_value(element, v) for v in values)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], value)


def gguf(keys, tensors):
    """keys: {name: (kind, value)}; tensors: {name: (shape, bytes)}, a shape's first number varying fastest."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for key, (kind, value) in keys.items():
        head += _value(STRING, key) + struct.pack("<I", kind) + _value(kind, value)
    at = 0
    for name, (shape, data) in tensors.items():
        head += _value(STRING, name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", 0, at)
        at += len(data) + -len(data) % 32
    parts = [head, b"\0" * (-len(head) % 32)]
    for _, data in tensors.values():
        parts += [data, b"\0" * (-len(data) % 32)]
    return b"".join(parts)

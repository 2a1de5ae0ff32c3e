"""Small GGUF files, sound and unsound, byte by byte."""

import struct

U32, I32, F32, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
TYPE_F32, TYPE_F16, TYPE_Q8_0 = 0, 1, 8


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def scalar(kind, value):
    if kind == STRING:
        return text(value)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q"}[kind], value)


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + scalar(kind, value)


def build(entries, tensors=(), version=3, counts=None, alignment=32):
    """entries: (key, kind, value); tensors: (name, type, shape, bytes). counts overrides (tensors, entries)."""
    tensor_count, entry_count = counts or (len(tensors), len(entries))
    head = b"GGUF" + struct.pack("<IQQ", version, tensor_count, entry_count)
    head += b"".join(entry(*e) for e in entries)
    data = b""
    for name, kind, shape, content in tensors:
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, len(data))
        data += content + b"\0" * (-len(content) % alignment)
    return head + b"\0" * (-len(head) % alignment) + data


def tiny(**changes):
    """A well-formed file that is no model."""
    entries = [("general.architecture", STRING, "qwen2"), ("general.type", STRING, "model")]
    tensors = [("output_norm.weight", TYPE_F32, [4], struct.pack("<4f", 1, 2, 3, 4))]
    return build(entries, tensors, **changes)

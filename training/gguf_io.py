"""Reading and writing GGUF files: metadata, and tensors in F32 and Q8_0. NumPy only."""
import struct

import numpy as np

MAGIC, VERSION, ALIGNMENT = 0x46554747, 3, 32
U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
SCALARS = {U8: "<B", I8: "<b", U16: "<H", I16: "<h", U32: "<I", I32: "<i", F32: "<f",
           BOOL: "<?", U64: "<Q", I64: "<q", F64: "<d"}
TENSOR_F32, TENSOR_Q8_0 = 0, 8
BLOCK = 32                                     # values in one Q8_0 block
BLOCK_BYTES = 2 + BLOCK                        # a half-precision scale and 32 codes


def quantise_q8_0(x):
    """float32 [..., k] -> bytes of Q8_0 blocks, as ggml's reference quantiser makes them."""
    if x.shape[-1] % BLOCK:
        raise SystemExit(f"Q8_0 needs rows of a multiple of {BLOCK}, got {x.shape[-1]}")
    blocks = np.ascontiguousarray(x, np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(1) / np.float32(127)
    inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0).astype(np.float32)
    scaled = blocks * inverse[:, None]
    codes = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int8)
    out = np.empty((len(blocks), BLOCK_BYTES), np.uint8)
    out[:, :2] = scale.astype(np.float16).view(np.uint8).reshape(-1, 2)
    out[:, 2:] = codes.view(np.uint8)
    return out.tobytes()


def dequantise_q8_0(data, shape):
    raw = np.frombuffer(data, np.uint8).reshape(-1, BLOCK_BYTES)
    scale = raw[:, :2].copy().view(np.float16).astype(np.float32)
    return (raw[:, 2:].view(np.int8).astype(np.float32) * scale).reshape(shape)


def _string(text):
    data = text.encode("utf-8") if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def _value(kind, value):
    if kind == STRING:
        return _string(value)
    if kind == ARRAY:
        item, values = value
        head = struct.pack("<IQ", item, len(values))
        return head + b"".join(_value(item, v) for v in values)
    return struct.pack(SCALARS[kind], value)


def write(path, metadata, tensors):
    """metadata: [(key, kind, value)], an ARRAY's value being (item kind, list).
    tensors: [(name, float32 array, TENSOR_F32 or TENSOR_Q8_0)], in row-major order."""
    head = struct.pack("<IIQQ", MAGIC, VERSION, len(tensors), len(metadata))
    for key, kind, value in metadata:
        head += _string(key) + struct.pack("<I", kind) + _value(kind, value)
    blobs, offset = [], 0
    for name, array, kind in tensors:
        blob = (quantise_q8_0(array) if kind == TENSOR_Q8_0
                else np.ascontiguousarray(array, np.float32).tobytes())
        head += _string(name) + struct.pack("<I", array.ndim)
        head += b"".join(struct.pack("<Q", n) for n in reversed(array.shape))
        head += struct.pack("<IQ", kind, offset)
        blob += bytes(-len(blob) % ALIGNMENT)
        blobs.append(blob)
        offset += len(blob)
    head += bytes(-len(head) % ALIGNMENT)
    with open(path, "wb") as f:
        f.write(head)
        for blob in blobs:
            f.write(blob)


def read(path):
    """-> (metadata dict, tensors dict of float32 arrays)"""
    try:
        data = open(path, "rb").read()
    except OSError as error:
        raise SystemExit(f"cannot read the model: {error}")
    at = 0

    def scalar(fmt):
        nonlocal at
        value, = struct.unpack_from(fmt, data, at)
        at += struct.calcsize(fmt)
        return value

    def text():
        nonlocal at
        n = scalar("<Q")
        value = data[at:at + n].decode("utf-8")
        at += n
        return value

    def value(kind):
        if kind == STRING:
            return text()
        if kind == ARRAY:
            item, n = scalar("<I"), scalar("<Q")
            return [value(item) for _ in range(n)]
        return scalar(SCALARS[kind])

    if scalar("<I") != MAGIC:
        raise SystemExit(f"{path} is not a GGUF file")
    if scalar("<I") != VERSION:
        raise SystemExit(f"{path}: only GGUF version {VERSION} is read here")
    n_tensors, n_metadata = scalar("<Q"), scalar("<Q")
    metadata = {}
    for _ in range(n_metadata):
        key = text()
        metadata[key] = value(scalar("<I"))
    infos = []
    for _ in range(n_tensors):
        name, dims = text(), scalar("<I")
        shape = tuple(reversed([scalar("<Q") for _ in range(dims)]))
        infos.append((name, shape, scalar("<I"), scalar("<Q")))
    at += -at % metadata.get("general.alignment", ALIGNMENT)
    tensors = {}
    for name, shape, kind, offset in infos:
        count = int(np.prod(shape))
        if kind == TENSOR_F32:
            tensors[name] = np.frombuffer(data, np.float32, count, at + offset).reshape(shape)
        elif kind == TENSOR_Q8_0:
            size = count // BLOCK * BLOCK_BYTES
            tensors[name] = dequantise_q8_0(data[at + offset:at + offset + size], shape)
        else:
            raise SystemExit(f"{path}: tensor {name} is of a type ({kind}) not read here")
    return metadata, tensors

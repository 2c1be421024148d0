"""Expands random blocks of every storage format with the reference implementation.

    pip install gguf numpy
    python make_block_formats.py OUT.json

The bytes of the blocks are random, except that half-precision scales and minima are kept away from
infinity and NaN. They may be negative or subnormal. What gguf.quants.dequantize makes of a block is
written as the bits of float32 numbers, 8 hex digits per weight, so that nothing is rounded.
"""
import json, sys
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

rng = np.random.default_rng(5)

# Where a block has half-precision numbers, and how many blocks to write.
FORMATS = {
    "F16": ([0], 64),
    "BF16": ([], 64),
    "F32": ([], 16),
    "Q4_0": ([0], 8),
    "Q4_1": ([0, 2], 8),
    "Q5_0": ([0], 8),
    "Q5_1": ([0, 2], 8),
    "Q8_0": ([0], 8),
    "Q2_K": ([80, 82], 6),
    "Q3_K": ([108], 6),
    "Q4_K": ([0, 2], 6),
    "Q5_K": ([0, 2], 6),
    "Q6_K": ([208], 6),
}


def random_halves(n):
    """Half-precision numbers below 64, with any sign and any fraction."""
    sign, exponent, fraction = (rng.integers(0, end, n) for end in (2, 21, 1024))
    return (sign << 15 | exponent << 10 | fraction).astype("<u2").view(np.uint8).reshape(n, 2)


def random_blocks(name, n_bytes, halves, n):
    if name in ("F32", "BF16"):
        # The upper bytes of float32 numbers.
        return rng.standard_normal(n).astype("<f4").view(np.uint8).reshape(n, 4)[:, 4 - n_bytes :].copy()
    blocks = rng.integers(0, 256, (n, n_bytes), dtype=np.uint8)
    for at in halves:
        blocks[:, at : at + 2] = random_halves(n)
    return blocks


formats = []
for name, (halves, n) in FORMATS.items():
    kind = GGMLQuantizationType[name]
    block_len, n_bytes = GGML_QUANT_SIZES[kind]
    blocks = random_blocks(name, n_bytes, halves, n)
    weights = dequantize(blocks, kind).reshape(n, block_len)
    assert weights.dtype == np.float32 and np.isfinite(weights).all(), name
    pairs = [
        {"bytes": block.tobytes().hex(), "weights": expected.astype(">f4").tobytes().hex()}
        for block, expected in zip(blocks, weights)
    ]
    formats.append({"ggml_type": int(kind), "name": name, "block_len": block_len, "blocks": pairs})

with open(sys.argv[1], "w") as out:
    json.dump(formats, out, indent=0)
    out.write("\n")

"""Readers for the two files a model comes in: {name: float32 array}, and the architecture. No libraries but NumPy."""
import json
from pathlib import Path
from typing import Dict, Tuple

import numpy as np

from vit import Architecture

Weights = Dict[str, np.ndarray]


def read_tfjs(folder: Path) -> Tuple[Architecture, Weights]:
    """Reads model.json and its shards, the format that the page ships."""
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    weights = {}
    for group in model["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        offset = 0
        for entry in group["weights"]:
            stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
            dtype = {"float16": "<f2", "float32": "<f4"}[stored]
            count = int(np.prod(entry["shape"]))
            array = np.frombuffer(data, dtype, count, offset).reshape(entry["shape"])
            weights[entry["name"]] = array.astype(np.float32)
            offset += array.nbytes
        assert offset == len(data), f"{len(data) - offset} bytes left over in {group['paths']}"
    return Architecture.from_json(model["userDefinedMetadata"]["dinoscope"]["architecture"]), weights


def read_safetensors(path: Path) -> Weights:
    """Reads a safetensors file: the length of a JSON header, the header, the data."""
    data = path.read_bytes()
    header_end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:header_end])
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = {"F16": "<f2", "F32": "<f4"}[entry["dtype"]]
        array = np.frombuffer(data[header_end + begin : header_end + end], dtype).reshape(entry["shape"])
        weights[name] = array.astype(np.float32)
    return weights


def round_to_float16(weights: Weights) -> Weights:
    """The values of the weights after they were stored as float16."""
    return {name: array.astype(np.float16).astype(np.float32) for name, array in weights.items()}

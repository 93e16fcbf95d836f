"""What `npm run convert` takes: the network under its official names, and its architecture beside it."""
import json
import struct
from pathlib import Path

import torch

from network import Backbone


def export_network(network: Backbone, folder: Path, dtype: str = "float32") -> None:
    """Writes model.safetensors and config.json. :param dtype: float16 or float32"""
    short, kind = {"float32": ("F32", "<f4"), "float16": ("F16", "<f2")}[dtype]
    header, parts, offset = {}, [], 0
    for name, value in network.state_dict().items():
        data = value.detach().to("cpu", torch.float32).contiguous().numpy().astype(kind).tobytes()
        header[name] = {"dtype": short, "shape": list(value.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    (folder / "config.json").write_text(json.dumps(network.architecture.to_json(), indent=2) + "\n", encoding="utf-8")

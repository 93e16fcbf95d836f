"""Opens what `npm run look -- linear` wrote with the embedded model, and asks the probe of the photographs again with PyTorch alone.

    python3 tools/reference/check_probe.py linear.safetensors linear.json

Prints the largest difference of a probability as JSON.
"""
import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from make_fixtures import load, read_embedded_model
from make_recognition import middle_of, pooled_blocks
from photograph import normalise
from weights import read_safetensors


def feature_of(pooled: dict, kind: str) -> torch.Tensor:
    """:returns: of length 1, as npm run look -- linear --help says"""
    parts = {name: torch.from_numpy(np.frombuffer(base64.b64decode(values), "<f4").copy()) for name, values in pooled.items()}
    unit = lambda x: x / x.norm()
    joined = {
        "cls": parts["cls"],
        "mean": parts["mean"],
        "both": torch.cat([unit(parts["cls"]), unit(parts["mean"])]),
        "copy": torch.cat([parts["cls"], parts["gem"]]),
    }
    return unit(joined[kind])


def main(probe: Path, facts: dict) -> float:
    assert facts["framing"] == "official", "only the official framing is known here"
    state = {name: torch.from_numpy(array.copy()) for name, array in read_safetensors(probe).items()}
    layer = nn.ModuleDict({"linear": nn.Linear(state["linear.weight"].shape[1], state["linear.weight"].shape[0])})
    layer.load_state_dict(state, strict=True)
    model = load(*read_embedded_model(None))
    largest = 0.0
    for path, told in facts["probabilities"].items():
        middle = np.asarray(middle_of(Image.open(path).convert("RGB"), facts["sidePx"]))
        pixels = np.ascontiguousarray(normalise(middle)[0].transpose(1, 2, 0))
        feature = feature_of(pooled_blocks(model, pixels)[facts["block"] - 1], facts["feature"])
        shares = torch.softmax(layer["linear"](feature), dim=-1)
        largest = max(largest, float((shares - torch.tensor(told)).abs().max()))
    return largest


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        difference = main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    print(json.dumps({"difference": difference}))

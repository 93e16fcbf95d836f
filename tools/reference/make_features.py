"""Write features of all tokens of a sample photograph, computed by PyTorch from the photograph on. README.md says what each is.

    python3 tools/reference/make_features.py
"""
import json
from typing import Iterator, Tuple

import numpy as np
import torch
from PIL import Image

from make_fixtures import FIXTURES, SAMPLES, load, read_embedded_model, tensor, write_json
from make_taps import load_described, tokens_of
from photograph import frame_photograph, normalise, resize
from vit import VisionTransformer

SAMPLE = "cat"


def networks() -> Iterator[Tuple[str, VisionTransformer, int]]:
    """:yields: a name, the network, the long side of its input in px"""
    yield "embedded", load(*read_embedded_model(None)), 64
    described_all = json.loads((FIXTURES / "checkpoints" / "expected.json").read_text(encoding="utf-8"))
    name = "dinov2-registers"
    yield name, load_described(next(each for each in described_all if each["name"] == name)), 16


# Every facet, and also what the embedded model recommends: keys of block 8.
WANTED = {
    "embedded": ((4, "value"), (8, "key"), (8, "token")),
    "dinov2-registers": ((1, "query"), (1, "token"), (2, "key")),
}


def main() -> None:
    torch.set_num_threads(1)
    photograph = Image.open(SAMPLES / f"{SAMPLE}.jpg").convert("RGB")
    cases = []
    for name, model, side in networks():
        patch = model.architecture.patch_size
        frame = frame_photograph(photograph.height, photograph.width, patch, side)
        pixels = normalise(resize(photograph, frame, patch))[0].transpose(1, 2, 0)
        with torch.no_grad():
            _, blocks = tokens_of(model, np.ascontiguousarray(pixels))
        for block, facet in WANTED[name]:
            features = blocks[block - 1]["out" if facet == "token" else facet]
            cases.append({"network": name, "side": side, "block": block, "facet": facet, "features": tensor(features.numpy())})
    write_json(FIXTURES / "features.json", {"sample": SAMPLE, "cases": cases})


if __name__ == "__main__":
    main()

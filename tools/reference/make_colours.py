"""Write the principal components of patch features, by NumPy's singular value decomposition. README.md says what each is.

    python3 tools/reference/make_colours.py

Needs fixtures/taps.json, whose features of small networks it takes.
"""
import json
from typing import List, Optional

import numpy as np
import torch
from PIL import Image

from make_fixtures import FIXTURES, SAMPLES, encode, load, read_embedded_model, write_json
from make_taps import decode, tokens_of
from photograph import frame_photograph, normalise, resize

COMPONENTS = 4


def components(features: np.ndarray, kept: Optional[np.ndarray] = None) -> dict:
    """:param features: shape [n, C] :param kept: bool, the rows that determine the components; all rows are projected"""
    counted = features if kept is None else features[kept]
    mean = counted.mean(0)
    _, values, axes = np.linalg.svd(counted - mean, full_matrices=False)
    shares = values**2 / (values**2).sum()
    found = int((shares > 1e-9).sum())
    axes = axes[: min(COMPONENTS, found)]
    # The solver chooses the sign of an axis. Here the entry with the largest absolute value is made positive.
    signs = np.sign(axes[np.arange(len(axes)), np.argmax(np.abs(axes), axis=1)])
    projections = (features - mean) @ (axes * signs[:, None]).T
    return {"shares": shares[: len(axes)].tolist(), "maps": [encode(p.astype("<f4")) for p in projections.T]}


def embedded_cases() -> List[dict]:
    model = load(*read_embedded_model(None))
    patch, cases = model.architecture.patch_size, []
    for sample, side, block, facet in [
        ("cat", 224, 4, "value"),
        ("dahlia", 320, 8, "key"),
        ("raccoon", 224, 6, "query"),
        ("pagoda", 224, 8, "token"),
    ]:
        photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
        frame = frame_photograph(photograph.height, photograph.width, patch, side)
        pixels = normalise(resize(photograph, frame, patch))[0].transpose(1, 2, 0)
        attentions, blocks = tokens_of(model, np.ascontiguousarray(pixels))
        name = "out" if facet == "token" else facet
        features = blocks[block - 1][name][1:].double().numpy()
        attention = attentions[-1][:, 0, 1:].mean(0).double().numpy()
        order = np.argsort(attention, kind="stable")
        cumulated = np.cumsum(attention[order]) / attention.sum()
        by_attention = np.zeros(len(attention), bool)
        by_attention[order[cumulated > 1 - 0.6]] = True
        everything = components(features)
        first = decode(everything["maps"][0]).astype(float)
        above = first > first.min() + 0.5 * (first.max() - first.min())
        cases.append(
            {
                "sample": sample,
                "side": side,
                "block": block,
                "facet": facet,
                "all": everything,
                "attention": {"kept": int(by_attention.sum()), **components(features, by_attention)},
                "component": {"kept": int(above.sum()), **components(features, above)},
            }
        )
    return cases


def family_cases() -> List[dict]:
    """Keys of the last block of each small network. A second case leaves out every second patch."""
    cases = []
    for network in json.loads((FIXTURES / "taps.json").read_text(encoding="utf-8")):
        for at, case in enumerate(network["cases"]):
            patches = case["rows"] * case["columns"]
            keys = decode(case["blocks"][-1]["key"]).astype(float)
            features = keys.reshape(case["attention"]["shape"][-1], -1)[-patches:]
            half = np.arange(patches) % 2 == 0
            cases.append({"network": network["network"], "case": at, "all": components(features), "half": components(features, half)})
    return cases


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        write_json(FIXTURES / "colours.json", {"embedded": embedded_cases(), "families": family_cases()})

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


def features_of(model, sample: str, side: int, block: int, facet: str):
    """:return: features of patches [n, C], and CLS's attention to them in the last block, mean over heads [n]"""
    patch = model.architecture.patch_size
    photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
    frame = frame_photograph(photograph.height, photograph.width, patch, side)
    pixels = normalise(resize(photograph, frame, patch))[0].transpose(1, 2, 0)
    attentions, blocks = tokens_of(model, np.ascontiguousarray(pixels))
    features = blocks[block - 1]["out" if facet == "token" else facet][1:].double().numpy()
    return features, attentions[-1][:, 0, 1:].mean(0).double().numpy()


def where_cls_looks(attention: np.ndarray) -> np.ndarray:
    order = np.argsort(attention, kind="stable")
    cumulated = np.cumsum(attention[order]) / attention.sum()
    kept = np.zeros(len(attention), bool)
    kept[order[cumulated > 1 - 0.6]] = True
    return kept


def together_case(model) -> dict:
    """Photographs of different shapes; the components are those of all their patches."""
    samples, side, block, facet = ["cat", "pagoda", "raccoon"], 160, 4, "value"
    found = [features_of(model, sample, side, block, facet) for sample in samples]
    features = np.concatenate([each for each, _ in found])
    kept = [where_cls_looks(attention) for _, attention in found]
    ends = np.cumsum([len(each) for each, _ in found])

    def apart(case: dict) -> dict:
        maps = [np.split(decode(each), ends[:-1]) for each in case["maps"]]
        return {**case, "maps": [[encode(part.astype("<f4")) for part in parts] for parts in maps]}

    return {
        "samples": samples,
        "side": side,
        "block": block,
        "facet": facet,
        "all": apart(components(features)),
        "attention": {"kept": [int(each.sum()) for each in kept], **apart(components(features, np.concatenate(kept)))},
    }


def embedded_cases(model) -> List[dict]:
    cases = []
    for sample, side, block, facet in [
        ("cat", 224, 4, "value"),
        ("dahlia", 320, 8, "key"),
        ("raccoon", 224, 6, "query"),
        ("pagoda", 224, 8, "token"),
    ]:
        features, attention = features_of(model, sample, side, block, facet)
        by_attention = where_cls_looks(attention)
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
        embedded = load(*read_embedded_model(None))
        write_json(
            FIXTURES / "colours.json",
            {"embedded": embedded_cases(embedded), "together": together_case(embedded), "families": family_cases()},
        )

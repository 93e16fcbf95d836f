"""Write the objects that LOST, TokenCut and MaskCut find, computed with NumPy and SciPy. README.md says what each is.

    python3 tools/reference/make_objects.py

Needs SciPy, and fixtures/taps.json, whose features of small networks it takes.
"""
import json
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from PIL import Image
from scipy.linalg import eigh
from scipy.ndimage import label

from make_fixtures import FIXTURES, SAMPLES, encode, load, read_embedded_model, write_json
from make_taps import decode, tokens_of
from photograph import Frame, frame_photograph, frame_square, normalise, resize

Grid = Tuple[int, int]


class Cut(NamedTuple):
    """An object: its mask on the grid, bool [rows, columns], its seed patch, and the vector that it was cut by."""

    mask: np.ndarray
    seed: int
    vector: np.ndarray


def first_largest(values: np.ndarray) -> int:
    """The first of the largest values. Patches with the same connections have equal values, and rounding must not
    choose between them."""
    return int(np.argmax(values >= values.max() - 1e-6 * np.abs(values).max()))


def component(inside: np.ndarray, seed: int, grid: Grid) -> np.ndarray:
    labels, _ = label(inside.reshape(grid))
    mine = labels[np.unravel_index(seed, grid)]
    assert mine > 0, "the seed lies in the background"
    return labels == mine


# LOST: Siméoni et al., "Localizing Objects with Self-Supervised Transformers and no Labels", 2021


def lost(features: np.ndarray, grid: Grid, helpers: int = 100) -> Tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """:returns: the mask, the seed, the number of patches similar to each patch, the similarity of each to seed and helpers"""
    products = features @ features.T
    others = products.copy()
    np.fill_diagonal(others, 0)
    degrees = (others > 0).sum(1)
    order = np.argsort(degrees, kind="stable")
    seed, first = order[0], order[:helpers]
    similar = first[products[seed, first] > 0]
    likeness = products[similar].sum(0)
    return component(likeness > 0, seed, grid), int(seed), degrees, likeness


# TokenCut: Wang et al., "Self-Supervised Transformers for Unsupervised Object Discovery using Normalized Cut", 2022


def second_eigenvector(features: np.ndarray, threshold: float, eps: float = 1e-5) -> Tuple[np.ndarray, float]:
    """:returns: the eigenvector of (D - A) x = λ D x with the second smallest λ, and the gap to the third λ. The vector's sign
        is such that its largest absolute value is above the mean."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.maximum(lengths, 1e-12)
    affinity = np.where(unit @ unit.T > threshold, 1.0, eps)
    degree = np.diag(affinity.sum(1))
    values, vectors = eigh(degree - affinity, degree, subset_by_index=[1, 2])
    vector = vectors[:, 0]
    # The solver chooses the sign. The original scripts flip mask and vector if the largest absolute value is below the mean.
    return vector if vector[first_largest(np.abs(vector))] > vector.mean() else -vector, float(values[1] - values[0])


def above_mean(vector: np.ndarray) -> np.ndarray:
    """Patches whose value equals the mean up to rounding do not count as above it."""
    return vector > vector.mean() + 1e-6 * np.abs(vector).max()


def token_cut(features: np.ndarray, grid: Grid, threshold: float = 0.2) -> Tuple[Cut, float]:
    vector, gap = second_eigenvector(features, threshold)
    seed = first_largest(np.abs(vector))
    return Cut(component(above_mean(vector), seed, grid), seed, vector), gap


# MaskCut: Wang et al., "Cut and Learn for Unsupervised Object Detection and Instance Segmentation", 2023


def corners(inside: np.ndarray, grid: Grid) -> int:
    plane = inside.reshape(grid)
    return int(plane[0, 0]) + int(plane[0, -1]) + int(plane[-1, 0]) + int(plane[-1, -1])


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / max(1, (a | b).sum())


def mask_cut(features: np.ndarray, grid: Grid, threshold: float = 0.2, rounds: int = 3) -> Tuple[List[Cut], float]:
    features, painted = features.copy(), np.zeros(grid, bool)
    current: Optional[np.ndarray] = None
    found: List[Cut] = []
    gaps = []
    for at in range(rounds):
        if current is not None:
            painted |= current
            features[painted.ravel()] = 0
        vector, gap = second_eigenvector(features, threshold)
        gaps.append(gap)
        inside = above_mean(vector)
        if corners(inside, grid) >= 3:
            vector, inside = -vector, ~inside
        seed = first_largest(vector)
        mask = component(inside, seed, grid)
        if at >= 1 and (iou(current, mask) > 0.5 or mask.mean() <= 0.01):
            mask = np.zeros(grid, bool)
        current = mask
        own = mask & ~np.any([cut.mask for cut in found], axis=0) if found else mask
        if own.any():
            found.append(Cut(own, seed, vector))
    return found, min(gaps)


def bits(mask: np.ndarray) -> str:
    return "".join("1" if keep else "0" for keep in mask.ravel())


def box_of(mask: np.ndarray, frame: Frame, height: int, width: int) -> Dict[str, int]:
    """The object's box in whole px of the photograph."""
    rows, columns = np.nonzero(mask)
    down = lambda row: int(np.clip(np.floor(frame.top + row * frame.height / frame.rows + 0.5), 0, height))
    across = lambda column: int(np.clip(np.floor(frame.left + column * frame.width / frame.columns + 0.5), 0, width))
    top, left = down(rows.min()), across(columns.min())
    return {
        "left": left,
        "top": top,
        "width": across(columns.max() + 1) - left,
        "height": down(rows.max() + 1) - top,
    }


def methods(features: np.ndarray, grid: Grid) -> dict:
    mask, seed, degrees, likeness = lost(features, grid)
    cut, gap = token_cut(features, grid)
    cuts, least_gap = mask_cut(features, grid)
    as_json = lambda c: {"mask": bits(c.mask), "seed": c.seed, "vector": encode(c.vector.astype("<f4"))}
    return {
        "lost": {"mask": bits(mask), "seed": seed, "degrees": degrees.tolist(), "likeness": encode(likeness.astype("<f4"))},
        "tokencut": {**as_json(cut), "gap": gap},
        "maskcut": {"objects": [as_json(c) for c in cuts], "gap": least_gap},
    }


def embedded_cases() -> List[dict]:
    model = load(*read_embedded_model(None))
    manifest = json.loads(next((FIXTURES.parents[2] / "public" / "models").glob("dinoscope-mini16/model.json")).read_text(encoding="utf-8"))
    chosen = manifest["userDefinedMetadata"]["dinoscope"]["features"]
    patch, side, cases = model.architecture.patch_size, 224, []
    for sample in json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8")):
        photograph = Image.open(SAMPLES / f"{sample['id']}.jpg").convert("RGB")
        for shape, make_frame in (("photograph", frame_photograph), ("square", frame_square)):
            frame = make_frame(photograph.height, photograph.width, patch, side)
            pixels = normalise(resize(photograph, frame, patch))[0].transpose(1, 2, 0)
            _, blocks = tokens_of(model, np.ascontiguousarray(pixels))
            for block, facet in ((4, "value"), (chosen["block"], chosen["facet"])):
                features = blocks[block - 1][facet][1:].double().numpy()
                found = methods(features, (frame.rows, frame.columns))
                for method in ("lost", "tokencut"):
                    mask = np.array(list(found[method]["mask"]), int).reshape(frame.rows, frame.columns)
                    found[method]["box"] = box_of(mask, frame, photograph.height, photograph.width)
                place = {"sample": sample["id"], "shape": shape, "side": side, "block": block, "facet": facet}
                cases.append({**place, "rows": frame.rows, "columns": frame.columns, **found})
    return cases


def family_cases() -> List[dict]:
    """Keys of the last block of each small network."""
    cases = []
    for network in json.loads((FIXTURES / "taps.json").read_text(encoding="utf-8")):
        for at, case in enumerate(network["cases"]):
            patches = case["rows"] * case["columns"]
            keys = decode(case["blocks"][-1]["key"]).astype(float)
            # The patches are the last tokens.
            tokens = case["attention"]["shape"][-1]
            features = keys.reshape(tokens, -1)[-patches:]
            grid = (case["rows"], case["columns"])
            cases.append({"network": network["network"], "case": at, **methods(features, grid)})
    return cases


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        described = {"embedded": embedded_cases(), "families": family_cases()}
    # If all patches are equal, every cut is equally good and the gap is 0.
    print("smallest gap between eigenvalues:", min(c["tokencut"]["gap"] for c in described["embedded"]))
    write_json(FIXTURES / "objects.json", described)

"""Write what `npm run evaluate` must find on a few photographs and made-up maps. README.md says what each number is.

    python3 tools/reference/make_evaluation.py
"""
import json
from typing import Dict, List, Tuple

import numpy as np
import torch
from PIL import Image

from make_fixtures import FIXTURES, SAMPLES, cls_maps, encode, load, official_mask, random_source, write_json
from make_fixtures import SHIPPED_MODEL, read_embedded_model
from make_objects import box_of, component, lost, mask_cut, token_cut
from make_solver import WORKING_SIDE, refine
from make_taps import tokens_of
from photograph import Frame, frame_photograph, normalise, resize

SHARE = 0.6
Box = Tuple[float, float, float, float]  # top, left, height, width


def patches_over_pixels(mask: np.ndarray, box: Box, height: int, width: int) -> np.ndarray:
    """Gives each pixel the value of the patch over its centre. :param mask: bool, shape [rows, columns]"""
    rows, columns = mask.shape
    top, left, box_height, box_width = box
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    # Multiplied first: then a centre on the border of two patches is on it exactly.
    row = np.floor((y - top) * rows / box_height).astype(int)
    column = np.floor((x - left) * columns / box_width).astype(int)
    inside = ((row >= 0) & (row < rows))[:, None] & ((column >= 0) & (column < columns))[None]
    return mask[row.clip(0, rows - 1)][:, column.clip(0, columns - 1)] & inside


BORDER = 255


def numbers_in(labels: np.ndarray) -> List[int]:
    return [int(number) for number in np.unique(labels) if number not in (0, BORDER)]


def jaccard(mask: np.ndarray, labels: np.ndarray, number: int) -> float:
    """Pixels of the border count neither as found nor as missed."""
    a, b, counts = mask, labels == number, labels != BORDER
    return float((a & b & counts).sum() / ((a | b) & counts).sum())


def mean_jaccard(mask: np.ndarray, box: Box, labels: np.ndarray) -> float:
    over = patches_over_pixels(mask, box, *labels.shape)
    return float(np.mean([jaccard(over, labels, number) for number in numbers_in(labels)]))


def by_mass(values: np.ndarray) -> np.ndarray:
    flat = torch.from_numpy(np.ascontiguousarray(values).ravel())
    return official_mask(flat, SHARE).numpy().reshape(values.shape)


def score(maps: np.ndarray, box: Box, labels: np.ndarray) -> Dict[str, object]:
    """:param maps: float32, shape [H, rows, columns] :param labels: one number for each pixel; 0 is the background"""

    def of_objects(values: np.ndarray) -> List[float]:
        mask = patches_over_pixels(by_mass(values), box, *labels.shape)
        return [jaccard(mask, labels, number) for number in numbers_in(labels)]

    heads = np.array([of_objects(values) for values in maps])
    mean = torch.from_numpy(maps).double().mean(0).float().numpy()
    return {
        "bestHead": float(heads.max(0).mean()),
        "meanOverHeads": float(np.mean(of_objects(mean))),
        "heads": heads.mean(1).tolist(),
    }


def overlap(a: Dict[str, int], b: Dict[str, int]) -> float:
    """Intersection over union of two boxes, counted pixel by pixel."""
    height, width = (max(box[start] + box[side] for box in (a, b)) for start, side in (("top", "height"), ("left", "width")))

    def filled(box: Dict[str, int]) -> np.ndarray:
        canvas = np.zeros((height, width), bool)
        canvas[box["top"] : box["top"] + box["height"], box["left"] : box["left"] + box["width"]] = True
        return canvas

    inside_a, inside_b = filled(a), filled(b)
    return float((inside_a & inside_b).sum() / (inside_a | inside_b).sum())


def true_box(labels: np.ndarray) -> Dict[str, int]:
    rows, columns = np.nonzero(labels == 1)
    top, left = int(rows.min()), int(columns.min())
    return {"top": top, "left": left, "height": int(rows.max()) + 1 - top, "width": int(columns.max()) + 1 - left}


def largest(mask: np.ndarray) -> np.ndarray:
    parts = [component(mask, seed, mask.shape) for seed in np.flatnonzero(mask)]
    return max(parts, key=lambda part: part.sum())


def refined(mask: np.ndarray, photograph: Image.Image, frame: Frame) -> np.ndarray:
    """:returns: the mask along the photograph's edges, in the pixels of the part that the patches cover"""
    scale = min(1, WORKING_SIDE / max(frame.height, frame.width))
    height, width = int(np.floor(frame.height * scale + 0.5)), int(np.floor(frame.width * scale + 0.5))
    pixels = np.asarray(photograph.resize((width, height), Image.BICUBIC, box=frame.box))
    rows = ((np.arange(height) + 0.5) * frame.rows / height).astype(int)
    columns = ((np.arange(width) + 0.5) * frame.columns / width).astype(int)
    return refine(pixels, mask[rows][:, columns].astype(float))[1].astype(bool)


def boxes(
    maps: np.ndarray, features: np.ndarray, frame: Frame, labels: np.ndarray, photograph: Image.Image
) -> Dict[str, object]:
    """Masks and boxes of heads and of the methods that cut, each with the Jaccard index of the mask and the overlap of the box."""
    grid, box = (frame.rows, frame.columns), (frame.top, frame.left, frame.height, frame.width)

    def fit(mask: np.ndarray, boxed: np.ndarray) -> Dict[str, float]:
        claimed = box_of(boxed, frame._replace(rows=boxed.shape[0], columns=boxed.shape[1]), *labels.shape)
        return {"jaccard": mean_jaccard(mask, box, labels), "overlap": overlap(claimed, true_box(labels))}

    heads = [by_mass(values) for values in maps]
    cuts, _ = mask_cut(features, grid)
    cut = token_cut(features, grid)[0].mask
    return {
        "heads": [fit(mask, largest(mask)) for mask in heads],
        "lost": fit(*[lost(features, grid)[0]] * 2),
        "tokencut": fit(cut, cut),
        "refined": fit(*[refined(cut, photograph, frame)] * 2),
        "maskcut": fit(*[cuts[0].mask] * 2),
    }


def ellipse(height: int, width: int, centre: Tuple[int, int], radii: Tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 <= 1


def made_up_cases() -> List[dict]:
    rng = random_source(60)
    cases = []
    # heads, rows, columns, height and width in px, box
    for heads, rows, columns, height, width, box in [
        (3, 4, 6, 40, 60, (0.0, 0.0, 40.0, 60.0)),
        (2, 5, 7, 43, 58, (1.25, 0.0, 40.5, 58.0)),
        (4, 9, 5, 61, 37, (0.0, 1.75, 61.0, 33.5)),
        (1, 14, 10, 29, 23, (0.0, 0.0, 29.0, 23.0)),
    ]:
        logits = 1.5 * rng.standard_normal((heads, rows * columns))
        maps = (0.9 * np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
        maps = maps.reshape(heads, rows, columns)
        labels = np.zeros((height, width), np.uint8)
        labels[ellipse(height, width, (height // 3, width // 2), (height // 4, width // 3))] = 1
        labels[height // 2 :, : width // 4] = 2
        if rows > 8:
            labels[height // 2, :] = BORDER
            labels[:, width // 3] = BORDER
        described = dict(zip(("top", "left", "height", "width"), box))
        cases.append(
            {
                "maps": {"numHeads": heads, "rows": rows, "columns": columns, "values": encode(maps)},
                "box": described,
                "objects": {"height": height, "width": width, "count": 2, "labels": encode(labels, "u1")},
                "scores": score(maps, box, labels),
            }
        )
    return cases


def embedded_cases() -> List[dict]:
    model = load(*read_embedded_model(None))
    manifest = json.loads((SHIPPED_MODEL / "model.json").read_text(encoding="utf-8"))
    chosen = manifest["userDefinedMetadata"]["dinoscope"]["features"]
    patch, side = model.architecture.patch_size, 112
    cases = []
    for sample, centre, radii in [("cat", (140, 230), (110, 150)), ("dahlia", (150, 200), (120, 120))]:
        photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
        frame = frame_photograph(photograph.height, photograph.width, patch, side)
        with torch.no_grad():
            pixels = normalise(resize(photograph, frame, patch))
            result = model(torch.from_numpy(pixels))
            _, blocks = tokens_of(model, np.ascontiguousarray(pixels[0].transpose(1, 2, 0)))
        features = blocks[chosen["block"] - 1][chosen["facet"]][1:].double().numpy()
        maps = cls_maps(result, frame.rows, frame.columns)
        labels = ellipse(photograph.height, photograph.width, centre, radii).astype(np.uint8)
        box = (frame.top, frame.left, frame.height, frame.width)
        cases.append(
            {
                "sample": sample,
                "side": side,
                "ellipse": {"centre": centre, "radii": radii},
                "patches": frame.rows * frame.columns,
                "scores": score(maps, box, labels),
                "fits": boxes(maps, features, frame, labels, photograph),
            }
        )
    return cases


if __name__ == "__main__":
    write_json(FIXTURES / "evaluation.json", {"madeUp": made_up_cases(), "embedded": embedded_cases()})

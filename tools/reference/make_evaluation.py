"""Write what `npm run evaluate` must find on a few photographs and made-up maps. README.md says what each number is.

    python3 tools/reference/make_evaluation.py
"""
from typing import Dict, List, Tuple

import numpy as np
import torch
from PIL import Image

from make_fixtures import FIXTURES, SAMPLES, cls_maps, encode, load, official_mask, random_source, write_json
from make_fixtures import read_embedded_model
from photograph import frame_photograph, normalise, resize

SHARE = 0.6
Box = Tuple[float, float, float, float]  # top, left, height, width


def patches_over_pixels(mask: np.ndarray, box: Box, height: int, width: int) -> np.ndarray:
    """Gives each pixel the value of the patch over its centre. :param mask: bool, shape [rows, columns]"""
    rows, columns = mask.shape
    top, left, box_height, box_width = box
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    row = np.floor((y - top) / box_height * rows).astype(int)
    column = np.floor((x - left) / box_width * columns).astype(int)
    inside = ((row >= 0) & (row < rows))[:, None] & ((column >= 0) & (column < columns))[None]
    return mask[row.clip(0, rows - 1)][:, column.clip(0, columns - 1)] & inside


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def score(maps: np.ndarray, box: Box, labels: np.ndarray) -> Dict[str, object]:
    """:param maps: float32, shape [H, rows, columns] :param labels: one number for each pixel; 0 is the background"""
    rows, columns = maps.shape[1:]

    def of_objects(values: np.ndarray) -> List[float]:
        mask = official_mask(torch.from_numpy(np.ascontiguousarray(values).ravel()), SHARE).numpy()
        mask = patches_over_pixels(mask.reshape(rows, columns), box, *labels.shape)
        return [jaccard(mask, labels == number) for number in range(1, labels.max() + 1)]

    heads = np.array([of_objects(values) for values in maps])
    mean = torch.from_numpy(maps).double().mean(0).float().numpy()
    return {
        "bestHead": float(heads.max(0).mean()),
        "meanOverHeads": float(np.mean(of_objects(mean))),
        "heads": heads.mean(1).tolist(),
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
    patch, side = model.architecture.patch_size, 112
    cases = []
    for sample, centre, radii in [("cat", (140, 230), (110, 150)), ("dahlia", (150, 200), (120, 120))]:
        photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
        frame = frame_photograph(photograph.height, photograph.width, patch, side)
        with torch.no_grad():
            result = model(torch.from_numpy(normalise(resize(photograph, frame, patch))))
        labels = ellipse(photograph.height, photograph.width, centre, radii).astype(np.uint8)
        box = (frame.top, frame.left, frame.height, frame.width)
        cases.append(
            {
                "sample": sample,
                "side": side,
                "ellipse": {"centre": centre, "radii": radii},
                "patches": frame.rows * frame.columns,
                "scores": score(cls_maps(result, frame.rows, frame.columns), box, labels),
            }
        )
    return cases


if __name__ == "__main__":
    write_json(FIXTURES / "evaluation.json", {"madeUp": made_up_cases(), "embedded": embedded_cases()})

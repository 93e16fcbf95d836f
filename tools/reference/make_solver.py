"""Write masks that the fast bilateral solver refines, computed with NumPy and SciPy. README.md says what each is.

    python3 tools/reference/make_solver.py

Needs SciPy 1.12 or later, and fixtures/objects.json. Written from Barron and Poole, "The Fast Bilateral Solver", 2016 (sections 2, 3 and the
supplement's bistochastization and preconditioner), with the numbers that TokenCut uses for saliency.
"""
import json
from itertools import groupby
from typing import List, Tuple

import numpy as np
from PIL import Image
from scipy.ndimage import binary_fill_holes, label
from scipy.sparse import csr_matrix, diags, identity
from scipy.sparse.linalg import cg

from make_fixtures import FIXTURES, SAMPLES, encode, random_source, write_json
from make_objects import bits, iou
from photograph import frame_photograph, frame_square

SPATIAL, LUMA, CHROMA = 16, 16, 8
STRENGTH, CONFIDENCE = 256, 0.999
# Half of the pixels of a cell without neighbours may be in the mask: rounding must not choose there either.
MIDDLE = 0.5 + 1e-6
ROUNDS, ITERATIONS, TOLERANCE, LEAST_DIAGONAL = 10, 25, 1e-5, 1e-5

# JPEG's YUV in millionths. Grey pixels lie on the border of two chroma cells, so whole numbers are used: rounding must not choose.
YUV = np.array([[299000, 587000, 114000], [-168736, -331264, 500000], [500000, -418688, -81312]], np.int64)
OFFSET = np.array([0, 128000000, 128000000], np.int64)


def grid_of(pixels: np.ndarray) -> Tuple[csr_matrix, csr_matrix]:
    """:param pixels: uint8, shape [height, width, 3]
    :returns: S, which sums pixels into the vertices of the bilateral grid, and B, the blur of the vertices by 1 2 1 in each dimension
    """
    height, width, _ = pixels.shape
    yuv = pixels.reshape(-1, 3).astype(np.int64) @ YUV.T + OFFSET
    y, x = np.mgrid[:height, :width].reshape(2, -1)
    places = np.stack([x // SPATIAL, y // SPATIAL, yuv[:, 0] // (LUMA * 10**6), *(yuv[:, 1:] // (CHROMA * 10**6)).T], 1)
    vertices, vertex_of = np.unique(places, axis=0, return_inverse=True)
    vertex_of = vertex_of.ravel()
    splat = csr_matrix((np.ones(len(places)), (vertex_of, np.arange(len(places)))))
    number = {tuple(place): at for at, place in enumerate(vertices)}
    pairs = [
        (at, number[other])
        for at, place in enumerate(vertices)
        for dimension in range(5)
        for step in (-1, 1)
        for other in [tuple(place + step * (np.arange(5) == dimension))]
        if other in number
    ]
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    beside = csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(vertices), len(vertices)))
    return splat, beside + 2 * 5 * identity(len(vertices))


def solve(pixels: np.ndarray, target: np.ndarray) -> np.ndarray:
    """:param target: shape [height, width], 0 or 1
    :returns: shape [height, width]"""
    splat, blur = grid_of(pixels)
    counts = splat @ np.ones(target.size)
    scale = np.ones(len(counts))
    for _ in range(ROUNDS):
        scale = np.sqrt(scale * counts / (blur @ scale))
    balanced = scale * (blur @ scale)
    confidence = splat @ np.full(target.size, CONFIDENCE)
    matrix = STRENGTH * (diags(balanced) - diags(scale) @ blur @ diags(scale)) + diags(confidence)
    right = splat @ (CONFIDENCE * target.ravel())
    preconditioner = diags(1 / np.maximum(matrix.diagonal(), LEAST_DIAGONAL))
    found, _ = cg(matrix, right, x0=right / confidence, M=preconditioner, maxiter=ITERATIONS, rtol=TOLERANCE, atol=0)
    return (splat.T @ found).reshape(target.shape)


def refine(pixels: np.ndarray, target: np.ndarray) -> Tuple[np.ndarray, np.ndarray, bool]:
    """:returns: the solver's values, the mask, and whether the mask is the target itself"""
    soft = solve(pixels, target)
    parts, count = label(binary_fill_holes(soft > MIDDLE))
    sizes = np.bincount(parts.ravel())[1:]
    mask = parts == 1 + sizes.argmax() if count > 0 else np.zeros_like(target, bool)
    if iou(mask, target > 0) < 0.5:
        return soft, target > 0, True
    return soft, mask, False


def made_images() -> List[Tuple[str, np.ndarray, np.ndarray]]:
    """Name, pixels, and a mask of blocks of 8 px, as if they were patches."""
    random = random_source(7)
    height, width = 44, 60
    y, x = np.mgrid[:height, :width]
    disc = (x - 30) ** 2 + (y - 20) ** 2 < 15**2
    middle_of_block = np.minimum(y // 8 * 8 + 4, height - 1), np.minimum(x // 8 * 8 + 4, width - 1)
    blocks = lambda inside: inside[middle_of_block]
    two = np.where(disc[..., None], (190, 120, 60), (60, 90, 140)) + random.randint(-6, 7, (height, width, 3))
    grey = np.repeat((16 * (x // 6 + y // 11))[..., None], 3, 2)
    ring = disc & ((x - 30) ** 2 + (y - 20) ** 2 > 6**2)
    large = (x > 7) & (y < 36)
    spot = (x > 24) & (x < 32) & (y > 16) & (y < 24)
    flat = np.full((height, width, 3), 200)
    noise = random.randint(0, 256, (height, width, 3))
    return [
        ("a disc", two, blocks(disc)),
        ("greys on the borders of cells", grey, blocks(disc)),
        ("a mask with a hole", two, blocks(ring)),
        ("more than the background", two, blocks(large)),
        ("a spot that is lost", flat, blocks(spot)),
        ("noise", noise, blocks(disc)),
    ]


def small_cases() -> List[dict]:
    cases = []
    for name, pixels, target in made_images():
        pixels = np.clip(pixels, 0, 255).astype(np.uint8)
        soft, mask, as_given = refine(pixels, target.astype(float))
        cases.append(
            {
                "name": name,
                "height": pixels.shape[0],
                "width": pixels.shape[1],
                "rgb": encode(pixels, "u1"),
                "target": bits(target),
                "soft": encode(soft),
                "mask": bits(mask),
                "isAsGiven": as_given,
            }
        )
    return cases


def runs(mask: np.ndarray) -> List[int]:
    """How many pixels are outside, then inside, then outside, …, row by row."""
    lengths = [(bool(inside), len(list(group))) for inside, group in groupby(mask.ravel())]
    return [*([0] if lengths[0][0] else []), *(length for _, length in lengths)]


WORKING_SIDE = 512


def sample_cases() -> List[dict]:
    """TokenCut's masks by the embedded model's own features, refined at a long side of at most 512 px."""
    cases = []
    for stored in json.loads((FIXTURES / "objects.json").read_text(encoding="utf-8"))["embedded"]:
        if (stored["sample"], stored["block"]) not in (("dahlia", 8), ("cat", 8), ("dog", 8)):
            continue
        photograph = Image.open(SAMPLES / f"{stored['sample']}.jpg").convert("RGB")
        make_frame = frame_photograph if stored["shape"] == "photograph" else frame_square
        frame = make_frame(photograph.height, photograph.width, 16, stored["side"])
        scale = min(1, WORKING_SIDE / max(frame.height, frame.width))
        height, width = int(np.floor(frame.height * scale + 0.5)), int(np.floor(frame.width * scale + 0.5))
        box = (frame.left, frame.top, frame.left + frame.width, frame.top + frame.height)
        pixels = np.asarray(photograph.resize((width, height), Image.BICUBIC, box=box))
        patches = np.array(list(stored["tokencut"]["mask"]), int).reshape(frame.rows, frame.columns)
        rows = ((np.arange(height) + 0.5) * frame.rows / height).astype(int)
        columns = ((np.arange(width) + 0.5) * frame.columns / width).astype(int)
        soft, mask, as_given = refine(pixels, patches[rows][:, columns].astype(float))
        inside_rows, inside_columns = np.nonzero(mask)
        down = lambda row: int(np.floor(frame.top + row * frame.height / height + 0.5))
        across = lambda column: int(np.floor(frame.left + column * frame.width / width + 0.5))
        top, left = down(inside_rows.min()), across(inside_columns.min())
        cases.append(
            {
                **{key: stored[key] for key in ("sample", "shape", "side", "block", "facet")},
                "height": height,
                "width": width,
                "runs": runs(mask),
                "isAsGiven": as_given,
                # The nearest of the solver's values to the border of the mask.
                "margin": float(np.abs(soft - MIDDLE).min()),
                "box": {
                    "left": left,
                    "top": top,
                    "width": across(inside_columns.max() + 1) - left,
                    "height": down(inside_rows.max() + 1) - top,
                },
            }
        )
    return cases


if __name__ == "__main__":
    described = {"small": small_cases(), "samples": sample_cases()}
    for case in described["small"]:
        print(case["name"], case["target"].count("1"), "→", case["mask"].count("1"), "as given" if case["isAsGiven"] else "")
    print("smallest margin:", min(case["margin"] for case in described["samples"]))
    write_json(FIXTURES / "solver.json", described)

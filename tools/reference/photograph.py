"""From a photograph to the network's input, with Pillow: where to cut, how to resize, how to normalise."""
import math
from fractions import Fraction
from typing import NamedTuple, Tuple

import numpy as np
from PIL import Image

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)


class Frame(NamedTuple):
    """The part of the photograph that the network sees, and its number of patches. The part's edges may lie between pixels."""

    rows: int
    columns: int
    top: float
    left: float
    height: float
    width: float
    filter: int

    @property
    def box(self) -> Tuple[float, float, float, float]:
        """Pillow's order: left, top, right, bottom."""
        return (self.left, self.top, self.left + self.width, self.top + self.height)


def frame_photograph(height: int, width: int, patch: int, side: int) -> Frame:
    """Keeps the photograph's shape: whole patches, no distortion, and the rest is cut equally from opposite edges.

    The long side has as many patches as fit. The short side is rounded up or down, whichever loses less. If this loses
    more than an eighth, the short side may be rounded up and the long side gets the patches that fit this. The total is
    never more than that of a square.
    """
    asked = max(1, side // patch)
    exact = Fraction(min(height, width) * asked, max(height, width))
    up = math.ceil(exact)
    grids = [(asked, max(1, math.floor(exact))), (asked, up)]
    aspect = Fraction(max(height, width), min(height, width))

    def loss(grid: Tuple[int, int]) -> Fraction:
        shape = Fraction(grid[0], grid[1]) / aspect
        return 1 - min(shape, 1 / shape)

    if min(map(loss, grids)) > Fraction(1, 8):
        longer = up * aspect
        grids += [(n, up) for n in (math.floor(longer), math.ceil(longer)) if n * up <= asked * asked]
    on_long, on_short = min(grids, key=loss)
    rows, columns = (on_long, on_short) if height > width else (on_short, on_long)
    scale = max(rows * patch / height, columns * patch / width)
    # One of the two equals the whole side except for rounding, and Pillow refuses a box that is even slightly outside the
    # picture.
    box_height = min(height, rows * patch / scale)
    box_width = min(width, columns * patch / scale)
    top, left = (height - box_height) / 2, (width - box_width) / 2
    return Frame(rows, columns, top, left, box_height, box_width, Image.BICUBIC)


def frame_square(height: int, width: int, patch: int, side: int) -> Frame:
    """Resizes the photograph to a square, as visualize_attention.py does. torchvision's Resize is bilinear."""
    patches = side // patch
    return Frame(patches, patches, 0.0, 0.0, float(height), float(width), Image.BILINEAR)


def resize(photograph: Image.Image, frame: Frame, patch: int) -> np.ndarray:
    """:returns: uint8 RGB, shape [rows × patch, columns × patch, 3]"""
    size = (frame.columns * patch, frame.rows * patch)
    return np.asarray(photograph.resize(size, frame.filter, box=frame.box))


def normalise(rgb: np.ndarray) -> np.ndarray:
    """:returns: float32, shape [1, 3, height, width]"""
    values = (rgb.astype(np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_STD
    return np.ascontiguousarray(values.transpose(2, 0, 1))[np.newaxis]

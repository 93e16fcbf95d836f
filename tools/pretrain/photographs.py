"""Photographs out of tar files, as one block of bytes for each size: no data loader can then be the bottleneck."""
import io
import multiprocessing
import re
import tarfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from torch import Tensor

# One in this many of each source is never trained on.
HELD_OUT_EVERY = 25


class Photographs(NamedTuple):
    """All photographs of one size."""

    pixels: Tensor  # uint8, shape [N, side, side, 3]
    names: List[str]  # as in the tar, without the ending: <source>_<number>
    is_held_out: Tensor  # bool, shape [N]

    @property
    def trained(self) -> Tensor:
        """Numbers of the photographs that may be trained on."""
        return (~self.is_held_out).nonzero().flatten()

    @property
    def held_out(self) -> Tensor:
        return self.is_held_out.nonzero().flatten()


def split_name(name: str) -> Tuple[str, int]:
    """:returns: source and number, of 'voc_00012': 'voc', 12"""
    match = re.fullmatch(r"(.+)_(\d+)", name)
    if match is None:
        raise ValueError(f"{name}: a photograph is called <source>_<number>")
    return match[1], int(match[2])


def is_held_out(name: str) -> bool:
    """Whole stretches of 25 numbers' last: neighbours in a set of near-duplicates are not what tells sets apart."""
    return split_name(name)[1] % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def decode_square(data: bytes) -> np.ndarray:
    """:returns: the middle square of the photograph, uint8, shape [side, side, 3]"""
    from PIL import Image  # only where a tar is read: a machine that has the blocks needs no decoder

    image = Image.open(io.BytesIO(data)).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def read_tars(folder: Path) -> Dict[int, Tuple[List[str], np.ndarray]]:
    """:returns: side in px → names, in order, and their pixels, shape [N, side, side, 3]"""
    tars = sorted(folder.glob("*.tar"))
    if not tars:
        raise FileNotFoundError(f"There is no .tar with photographs in {folder}.")
    found: Dict[int, List[Tuple[str, np.ndarray]]] = {}
    for path in tars:
        with tarfile.open(path) as tar:
            members = [(Path(member.name).stem, tar.extractfile(member).read()) for member in tar if member.isfile()]
        with multiprocessing.Pool() as pool:
            squares = pool.map(decode_square, [data for _, data in members], chunksize=256)
        for (name, _), square in zip(members, squares):
            found.setdefault(square.shape[0], []).append((name, square))
    # By name: the order of the tars, and how many they are, changes nothing.
    blocks = {}
    for side, photographs in found.items():
        photographs.sort(key=lambda photograph: photograph[0])
        blocks[side] = ([name for name, _ in photographs], np.stack([square for _, square in photographs]))
    return blocks


def load_photographs(folder: Path, cache: Path) -> Dict[int, Photographs]:
    """Decode once, keep the blocks in `cache`, and read them from there the next time.

    :returns: side in px → photographs; pixels lie in main memory
    """
    if not list(cache.glob("photographs-*.npy")):
        cache.mkdir(parents=True, exist_ok=True)
        for side, (names, pixels) in read_tars(folder).items():
            (cache / f"photographs-{side}.txt").write_text("\n".join(names), encoding="utf-8")
            np.save(cache / f"photographs-{side}.npy", pixels)
    loaded = {}
    for path in sorted(cache.glob("photographs-*.npy")):
        names = path.with_suffix(".txt").read_text(encoding="utf-8").split("\n")
        pixels = torch.from_numpy(np.load(path))
        assert len(names) == len(pixels), f"{path}: {len(pixels)} photographs, {len(names)} names"
        loaded[pixels.shape[1]] = Photographs(pixels, names, torch.tensor([is_held_out(name) for name in names]))
    return loaded

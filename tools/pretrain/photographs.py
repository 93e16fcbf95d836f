"""Photographs out of tar files, as one block of bytes for each size: no data loader can then be the bottleneck."""
import io
import multiprocessing
import re
import tarfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from foreground import RULE, foreground

# One photograph in this many is held out of training, in each source.
HELD_OUT_EVERY = 25
# Name of a file in the cache that lists the tars it was made from.
CONTENTS = "tars.txt"


class Photographs(NamedTuple):
    """All photographs of one size."""

    pixels: Tensor  # uint8, shape [N, side, side, 3]
    names: List[str]  # file names in the tar without the extension: <source>_<number>
    trained: Tensor  # indices of the photographs for training, shape [≤ N]
    held_out: Tensor  # indices of the others
    things: Tensor  # likely foreground of each photograph (foreground.py), uint8, shape [N, 32, 32]

    @property
    def side(self) -> int:
        return self.pixels.shape[1]

    def to(self, device: torch.device) -> "Photographs":
        tensors = (self.pixels, self.trained, self.held_out, self.things)
        pixels, trained, held_out, things = (each.to(device) for each in tensors)
        return Photographs(pixels, self.names, trained, held_out, things)


def split_name(name: str) -> Tuple[str, int]:
    """:returns: source and number: 'voc', 12 for 'voc_00012'"""
    match = re.fullmatch(r"(.+)_(\d+)", name)
    if match is None:
        raise ValueError(f"{name}: a photograph is called <source>_<number>")
    return match[1], int(match[2])


def is_held_out(name: str) -> bool:
    """Depends only on the number, so the held-out photographs do not depend on which tars are there."""
    return split_name(name)[1] % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def decode_square(data: bytes) -> np.ndarray:
    """:returns: the middle square of the photograph, uint8, shape [side, side, 3]"""
    from PIL import Image  # imported only to read a tar: a machine with the cache does not need Pillow

    image = Image.open(io.BytesIO(data)).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def read_tars(tars: Sequence[Path]) -> Dict[int, Tuple[List[str], np.ndarray]]:
    """:returns: side in px → names in order, and their pixels, shape [N, side, side, 3]"""
    found: Dict[int, List[Tuple[str, np.ndarray]]] = {}
    for path in tars:
        with tarfile.open(path) as tar:
            members = [(Path(member.name).stem, tar.extractfile(member).read()) for member in tar if member.isfile()]
        with multiprocessing.Pool() as pool:
            squares = pool.map(decode_square, [data for _, data in members], chunksize=256)
        for (name, _), square in zip(members, squares):
            found.setdefault(square.shape[0], []).append((name, square))
    # Sorted by name, so that neither the order of the tars nor their number matters.
    blocks = {}
    for side, photographs in found.items():
        photographs.sort(key=lambda photograph: photograph[0])
        blocks[side] = ([name for name, _ in photographs], np.stack([square for _, square in photographs]))
    return blocks


def find_things(pixels: Tensor) -> Tensor:
    """:param pixels: uint8, shape [N, side, side, 3] :returns: uint8, half the rule's resolution, shape [N, 32, 32]"""
    return torch.cat([(F.avg_pool2d(foreground(part), 2) * 255).round().byte() for part in pixels.split(256)])


def fill_cache(tars: Sequence[Path], contents: str, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    for old in [*cache.glob("photographs-*"), *cache.glob("things-*")]:
        old.unlink()
    (cache / CONTENTS).unlink(missing_ok=True)
    for side, (names, pixels) in read_tars(tars).items():
        (cache / f"photographs-{side}.txt").write_text("\n".join(names), encoding="utf-8")
        np.save(cache / f"photographs-{side}.npy", pixels)
    # Written last, so that an incomplete cache does not have this file.
    (cache / CONTENTS).write_text(contents, encoding="utf-8")


def load_photographs(folder: Path, cache: Path) -> Dict[int, Photographs]:
    """Decodes each set of tars once and keeps the result in `cache`. Without tars in the folder, uses the cache as it
    is.

    :returns: side in px → photographs; the pixels are in main memory
    """
    tars = sorted(folder.glob("*.tar"))
    contents = "\n".join(f"{path.name} {path.stat().st_size}" for path in tars)
    kept = (cache / CONTENTS).read_text(encoding="utf-8") if (cache / CONTENTS).exists() else None
    if not tars and kept is None:
        raise FileNotFoundError(f"There is no .tar with photographs in {folder}, and nothing in {cache}.")
    if tars and kept != contents:
        fill_cache(tars, contents, cache)
    loaded = {}
    for path in sorted(cache.glob("photographs-*.npy")):
        names = path.with_suffix(".txt").read_text(encoding="utf-8").split("\n")
        pixels = torch.from_numpy(np.load(path))
        assert len(names) == len(pixels), f"{path}: {len(pixels)} photographs, {len(names)} names"
        held_out = torch.tensor([is_held_out(name) for name in names])
        split = ((~held_out).nonzero().flatten(), held_out.nonzero().flatten())
        found = path.with_name(f"{path.stem.replace('photographs', 'things')}-{RULE}.npy")
        if not found.exists():
            np.save(found, find_things(pixels).numpy())
        loaded[pixels.shape[1]] = Photographs(pixels, names, *split, torch.from_numpy(np.load(found)))
    return loaded


def choose_set(sets: Sequence[Photographs]) -> Photographs:
    """Chooses a set at random, weighted by its number of photographs for training."""
    sizes = torch.tensor([float(len(each.trained)) for each in sets])
    return sets[int(torch.multinomial(sizes, 1))]

"""TIFFs with channels that are read in different ways, and what Pillow makes of each: fixtures/tiffs.json.

    python3 tools/reference/make_tiffs.py

As `make_images.py`, apart since no browser opens them. Of what Pillow does not open, the expected pixels are those of the same picture without the
channel that Pillow does not know.
"""
import struct
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Tuple, Union

import numpy as np
from PIL import Image

from make_images import HEIGHT, WIDTH, picture, write_cases

TARGET = Path(__file__).resolve().parent / "fixtures" / "tiffs.json"

SHORT, LONG = 3, 4
PHOTOMETRIC = {"grey": 1, "rgb": 2, "cmyk": 5}


def tiff(values: np.ndarray, colours: str = "rgb", extra: Sequence[int] = (), tags: Optional[Dict[int, int]] = None, big: bool = False) -> bytes:
    """One strip, not compressed. Source: TIFF 6.0; BigTIFF by libtiff's page on it.

    :param values: [height, width, channels], uint8 or uint16
    :param extra: the meanings of the channels behind the colours, one each: 0 unknown, 1 associated alpha, 2 unassociated alpha
    """
    height, width, channels = values.shape
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    begin = 16 if big else 8
    entries: Dict[int, Tuple[int, Sequence[int]]] = {
        256: (SHORT, [width]),
        257: (SHORT, [height]),
        258: (SHORT, [values.dtype.itemsize * 8] * channels),
        259: (SHORT, [1]),
        262: (SHORT, [PHOTOMETRIC[colours]]),
        273: (LONG, [begin]),
        277: (SHORT, [channels]),
        278: (SHORT, [height]),
        279: (LONG, [len(data)]),
    }
    if extra:
        entries[338] = (SHORT, extra)
    entries.update({tag: (LONG, [value]) for tag, value in (tags or {}).items()})
    directory = begin + len(data)
    number, place, count = ("Q", 8, "Q") if big else ("I", 4, "H")
    behind = directory + struct.calcsize("<" + count) + len(entries) * (4 + 2 * place) + place
    table, rest = b"", b""
    for tag in sorted(entries):
        kind, numbers = entries[tag]
        content = struct.pack("<%d%s" % (len(numbers), {SHORT: "H", LONG: "I"}[kind]), *numbers)
        table += struct.pack("<HH" + number, tag, kind, len(numbers))
        if len(content) <= place:
            table += content.ljust(place, b"\0")
        else:
            table += struct.pack("<" + number, behind + len(rest))
            rest += content
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory) if big else struct.pack("<2sHI", b"II", 42, directory)
    return head + data + struct.pack("<" + count, len(entries)) + table + bytes(place) + rest


def beside(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate([part.reshape(HEIGHT, WIDTH, -1) for part in parts], axis=2)


def made() -> Dict[str, Callable[[], Union[bytes, Tuple[bytes, bytes]]]]:
    """:returns: by name the file, or it and the one that Pillow opens in its place"""
    colours, deep = picture(), picture(dtype="u2")
    fourth = picture(4)[..., 3]
    spot = np.full((HEIGHT, WIDTH), 200, "u1")
    inks = beside(255 - colours, np.full((HEIGHT, WIDTH), 30, "u1"))
    rgb_of_inks = np.asarray(Image.frombytes("CMYK", (WIDTH, HEIGHT), inks.tobytes()).convert("RGB"))
    premultiplied = (colours.astype(int) * fourth[..., None] // 255).astype("u1")
    grey = colours[..., :1]
    return {
        "colour.tif": lambda: tiff(colours),
        "big.tif": lambda: tiff(colours, big=True),
        "alone, but called a smaller version.tif": lambda: tiff(colours, tags={254: 1}),
        "transparent.tif": lambda: tiff(beside(colours, fourth), extra=[2]),
        "transparent, nothing said.tif": lambda: tiff(beside(colours, fourth)),
        "transparent, associated.tif": lambda: tiff(beside(premultiplied, fourth), extra=[1]),
        "fourth of no meaning.tif": lambda: tiff(beside(colours, fourth), extra=[0]),
        "fourth of no meaning, 16 bits.tif": lambda: tiff(beside(deep, picture(4, "u2")[..., 3]), extra=[0]),
        "two of no meaning.tif": lambda: tiff(beside(colours, fourth, spot), extra=[0, 0]),
        "transparent behind one of no meaning.tif": lambda: (
            tiff(beside(colours, spot, fourth), extra=[0, 2]),
            tiff(beside(colours, fourth), extra=[2]),
        ),
        "grey and one of no meaning.tif": lambda: (
            tiff(beside(grey, fourth), "grey", extra=[0]),
            tiff(grey, "grey"),
        ),
        "cmyk.tif": lambda: tiff(inks, "cmyk"),
        "cmyk, 16 bits.tif": lambda: tiff(inks.astype("u2") * 257, "cmyk"),
        "cmyk and a spot colour.tif": lambda: (tiff(beside(inks, spot), "cmyk"), tiff(inks, "cmyk")),
        "cmyk and one of no meaning.tif": lambda: (tiff(beside(inks, spot), "cmyk", extra=[0]), tiff(inks, "cmyk")),
        "cmyk, transparent.tif": lambda: (
            tiff(beside(inks, fourth), "cmyk", extra=[2]),
            tiff(beside(rgb_of_inks, fourth), extra=[2]),
        ),
    }


if __name__ == "__main__":
    write_cases(made(), TARGET)

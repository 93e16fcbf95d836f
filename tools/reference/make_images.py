"""Small image files that decoders read in different ways, and what Pillow makes of each: fixtures/images.json.

    python3 tools/reference/make_images.py

The expected pixels are `convert("RGB")` after `exif_transpose`, as the official scripts get them; where a picture is transparent,
Pillow lays it on white first, which is this project's own rule.
"""
import base64
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple, Union

import numpy as np
from PIL import Image, ImageOps

TARGET = Path(__file__).resolve().parent / "fixtures" / "images.json"
HEIGHT, WIDTH = 16, 24

Colour = Tuple[int, int, int]


def picture(channels: int = 3, dtype: str = "u1") -> np.ndarray:
    """:returns: a gradient with a different block in each corner, so that no two rotations look the same; [height,
    width, channels]"""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    parts = [across / WIDTH, down / HEIGHT, 1 - across / WIDTH, 0.25 + 0.5 * down / HEIGHT]
    values = np.stack(parts[:channels], axis=2)
    corners = [(0.9, 0.1, 0.1), (0.1, 0.8, 0.2), (0.1, 0.2, 0.9), (0.9, 0.9, 0.0)]
    for corner, colour in enumerate(corners):
        top, left = (corner // 2) * (HEIGHT - 5), (corner % 2) * (WIDTH - 7)
        values[top : top + 5, left : left + 7, :3] = colour
    largest = np.iinfo(dtype).max
    return np.round(values * largest).astype(dtype)


def photograph(channels: int = 3) -> Image.Image:
    mode = {3: "RGB", 4: "RGBA"}[channels]
    return Image.fromarray(picture(channels), mode)


# Colour profiles


def icc_profile(colorants: Tuple[Tuple[float, float, float], ...], gamma: float) -> bytes:
    """A profile of three colorants (X, Y, Z of red, green and blue at D50) and one gamma. Source: ICC.1:2001-04."""
    fixed = lambda value: struct.pack(">i", round(value * 65536))
    xyz = lambda values: b"XYZ \0\0\0\0" + b"".join(map(fixed, values))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"a test\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
    tags = {
        b"desc": description + bytes(-len(description) % 4),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": xyz(colorants[0]),
        b"gXYZ": xyz(colorants[1]),
        b"bXYZ": xyz(colorants[2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    at = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s", at + len(data), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return head + bytes(128 - len(head)) + table + data


SRGB = icc_profile(((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)), 2.2)
DISPLAY_P3 = icc_profile(((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)), 2.2)
LINEAR = icc_profile(((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)), 1.0)


# Files


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: np.ndarray, *chunks: Tuple[bytes, bytes]) -> bytes:
    """A PNG with 8 or 16 bits for each channel; Pillow cannot write 16. `values` is [height, width, 3 or 4], uint8 or uint16."""
    height, width, channels = values.shape
    depth = values.dtype.itemsize * 8
    header = struct.pack(">IIBBBBB", width, height, depth, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = values.astype(values.dtype.newbyteorder(">")).reshape(height, -1)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    file = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    for kind, content in chunks:
        file += png_chunk(kind, content)
    return file + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def with_profile(profile: bytes) -> Tuple[bytes, bytes]:
    return (b"iCCP", b"a profile\0\0" + zlib.compress(profile))


def turned_exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def exif_in_text(orientation: int, kind: bytes = b"exif", packed: bool = False) -> Tuple[bytes, bytes]:
    """EXIF as ImageMagick wrote it into PNGs before there was eXIf: a text of hexadecimal digits, 36 bytes a line."""
    digits = turned_exif(orientation).hex().encode()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    text = b"\n" + kind + b"\n%8d\n" % (len(digits) // 2) + b"\n".join(lines) + b"\n"
    keyword = b"Raw profile type " + kind + b"\0"
    return (b"zTXt", keyword + b"\0" + zlib.compress(text)) if packed else (b"tEXt", keyword + text)


def turned(kind: str, orientation: int, **options: object) -> bytes:
    return encode(photograph(), kind, exif=turned_exif(orientation), **options)


PALETTE = bytes([10, 20, 30, 255, 0, 0, 0, 255, 0, 0, 0, 255])


def lzw(indices: List[int], code_size: int = 2) -> bytes:
    """LZW with literals only, and a clear code before the codes would grow. The data are in pieces of at most 255 bytes."""
    clear = 1 << code_size
    bits = count = 0
    codes = [code for i, index in enumerate(indices) for code in ([clear, index] if i % (clear - 2) == 0 else [index])]
    for code in codes + [clear + 1]:
        bits |= code << count
        count += code_size + 1
    data = bits.to_bytes((count + 7) // 8, "little")
    pieces = [data[i : i + 255] for i in range(0, len(data), 255)]
    return bytes([code_size]) + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def gif_screen(height: int = HEIGHT, width: int = WIDTH, background: int = 0) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, background, 0) + PALETTE


def gif_frame(
    top: int, left: int, height: int, width: int, interlaced: bool = False, palette: bytes = b"", transparent: Optional[int] = None
) -> bytes:
    indices = [[1 + (row // 3 + column // 4) % 3 for column in range(width)] for row in range(height)]
    order = [row for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for row in range(start, height, step)]
    rows = [indices[row] for row in order] if interlaced else indices
    control = b"" if transparent is None else b"\x21\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
    flags = (0x40 if interlaced else 0) | (0x81 if palette else 0)
    head = b"\x2c" + struct.pack("<HHHHB", left, top, width, height, flags) + palette
    return control + head + lzw([index for row in rows for index in row])


def bmp(bits: int, rows: bytes, compression: int = 0, palette: bytes = b"", masks: bytes = b"", height: int = HEIGHT) -> bytes:
    offset = 14 + 40 + len(masks) + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(rows), 2835, 2835, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + header + masks + palette + rows


def bmp_rows(values: np.ndarray) -> bytes:
    """Rows from the bottom up, each padded to a multiple of four bytes."""
    rows = [np.ascontiguousarray(row).tobytes() for row in values[::-1]]
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def sixteen_bits(red: int, green: int, blue: int) -> np.ndarray:
    """The picture with this many bits for each colour."""
    values = picture().astype(np.uint32)
    packed = values[..., 0] >> (8 - red) << (green + blue) | values[..., 1] >> (8 - green) << blue | values[..., 2] >> (8 - blue)
    return packed.astype("<u2")


BMP_PALETTE = bytes([30, 20, 10, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0])


def run_lengths(bits: int) -> bytes:
    """Runs, single pixels, and a row that ends early. No jumps, since Pillow reads them wrongly."""
    both = lambda index: index if bits == 8 else index * 17
    lines = b""
    for row in range(HEIGHT):
        if row == 4:
            lines += bytes([6, both(2)])
        elif row == 6:
            single = bytes([1, 2, 3, 1, 2, 3]) if bits == 8 else bytes([0x12, 0x31, 0x23])
            lines += bytes([0, 6]) + single + bytes(len(single) % 2) + bytes([10, both(3)])
        else:
            lines += bytes([10, both(1 + row % 3), WIDTH - 10, both(1 + (row + 1) % 3)])
        lines += b"\0\0"
    return lines + b"\0\1"


def cmyk_jpeg(transform: Optional[int]) -> bytes:
    """A CMYK JPEG with Adobe's marker for the colour transform (0: CMYK, 2: YCCK), or without the marker."""
    file = encode(photograph().convert("CMYK"), "JPEG", quality=95, subsampling=0)
    begin = file.index(b"\xff\xee\0\x0eAdobe")
    if transform is None:
        return file[:begin] + file[begin + 16 :]
    return file[: begin + 15] + bytes([transform]) + file[begin + 16 :]


# Cameras write data like this behind a picture. The bytes look like a second frame of another size.
TRAILER = b"SEFH" + bytes(range(1, 60)) + b"\xff\xc3\0\x11\x08\xb4\xbc\xe6\x43\x03SEFT"


def jpeg_without_end(trailer: bytes, **options: object) -> Tuple[bytes, bytes]:
    """:returns: the file without an end marker, and the whole file, since Pillow cannot open all files without an end marker"""
    whole = encode(photograph(), "JPEG", quality=95, **options)
    return whole[:-2] + trailer, whole


# Each makes a file, or a file and another one that has its expected pixels.
Makers = Dict[str, Callable[[], Union[bytes, Tuple[bytes, bytes]]]]


def animation(kind: str, **options: object) -> bytes:
    """An animation of three pictures; the first is the photograph."""
    others = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue")]
    return encode(photograph(), kind, save_all=True, append_images=others, duration=100, **options)


def palette_png(bits: int, colours: bytes, *chunks: Tuple[bytes, bytes]) -> bytes:
    """A PNG with all indices that so many bits can name, whatever its palette has. What it lacks is black in Pillow 11, and was not in 9.4."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    indices = (across + 5 * down) % (1 << bits)
    digits = (indices[..., None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)
    rows = np.packbits(digits.reshape(HEIGHT, -1), axis=1)
    file = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 3, 0, 0, 0))
    for kind, content in ((b"PLTE", colours), *chunks):
        file += png_chunk(kind, content)
    return file + png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))) + png_chunk(b"IEND", b"")


def png_files() -> Makers:
    wide = (picture(3, "u2"), picture(4, "u2"))
    return {
        "gamma-1.png": lambda: png(picture(), (b"gAMA", struct.pack(">I", 100000))),
        "gamma-of-srgb.png": lambda: png(picture(), (b"gAMA", struct.pack(">I", 45455))),
        "chromaticities.png": lambda: png(
            picture(), (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
        ),
        "codes-of-hdr.png": lambda: png(picture(), (b"cICP", bytes([9, 16, 0, 1]))),
        "srgb-profile.png": lambda: png(picture(), with_profile(SRGB)),
        "p3-profile.png": lambda: png(picture(), with_profile(DISPLAY_P3)),
        "linear-profile.png": lambda: png(picture(), with_profile(LINEAR)),
        "deep.png": lambda: png(wide[0]),
        "deep-srgb-profile.png": lambda: png(wide[0], with_profile(SRGB)),
        "deep-p3-profile.png": lambda: png(wide[0], with_profile(DISPLAY_P3)),
        "deep-gamma-1.png": lambda: png(wide[0], (b"gAMA", struct.pack(">I", 100000))),
        "transparent.png": lambda: encode(photograph(4), "PNG"),
        "grey-transparent.png": lambda: encode(photograph(4).convert("LA"), "PNG"),
        "one-colour-transparent.png": lambda: encode(photograph(), "PNG", transparency=(230, 26, 26)),
        "animated.png": lambda: animation("PNG", default_image=True),
        "palette.png": lambda: encode(photograph().quantize(16), "PNG"),
        "palette-transparent.png": lambda: encode(photograph().quantize(16), "PNG", transparency=3),
        **{f"short-palette-{bits}.png": lambda bits=bits: palette_png(bits, PALETTE[:6]) for bits in (2, 4, 8)},
        "one-colour-palette.png": lambda: palette_png(1, PALETTE[:3]),
        "odd-palette.png": lambda: palette_png(4, PALETTE[:7]),
        "long-palette.png": lambda: palette_png(2, PALETTE * 3),
        "short-palette-transparent.png": lambda: palette_png(4, PALETTE, (b"tRNS", bytes([128, 255]))),
        "text-turned.png": lambda: png(picture(), exif_in_text(6)),
        "packed-text-turned.png": lambda: png(picture(), exif_in_text(8, packed=True)),
        # Pillow does not follow this kind.
        "text-of-app1.png": lambda: png(picture(), exif_in_text(6, kind=b"APP1", packed=True)),
        "two-texts.png": lambda: png(picture(), exif_in_text(6), exif_in_text(3)),
        "text-beside-exif.png": lambda: png(picture(), exif_in_text(6), (b"eXIf", turned_exif(3)[6:])),
        "no-end.png": lambda: png(picture())[:-12],
        "half-end.png": lambda: (png(picture())[:-3], png(picture())),
    }


def turned_by_long(orientation: int) -> bytes:
    """A JPEG whose orientation is a number of 32 bits, where the standard has 16."""
    entry = struct.pack("<HHHII", 1, 0x0112, 4, 1, orientation)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entry + bytes(4)
    file = encode(photograph(), "JPEG", quality=95, subsampling=0)
    return file[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + file[2:]


def without_announcement() -> bytes:
    """A WebP with an orientation that its header does not announce, so that decoders do not see it."""
    file = turned("WEBP", 6, lossless=True)
    flags = file.index(b"VP8X") + 8
    return file[:flags] + bytes([file[flags] & ~0x08]) + file[flags + 1 :]


def jpeg_and_webp_files() -> Makers:
    fine = {"quality": 95, "subsampling": 0}
    return {
        "p3-profile.jpg": lambda: encode(photograph(), "JPEG", icc_profile=DISPLAY_P3, **fine),
        "cmyk.jpg": lambda: cmyk_jpeg(0),
        "cmyk-without-adobe.jpg": lambda: cmyk_jpeg(None),
        "ycck.jpg": lambda: cmyk_jpeg(2),
        "cmyk-profile.jpg": lambda: encode(Image.fromarray(picture(4), "CMYK"), "JPEG", icc_profile=DISPLAY_P3, **fine),
        "grey.jpg": lambda: encode(photograph().convert("L"), "JPEG", quality=95, icc_profile=DISPLAY_P3),
        "progressive-turned.jpg": lambda: turned("JPEG", 3, quality=95, subsampling=0, progressive=True),
        "no-end.jpg": lambda: jpeg_without_end(b"", subsampling=0),
        "no-end-trailer.jpg": lambda: jpeg_without_end(TRAILER, subsampling=0),
        "no-end-subsampled.jpg": lambda: jpeg_without_end(TRAILER, subsampling=2),
        "no-end-restarts.jpg": lambda: jpeg_without_end(TRAILER, subsampling=0, restart_marker_blocks=2),
        "turned-by-long.jpg": lambda: turned_by_long(6),
        "unannounced-orientation.webp": without_announcement,
        "p3-profile.webp": lambda: encode(photograph(), "WEBP", lossless=True, icc_profile=DISPLAY_P3),
        "lossy.webp": lambda: encode(photograph(), "WEBP", quality=90),
        "animated.webp": lambda: animation("WEBP", lossless=True),
        "transparent.webp": lambda: encode(photograph(4), "WEBP", lossless=True, exact=True),
    }


def turned_files() -> Makers:
    kinds = {"jpg": ("JPEG", {"quality": 95, "subsampling": 0}), "png": ("PNG", {}), "webp": ("WEBP", {"lossless": True})}
    return {
        f"turned-{orientation}.{ending}": lambda kind=kind, orientation=orientation, options=options: turned(kind, orientation, **options)
        for ending, (kind, options) in kinds.items()
        for orientation in range(1, 9)
    }


def gif_files() -> Makers:
    whole = gif_screen() + gif_frame(0, 0, HEIGHT, WIDTH)
    later = b"\x21\xf9\x04\0\0\0\0\0" + gif_frame(2, 2, 9, 9)
    return {
        "photograph.gif": lambda: encode(photograph().quantize(200), "GIF"),
        "whole.gif": lambda: whole + b";",
        "interlaced.gif": lambda: gif_screen() + gif_frame(0, 0, HEIGHT, WIDTH, interlaced=True) + b";",
        "offset.gif": lambda: gif_screen(background=3) + gif_frame(3, 4, 9, 11) + b";",
        "offset-own-palette.gif": lambda: gif_screen() + gif_frame(3, 4, 9, 11, palette=PALETTE[::-1]) + b";",
        "offset-transparent.gif": lambda: gif_screen() + gif_frame(3, 4, 9, 11, transparent=2) + b";",
        "larger-than-screen.gif": lambda: gif_screen(10, 10) + gif_frame(2, 3, HEIGHT, WIDTH) + b";",
        "no-screen.gif": lambda: gif_screen(0, 0) + gif_frame(0, 0, HEIGHT, WIDTH) + b";",
        "no-trailer.gif": lambda: whole,
        "stray-zero.gif": lambda: whole + b"\0;",
        "stray-byte.gif": lambda: whole + b"\x55;",
        "second-frame-cut.gif": lambda: (whole + later)[:-9],
        "stray-first.gif": lambda: gif_screen() + b"\0\x55" + gif_frame(0, 0, HEIGHT, WIDTH) + b";",
        "no-table.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0, 0, 0) + gif_frame(0, 0, HEIGHT, WIDTH) + b";",
        "short-table.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0x80, 0, 0) + PALETTE[:6] + gif_frame(0, 0, HEIGHT, WIDTH) + b";",
    }


def bmp_files() -> Makers:
    red_last = struct.pack("<3I", 0xFF000000, 0x00FF0000, 0x0000FF00)
    five_six_five = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    four = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 4
    nibbles = (four[:, 0::2] << 4 | four[:, 1::2]).astype(np.uint8)
    with_fourth = np.dstack([picture()[..., ::-1], np.full((HEIGHT, WIDTH), 77, np.uint8)])
    old = b"BM" + struct.pack("<IHHIIHHHH", 0, 0, 0, 26 + 12, 12, WIDTH, HEIGHT, 1, 8) + bytes([30, 20, 10, 0, 0, 255, 0, 255, 0, 255, 0, 0])
    return {
        "24-bits.bmp": lambda: encode(photograph(), "BMP"),
        "from-above.bmp": lambda: bmp(24, bmp_rows(picture()[::-1, :, ::-1]), height=-HEIGHT),
        "32-bits.bmp": lambda: bmp(32, bmp_rows(with_fourth)),
        "32-bits-masks.bmp": lambda: bmp(32, bmp_rows(with_fourth[..., [3, 0, 1, 2]]), 3, masks=red_last),
        "16-bits.bmp": lambda: bmp(16, bmp_rows(sixteen_bits(5, 5, 5))),
        "16-bits-masks.bmp": lambda: bmp(16, bmp_rows(sixteen_bits(5, 6, 5)), 3, masks=five_six_five),
        "8-bits.bmp": lambda: bmp(8, bmp_rows(four.astype(np.uint8)), palette=BMP_PALETTE),
        "4-bits.bmp": lambda: bmp(4, bmp_rows(nibbles), palette=BMP_PALETTE),
        "1-bit.bmp": lambda: encode(photograph().convert("1"), "BMP"),
        "grey.bmp": lambda: encode(photograph().convert("L"), "BMP"),
        "run-lengths-8.bmp": lambda: bmp(8, run_lengths(8), 1, BMP_PALETTE),
        "run-lengths-4.bmp": lambda: bmp(4, run_lengths(4), 2, BMP_PALETTE),
        "old-header.bmp": lambda: old + bmp_rows(four.astype(np.uint8)),
    }


def expected_pixels(file: bytes) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if "transparency" in image.info or image.mode in ("RGBA", "LA"):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def write_cases(makers: Dict[str, Callable], target: Path) -> None:
    """What each maker makes, with the pixels that Pillow has of it. Of a pair the pixels are those of the second file."""
    text = lambda data: base64.b64encode(data).decode("ascii")
    cases = []
    for name, make in makers.items():
        made = make()
        file, pictured = made if isinstance(made, tuple) else (made, made)
        pixels = expected_pixels(pictured)
        cases.append(
            {"name": name, "file": text(file), "height": pixels.shape[0], "width": pixels.shape[1], "rgb": text(pixels.tobytes())}
        )
    target.write_text(json.dumps(cases, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(cases)} files, {target.stat().st_size / 1000:.0f} kB")


def main() -> None:
    write_cases({**png_files(), **jpeg_and_webp_files(), **turned_files(), **gif_files(), **bmp_files()}, TARGET)


if __name__ == "__main__":
    main()

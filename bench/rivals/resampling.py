"""Pillow's resize, for bench/resampling.ts."""

import random

import PIL
from PIL import Image
from rival import serve, timed

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
pictures = {}


def picture(height, width):
    if (height, width) not in pictures:
        noise = random.Random(1).randbytes(height * width * 3)
        pictures[height, width] = Image.frombytes("RGB", (width, height), noise)
    return pictures[height, width]


def resize(request):
    image = picture(request["height"], request["width"])
    size = (request["outWidth"], request["outHeight"])
    return timed(lambda: image.resize(size, FILTERS[request["filter"]]))


serve({"open": lambda _: {"name": f"Pillow {PIL.__version__}"}, "resize": resize})

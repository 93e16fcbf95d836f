"""Write fixtures/augmentation.json: what Pillow makes of colours, blur and whole crops, as torchvision calls it.

    python3 tools/reference/make_augmentation.py
"""
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from make_fixtures import encode, random_source, write_json

PATH = Path(__file__).resolve().parent / "fixtures" / "augmentation.json"
LEVELS = 52  # of each channel: 0, 5, … 255


def colour_cube() -> Image.Image:
    """52³ colours, red slowest. They are so many that a difference in rounding would show."""
    values = np.arange(LEVELS, dtype=np.uint8) * 5
    red, green, blue = np.meshgrid(values, values, values, indexing="ij")
    return Image.fromarray(np.stack([red, green, blue], -1).reshape(LEVELS * LEVELS, LEVELS, 3), "RGB")


def adjust_hue(image: Image.Image, factor: float) -> Image.Image:
    hue, saturation, value = image.convert("HSV").split()
    turned = np.array(hue, dtype=np.uint8)
    with np.errstate(over="ignore"):
        turned += np.array(int(factor * 255) % 256, dtype=np.uint8)
    return Image.merge("HSV", (Image.fromarray(turned, "L"), saturation, value)).convert("RGB")


def adjust(image: Image.Image, kind: str, factor: float) -> Image.Image:
    if kind == "hue":
        return adjust_hue(image, factor)
    enhancer = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast, "saturation": ImageEnhance.Color}
    return enhancer[kind](image).enhance(factor)


def grey(image: Image.Image) -> Image.Image:
    single = image.convert("L")
    return Image.merge("RGB", (single, single, single))


def blur(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius=radius))


def crop(image: Image.Image, plan: dict, side: int) -> Image.Image:
    box = plan["box"]
    left, top = box["left"], box["top"]
    image = image.crop((left, top, left + box["width"], top + box["height"])).resize((side, side), Image.BICUBIC)
    if plan["mirrored"]:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    for step in plan["adjustments"]:
        image = adjust(image, step["kind"], step["factor"])
    if plan["grey"]:
        image = grey(image)
    if plan["blurRadius"] is not None:
        image = blur(image, plan["blurRadius"])
    return ImageOps.solarize(image) if plan["solarised"] else image


def sha256(image: Image.Image) -> str:
    return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()


def main() -> None:
    rng = random_source(11)
    cube = colour_cube()
    factors = {
        "brightness": [0, 0.6, 0.847, 1, 1.25, 1.4],
        "contrast": [0, 0.6, 0.913, 1, 1.4],
        "saturation": [0, 0.8, 0.951, 1, 1.2],
        "hue": [-0.5, -0.1, -0.043, 0, 0.003, 0.1, 0.5],
    }
    colours = [
        {"kind": kind, "factor": factor, "sha256": sha256(adjust(cube, kind, factor))}
        for kind, values in factors.items()
        for factor in values
    ]

    rows, columns = np.mgrid[0:37, 0:53]
    smooth = np.stack([rows * 6, columns * 4, (rows + columns) * 2], -1)
    noise = rng.randint(-90, 90, smooth.shape)
    picture = Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8), "RGB")
    blurs = [
        {"radius": radius, "sha256": sha256(blur(picture, radius))}
        for radius in [0.1, 0.3, 0.57, 0.99, 1, 1.3, 1.7, 1.999, 2, 5, 40]
    ]

    def box(top, left, height, width):
        return {"top": top, "left": left, "height": height, "width": width}

    def jitter(*pairs):
        return [{"kind": kind, "factor": factor} for kind, factor in pairs]

    some = jitter(("hue", 0.08), ("contrast", 1.3), ("brightness", 0.7), ("saturation", 1.15))
    others = jitter(("saturation", 0.82), ("brightness", 1.37), ("hue", -0.06), ("contrast", 0.66))
    plain = {"mirrored": False, "adjustments": [], "grey": False, "blurRadius": None, "solarised": False}
    plans = [
        (16, {**plain, "box": box(0, 0, 37, 53)}),
        (16, {**plain, "box": box(3, 5, 9, 7)}),
        (24, {**plain, "box": box(10, 20, 12, 16), "mirrored": True, "adjustments": some}),
        (15, {**plain, "box": box(1, 1, 30, 40), "mirrored": True, "grey": True, "blurRadius": 1.1}),
        (24, {"box": box(7, 0, 30, 29), "mirrored": True, "adjustments": others, "grey": False, "blurRadius": 0.4, "solarised": True}),
        (12, {"box": box(0, 12, 36, 41), "mirrored": False, "adjustments": some, "grey": True, "blurRadius": 1.9, "solarised": True}),
    ]
    write_json(
        PATH,
        {
            "colours": colours,
            "grey": sha256(grey(cube)),
            "solarised": sha256(ImageOps.solarize(cube)),
            "picture": {"height": 37, "width": 53, "values": encode(np.asarray(picture), "u1")},
            "blurs": blurs,
            "crops": [
                {"sidePx": side, "plan": plan, "values": encode(np.asarray(crop(picture, plan, side)), "u1")}
                for side, plan in plans
            ],
        },
    )


if __name__ == "__main__":
    main()

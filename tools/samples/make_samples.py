"""Make the sample photographs, their catalogue and their credits from unpacked Debian packages.

    mkdir unpacked && cd unpacked
    apt-get download python3-skimage python3-sklearn python3-scipy opencv-doc
    for package in *.deb; do dpkg -x "$package" .; done
    python3 tools/samples/make_samples.py unpacked

Writes public/samples/<id>.jpg, samples.json and CREDITS.md. The same packages and the same Pillow give the
same bytes, which matters: tools/reference computes its expectations from these very files.
"""
import argparse
import bz2
import io
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms

OUT = Path(__file__).resolve().parents[2] / "public" / "samples"
LONG_SIDE_PX = 720
QUALITY = 88
TOTAL_LIMIT_BYTES = 1_200_000


@dataclass(frozen=True)
class Licence:
    name: str
    url: str


CC0 = Licence("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/")
PUBLIC_DOMAIN = Licence("Public domain", "https://creativecommons.org/publicdomain/mark/1.0/")
CC_BY_2 = Licence("CC BY 2.0", "https://creativecommons.org/licenses/by/2.0/")
APACHE_2 = Licence("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0")


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    folder: str  # where the package puts its pictures, below the folder it was unpacked to


SKIMAGE = Package("python3-skimage", "0.19.3-8", "usr/lib/python3/dist-packages/skimage/data")
SKLEARN = Package("python3-sklearn", "1.2.1+dfsg-1", "usr/lib/python3/dist-packages/sklearn/datasets/images")
SCIPY = Package("python3-scipy", "1.10.1-2", "usr/lib/python3/dist-packages/scipy/misc")
OPENCV = Package("opencv-doc", "4.6.0+dfsg-12", "usr/share/doc/opencv-doc/examples/data")


@dataclass(frozen=True)
class Sample:
    id: str
    title: str
    package: Package
    file: str
    alt: str
    credit: str
    licence: Licence
    evidence: str  # where the package states the licence


SKIMAGE_DOCSTRING = "docstring in skimage/data/_fetchers.py"
SKLEARN_README = "README.txt beside the picture"
SCIPY_DOCSTRING = "docstring of face() in scipy/misc/_common.py, which names the source"
OPENCV_COPYRIGHT = "the package's copyright file, entry for all files"
OPENCV_CREDIT = "OpenCV Foundation and contributors"

SAMPLES = [
    Sample(
        "cat", "Chelsea the cat", SKIMAGE, "chelsea.png",
        "The face of a tabby cat with green eyes, close up, looking to the right.",
        "Stefan van der Walt", CC0, SKIMAGE_DOCSTRING,
    ),
    Sample(
        "butterfly", "Butterfly", OPENCV, "butterfly.jpg",
        "A black butterfly with cream spots rests with open wings on a striped green leaf.",
        OPENCV_CREDIT, APACHE_2, OPENCV_COPYRIGHT,
    ),
    Sample(
        "raccoon", "Raccoon", SCIPY, "face.dat",
        "A raccoon lies among long green leaves and looks towards the camera.",
        "public-domain-image.com", PUBLIC_DOMAIN, SCIPY_DOCSTRING,
    ),
    Sample(
        "dahlia", "Dahlia", SKLEARN, "flower.jpg",
        "A round orange dahlia in full bloom in front of dark blue-green leaves.",
        "vultilion (Flickr)", CC_BY_2, SKLEARN_README,
    ),
    Sample(
        "dog", "Dog", OPENCV, "chicky_512.png",
        "A small long-haired brown dog with an open mouth looks up at the camera.",
        OPENCV_CREDIT, APACHE_2, OPENCV_COPYRIGHT,
    ),
    Sample(
        "coffee", "Cup of coffee", SKIMAGE, "coffee.png",
        "A red cup of espresso on a red saucer with a spoon, on a wooden table.",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar", CC0, SKIMAGE_DOCSTRING,
    ),
    Sample(
        "pagoda", "Pagoda", SKLEARN, "china.jpg",
        "A pagoda with several storeys rises above trees beside a hazy lake.",
        "danielbuechele (Flickr)", CC_BY_2, SKLEARN_README,
    ),
    Sample(
        "astronaut", "Astronaut", SKIMAGE, "astronaut.png",
        "The astronaut Eileen Collins smiles in an orange space suit, with a flag and a model of a space shuttle behind her.",
        "NASA", PUBLIC_DOMAIN, SKIMAGE_DOCSTRING,
    ),
    Sample(
        "rocket", "Rocket", SKIMAGE, "rocket.jpg",
        "A white rocket stands upright on its launch pad at dusk between four lattice towers.",
        "SpaceX", PUBLIC_DOMAIN, SKIMAGE_DOCSTRING,
    ),
    Sample(
        "fruit", "Fruit", OPENCV, "fruits.jpg",
        "A wedge of orange stands beside a lime, half a lemon and half a kiwi fruit, with red cabbage behind.",
        OPENCV_CREDIT, APACHE_2, OPENCV_COPYRIGHT,
    ),
]


def open_picture(path: Path) -> Image.Image:
    """SciPy keeps its raccoon as bzip2-compressed raw pixels; everything else is an ordinary image file."""
    if path.suffix == ".dat":
        return Image.frombytes("RGB", (1024, 768), bz2.decompress(path.read_bytes()))
    return Image.open(path)


def to_srgb(picture: Image.Image) -> Image.Image:
    """The rocket is in Adobe RGB: without a conversion it would lose its profile and look dull."""
    profile = picture.info.get("icc_profile")
    rgb = picture.convert("RGB")
    if profile is None:
        return rgb
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" in ImageCms.getProfileDescription(source):
        return rgb
    return ImageCms.profileToProfile(rgb, source, ImageCms.createProfile("sRGB"), outputMode="RGB")


def shrink(picture: Image.Image) -> Image.Image:
    scale = min(1.0, LONG_SIDE_PX / max(picture.size))
    size = tuple(round(side * scale) for side in picture.size)
    return picture if size == picture.size else picture.resize(size, Image.LANCZOS)


def encode(picture: Image.Image) -> bytes:
    """4:4:4, because decoders differ in how they spread subsampled colour and the tests compare decoded pixels."""
    # A fresh image: Pillow would carry comments and resolution over from the one that was opened.
    clean = Image.frombytes("RGB", picture.size, picture.tobytes())
    buffer = io.BytesIO()
    clean.save(buffer, "JPEG", quality=QUALITY, subsampling=0, progressive=False, optimize=True)
    return buffer.getvalue()


def credits_page(entries: list) -> str:
    lines = [
        "# Credits of the sample photographs",
        "",
        "Made by `tools/samples/make_samples.py`; edit that, not this.",
        "",
        "The pictures come from Debian packages. What a package says about a picture, in its copyright file, a",
        "README or a docstring, is the evidence for the licence. All pictures were re-encoded as JPEG; those with",
        f"a side above {LONG_SIDE_PX} px were resized; the rocket was converted from Adobe RGB to sRGB.",
        "",
        "| Picture | Size (height × width) | Credit | Licence | Source | Evidence |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for sample, entry in zip(SAMPLES, entries):
        lines.append(
            f"| [{entry['title']}]({entry['file']}) | {entry['height']} × {entry['width']} | {entry['credit']} "
            f"| [{entry['licence']}]({entry['licenceUrl']}) | {entry['source']} | {sample.evidence} |"
        )
    lines += [
        "",
        "Notes:",
        "",
        "- opencv-doc: the copyright file gives all files without an entry of their own, these among them, as",
        "  `Apache-2.0 AND BSD-3-Clause`, and says that the project was relicensed as a whole to Apache-2.0 while",
        "  much of its source code still carries the BSD licence. It names no photographers.",
        "- python3-sklearn: the README's credit line for the flower repeats the name of the pagoda's photographer,",
        "  but both of its links lead to vultilion, who is credited here.",
        "- Rocket and astronaut: the docstrings say that SpaceX and NASA released them into the public domain.",
        "- Raccoon: the docstring says no more than that it is `raccoon-procyon-lotor.jpg` of",
        "  public-domain-image.com.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("unpacked", type=Path, help="the folder that the Debian packages were unpacked to")
    unpacked = parser.parse_args().unpacked

    OUT.mkdir(parents=True, exist_ok=True)
    entries, total = [], 0
    for sample in SAMPLES:
        picture = shrink(to_srgb(open_picture(unpacked / sample.package.folder / sample.file)))
        jpeg = encode(picture)
        total += len(jpeg)
        (OUT / f"{sample.id}.jpg").write_bytes(jpeg)
        width, height = picture.size
        entries.append(
            {
                "id": sample.id,
                "title": sample.title,
                "file": f"{sample.id}.jpg",
                "height": height,
                "width": width,
                "alt": sample.alt,
                "credit": sample.credit,
                "licence": sample.licence.name,
                "licenceUrl": sample.licence.url,
                "source": f"{sample.package.name} {sample.package.version}: {sample.file}",
            }
        )
        print(f"{sample.id}.jpg  {height} × {width}  {len(jpeg) / 1000:.1f} kB")
    assert total < TOTAL_LIMIT_BYTES, f"{total} bytes of samples, at most {TOTAL_LIMIT_BYTES} wanted"
    (OUT / "samples.json").write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (OUT / "CREDITS.md").write_text(credits_page(entries), encoding="utf-8")
    print(f"{total / 1000:.0f} kB in all")


if __name__ == "__main__":
    main()

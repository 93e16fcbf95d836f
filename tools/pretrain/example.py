"""A run small enough for a test: a config, and photographs made up for it."""
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import List

import numpy as np
import torch
from PIL import Image

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
from config import Config, parse  # noqa: E402
from photographs import Photographs, find_things  # noqa: E402

SMALL = {
    "seed": 3,
    "embedDim": 24,
    "depth": 2,
    "numHeads": 3,
    "patchSize": 8,
    "gridSize": 4,
    "start": "sines-and-likeness",
    "head": {"prototypes": 32, "hidden": 32, "bottleneck": 16, "batchNorm": True},
    "augmentation": {
        "globalArea": [0.4, 1.0],
        "localArea": [0.1, 0.4],
        "hue": 0.3,
        "grey": 0.2,
        "otherBackground": 0.5,
    },
    "optimisation": {
        "learningRate": 0.001,
        "warmUpImages": 40,
        "decayShare": 0.5,
        "weightDecay": 0.04,
        "gradientClip": 1.0,
        "dropPath": 0.1,
        "attentionDropout": 0.25,
        "frozenImages": 16,
        "headFirstImages": 0,
    },
    "teacher": {"temperature": 0.03, "studentTemperature": 0.1, "momentum": 0.99, "centreMomentum": 0.9},
    "patches": {"weight": 0, "maskedViews": 0.5, "maskedShare": [0.1, 0.5], "temperature": 0.04},
    "stages": [
        {"images": 64, "batch": 8, "globalPx": 32, "localPx": 16, "locals": 2},
        {"images": 32, "batch": 4, "globalPx": 48, "localPx": 16, "locals": 1},
    ],
    "numbersAClass": {"small": 10},
}
# The same with labels: the photographs small_00000 and so on have two alternating classes.
SMALL_SUPERVISED = {
    **{key: value for key, value in SMALL.items() if key not in ("head", "teacher", "patches")},
    "optimisation": {key: value for key, value in SMALL["optimisation"].items() if "Images" not in key or key == "warmUpImages"},
    "labels": {
        "turns": {"small": {"classes": 2, "leftOut": []}, "taking": {"classes": 2, "leftOut": []}},
        "smoothing": 0.1,
        "mixing": {"often": 0.25, "mixup": 0.8, "cutmix": 1.0},
    },
    "numbersAClass": {},
}
# The same, for patches that belong together.
SMALL_GROUPING = {
    **{key: value for key, value in SMALL.items() if key not in ("head", "teacher", "patches")},
    "optimisation": SMALL_SUPERVISED["optimisation"],
    "grouping": {
        "threshold": 0.2,
        "temperature": 0.1,
        "ownBackgrounds": 0.3,
        "wholeBackgrounds": 0.3,
        "keep": 4,
        "attention": 0.1,
        "momentum": 0.9,
    },
}
CPU = torch.device("cpu")


def small_config() -> Config:
    return parse(Config, json.loads(json.dumps(SMALL)), "")


def made_up(count: int, side: int) -> Photographs:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, side, side, 3), generator=generator, dtype=torch.uint8)
    names = [f"small_{i:05d}" for i in range(count)]
    return Photographs(pixels, names, torch.arange(count - 4), torch.arange(count - 4, count), find_things(pixels))


def write_tar(path: Path, photographs: dict) -> None:
    with tarfile.open(path, "w") as tar:
        for name, size in photographs.items():
            rng = np.random.RandomState(len(name) + size[0])
            data = io.BytesIO()
            image = Image.fromarray(rng.randint(0, 256, (size[1], size[0], 3), dtype=np.uint8))
            image.save(data, "WEBP", lossless=True)
            entry = tarfile.TarInfo(f"{name}.webp")
            entry.size = data.tell()
            data.seek(0)
            tar.addfile(entry, data)


def write_example(folder: Path, config: dict = SMALL) -> None:
    """Writes photographs of two sizes in two tars and a config, which is all that a run needs."""
    names = [f"small_{i:05d}" for i in range(60)]
    write_tar(folder / "b.tar", {name: (40, 56) for name in names[30:]})
    write_tar(
        folder / "a.tar", {**{name: (48, 40) for name in names[:30]}, "tiny_00024": (24, 24), "tiny_00001": (24, 24)}
    )
    (folder / "config.json").write_text(json.dumps(config))


def run_main(folder: Path, *more: str) -> List[dict]:
    """Runs main.py on what `write_example` wrote. :returns: all entries of its log"""
    command = [sys.executable, str(FOLDER / "main.py"), "--config", str(folder / "config.json")]
    command += ["--data", str(folder), "--out", str(folder / "run"), "--log-every", "1", "--device", "cpu", *more]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]

"""Write the numbers that the TypeScript must reproduce, computed by PyTorch and Pillow. README.md says what each is.

    python3 tools/reference/make_fixtures.py [--safetensors FILE]
"""
import argparse
import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import numpy as np
import torch
from PIL import Image

from photograph import frame_photograph, frame_square, normalise, resize
from vit import Architecture, Result, VisionTransformer, resample_positions
from weights import Weights, read_safetensors, read_tfjs, round_to_float16

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).resolve().parent / "fixtures"
SELF_CHECK = REPOSITORY / "src" / "vit" / "self-check.json"
SAMPLES = REPOSITORY / "public" / "samples"


def embedded_model_id() -> str:
    """The embedded model's name, read from the one file that defines it."""
    text = (REPOSITORY / "src" / "core" / "embedded-model.ts").read_text(encoding="utf-8")
    found = re.search(r"embeddedModelId = '([\w.-]+)'", text)
    assert found is not None, "src/core/embedded-model.ts does not name the embedded model"
    return found[1]


SHIPPED_MODEL = REPOSITORY / "public" / "models" / embedded_model_id()


def encode(array: np.ndarray, dtype: str = "<f4") -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode("ascii")


def tensor(array: np.ndarray) -> dict:
    return {"shape": list(array.shape), "values": encode(array)}


def write_json(path: Path, value: object, indent: Optional[int] = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    separators = (",", ":") if indent is None else None
    path.write_text(json.dumps(value, indent=indent, separators=separators) + "\n", encoding="utf-8")
    print(f"{path.relative_to(REPOSITORY)}  {path.stat().st_size / 1000:.1f} kB")


def random_source(seed: int) -> np.random.RandomState:
    """RandomState, since NumPy guarantees that its stream never changes. PyTorch does not guarantee this."""
    return np.random.RandomState(seed)


# Small networks


def random_weights(model: VisionTransformer, rng: np.random.RandomState, qkv_gain: float = 1.7) -> Weights:
    """Random weights for which every term matters. Queries and keys are large enough (by `qkv_gain`) that attention is
    far from uniform. No bias, gain, token or position is near the value at which it has no effect."""
    weights = {}
    for name, parameter in model.named_parameters():
        noise = rng.standard_normal(tuple(parameter.shape))
        if "norm" in name or "gamma" in name:
            noise = 0.4 * noise + (0 if name.endswith("bias") else 1)
        elif name.endswith("bias"):
            noise = 0.5 * noise
        elif name.endswith("weight"):
            fan_in = np.prod(parameter.shape[1:])
            noise = noise * (qkv_gain if "qkv" in name else 1.0) / np.sqrt(fan_in)
        weights[name] = noise.astype(np.float32)
    return weights


def load(architecture: Architecture, weights: Weights) -> VisionTransformer:
    model = VisionTransformer(architecture)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()}, strict=True)
    return model.eval()


def random_input(rng: np.random.RandomState, height: int, width: int) -> np.ndarray:
    """:returns: float32, shape [height, width, 3], with the range of a normalised photograph"""
    return rng.standard_normal((height, width, 3)).astype(np.float32)


def run(model: VisionTransformer, pixels: np.ndarray, kept_rows: Optional[int] = None, overlap: int = 1) -> Result:
    """:param pixels: shape [height, width, 3]"""
    return model(torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[np.newaxis], kept_rows, overlap)


def cls_maps(result: Result, rows: int, columns: int) -> np.ndarray:
    """CLS's attention on the patches in the last layer. :returns: shape [H, rows, columns]"""
    return result.attention[-1][0, :, 0, -rows * columns :].reshape(-1, rows, columns).numpy()


def relative_entropy_of_rows(result: Result) -> float:
    """Mean relative entropy of the last layer's rows: 1 is uniform, 0 is attention on one token."""
    attention = result.attention[-1].double()
    entropy = -(attention * attention.clamp_min(1e-30).log()).sum(-1)
    return float(entropy.mean() / np.log(attention.shape[-1]))


def effects_of_terms(model: VisionTransformer, pixels: np.ndarray) -> Iterator[Tuple[str, float, float]]:
    """Switches the parameters off one by one.

    :yields: name, largest change of CLS's row in the last attention, largest change of the CLS feature
    """
    whole = run(model, pixels)
    for name, parameter in model.named_parameters():
        kept = parameter.data.clone()
        is_gain = "gamma" in name or "norm" in name and name.endswith("weight")
        parameter.data.fill_(1.0 if is_gain else 0.0)
        without = run(model, pixels)
        parameter.data.copy_(kept)
        on_row = (without.attention[-1][:, :, 0, 1:] - whole.attention[-1][:, :, 0, 1:]).abs().max()
        yield name, float(on_row), float((without.cls_feature - whole.cls_feature).abs().max())


def describe_model(model: VisionTransformer, weights: Weights, dtype: str) -> dict:
    values = np.concatenate([array.ravel() for array in weights.values()])
    return {
        "architecture": model.architecture.to_json(),
        "parameters": [{"name": name, "shape": list(array.shape)} for name, array in weights.items()],
        "weightsDtype": dtype,
        "weights": encode(values, {"float16": "<f2", "float32": "<f4"}[dtype]),
    }


def make_self_check() -> None:
    """Writes the network that the page runs to check its back end before it uses any result of it."""
    rng = random_source(1)
    architecture = Architecture(embed_dim=24, depth=2, num_heads=2, patch_size=4, grid_size=3)
    weights = round_to_float16(random_weights(VisionTransformer(architecture), rng))
    model = load(architecture, weights)
    rows, columns = 5, 7
    pixels = random_input(rng, rows * 4, columns * 4)
    result = run(model, pixels)

    entropy = relative_entropy_of_rows(result)
    assert entropy < 0.8, f"attention is too uniform to show a mistake: {entropy:.2f}"
    after_last_attention = ("norm.", "blocks.1.attn.proj", "blocks.1.norm2", "blocks.1.mlp")
    effects = [e for e in effects_of_terms(model, pixels) if not e[0].startswith(after_last_attention)]
    weakest = min(effects, key=lambda effect: effect[1])
    assert weakest[1] > 1e-3, f"the self-check would not notice {weakest[0]} missing: {weakest[1]:.1e}"
    print(f"self-check: row entropy {entropy:.2f} of uniform; least effect {weakest[1]:.4f} ({weakest[0]})")

    maps = cls_maps(result, rows, columns)
    write_json(
        SELF_CHECK,
        {
            **describe_model(model, weights, "float16"),
            "input": {"height": rows * 4, "width": columns * 4, "values": encode(pixels)},
            "attention": {"heads": 2, "rows": rows, "columns": columns, "values": encode(maps)},
        },
    )
    assert SELF_CHECK.stat().st_size < 60_000


SMALL_NETWORKS = {
    # id: architecture, sizes of the inputs in patches. The first size of each is that of the grid.
    # 2 × 8 has as many patches as the 4 × 4 grid but must also be resampled.
    "dim32-depth3-heads4": (Architecture(32, 3, 4, patch_size=4, grid_size=4), [(4, 4), (2, 8), (7, 3), (6, 6)]),
    "dim36-depth2-heads3": (
        Architecture(36, 2, 3, patch_size=5, grid_size=3, mlp_ratio=2),
        [(3, 3), (2, 5), (6, 4)],
    ),
    "dim16-depth1-heads1": (Architecture(16, 1, 1, patch_size=8, grid_size=2), [(2, 2), (1, 3), (5, 4)]),
    # As in DINOv2's models with registers: sizes below the grid are antialiased.
    "dim24-depth3-heads2-registers4": (
        Architecture(24, 3, 2, patch_size=7, grid_size=5, num_registers=4, layer_scale=True),
        [(5, 5), (3, 4), (2, 8), (7, 6)],
    ),
}


def describe_cases(
    model: VisionTransformer, rng: np.random.RandomState, sizes: List[Tuple[int, int]]
) -> Iterator[Tuple[dict, np.ndarray, Result]]:
    """
    A network's results on random inputs. The first input also has the full attention of the last layer.

    :param sizes: rows and columns of patches
    :yields: the fixture's entry for an input, the input, and the network's result
    """
    patch, num_registers = model.architecture.patch_size, model.architecture.num_registers
    for index, (rows, columns) in enumerate(sizes):
        pixels = random_input(rng, rows * patch, columns * patch)
        result = run(model, pixels)
        case = {
            "rows": rows,
            "columns": columns,
            "input": {"height": rows * patch, "width": columns * patch, "values": encode(pixels)},
            "clsAttention": tensor(torch.cat([layer[:, :, 0] for layer in result.attention]).numpy()),
            "clsFeature": tensor(result.cls_feature[0].numpy()),
        }
        if num_registers > 0:
            # [R, H, T]: each register's attention in the last layer
            registers = result.attention[-1][0, :, 1 : 1 + num_registers]
            case["registerAttention"] = tensor(registers.transpose(0, 1).numpy())
        if index == 0:
            case["lastAttention"] = tensor(result.attention[-1][0].numpy())
        yield case, pixels, result


def make_small_networks() -> None:
    for seed, (network, (architecture, sizes)) in enumerate(SMALL_NETWORKS.items(), start=10):
        rng = random_source(seed)
        weights = random_weights(VisionTransformer(architecture), rng)
        model = load(architecture, weights)
        cases, entropies, least_effects = [], [], []
        for case, pixels, result in describe_cases(model, rng, sizes):
            cases.append(case)
            entropies.append(relative_entropy_of_rows(result))
            least_effects.append(min(max(e[1:]) for e in effects_of_terms(model, pixels)))
        assert max(entropies) < 0.8 and min(least_effects) > 1e-3, (network, entropies, least_effects)
        print(f"{network}: row entropy at most {max(entropies):.2f} of uniform; least effect {min(least_effects):.4f}")
        described = {**describe_model(model, weights, "float32"), "cases": cases}
        write_json(FIXTURES / "vit" / f"{network}.json", described)


# Steps before and after the network


def describe_positions(embedding: np.ndarray, sizes: List[Tuple[int, int]], grid: Optional[Tuple[int, int]] = None) -> dict:
    """
    A position embedding resampled to other sizes in both ways.

    :param embedding: shape [rows * columns, channels]
    :param grid: rows and columns of the embedding; a square if not given
    """
    cases = []
    for resampling in ("offset", "antialiased"):
        for rows, columns in sizes:
            fitted = resample_positions(torch.from_numpy(embedding), rows, columns, resampling, grid).numpy()
            cases.append({"rows": rows, "columns": columns, "resampling": resampling, "values": encode(fitted)})
    return {"channels": embedding.shape[1], "embedding": encode(embedding), "cases": cases}


def make_position_embeddings() -> None:
    sizes = {
        3: [(3, 3), (1, 9), (2, 2), (5, 7), (8, 1)],
        12: [(12, 12), (9, 16), (5, 8), (19, 28), (28, 19), (1, 1)],
        37: [(16, 24), (40, 9)],  # DINOv2's grid
        14: [(14, 14), (7, 28), (13, 15), (28, 28), (33, 25)],
    }
    channels = 4
    grids = []
    for grid, wanted in sizes.items():
        embedding = random_source(20 + grid).standard_normal((grid * grid, channels)).astype(np.float32)
        grids.append({"grid": grid, **describe_positions(embedding, wanted)})
    write_json(FIXTURES / "position-embedding.json", {"grids": grids})


def test_pictures() -> dict:
    """Noise has all values. Edges make bicubic resampling overshoot, which must be clipped. A gradient shows a shift."""
    rng = random_source(40)
    y, x = np.mgrid[0:48, 0:64]
    gradient = np.stack([4 * x, 5 * y, 255 - 2 * (x + y)], axis=-1)
    y, x = np.mgrid[0:37, 0:100]
    edges = np.stack([(x // 7 + y // 5) % 2, (x // 3) % 2, (x > 50) ^ (y > 18)], axis=-1) * 255
    return {
        "noise": rng.randint(0, 256, (13, 9, 3)).astype(np.uint8),
        "gradient": gradient.astype(np.uint8),
        "edges": edges.astype(np.uint8),
    }


def make_resampling() -> None:
    # picture, (height, width), box as (left, top, right, bottom) or None for the whole picture
    wanted = [
        ("noise", (13, 9), None),
        ("noise", (26, 18), None),
        ("noise", (7, 5), None),
        ("noise", (13, 20), None),  # only the width changes: the vertical pass is skipped
        ("noise", (4, 9), None),  # only the height changes
        ("noise", (1, 1), None),
        ("noise", (31, 2), None),
        ("noise", (16, 16), (0.5, 1.25, 8.75, 12.125)),
        ("noise", (8, 8), (2.3, 4.7, 5.1, 6.9)),  # a few pixels, enlarged
        ("noise", (9, 5), (2, 3, 7, 12)),  # a crop without resampling
        ("gradient", (24, 32), None),
        ("gradient", (40, 24), None),
        ("gradient", (3, 5), None),
        ("gradient", (32, 40), (1.6, 0.0, 62.4, 48.0)),
        ("gradient", (17, 11), (10.1, 20.2, 30.3, 47.9)),
        ("edges", (16, 48), None),
        ("edges", (2, 3), None),
        ("edges", (45, 40), None),
        ("edges", (16, 40), (3.75, 0.0, 96.25, 37.0)),
        ("edges", (6, 6), (31.7, 0.3, 68.3, 36.9)),
    ]
    pictures = test_pictures()
    cases = []
    for picture, (height, width), box in wanted:
        for name, which in (("bicubic", Image.BICUBIC), ("bilinear", Image.BILINEAR)):
            resized = np.asarray(Image.fromarray(pictures[picture]).resize((width, height), which, box=box))
            cases.append(
                {
                    "picture": picture,
                    "filter": name,
                    "height": height,
                    "width": width,
                    "box": box and dict(zip(("left", "top", "right", "bottom"), box)),
                    "values": encode(resized, "u1"),
                }
            )
    described = {
        name: {"height": p.shape[0], "width": p.shape[1], "values": encode(p, "u1")} for name, p in pictures.items()
    }
    write_json(FIXTURES / "resample.json", {"pictures": described, "cases": cases})


THRESHOLDS = [0.1, 0.3, 0.6, 0.9, 0.99]


def official_mask(attention: torch.Tensor, threshold: float) -> torch.Tensor:
    """The smallest set of patches that holds `threshold` of the mass, as visualize_attention.py finds it.

    The official sort is not stable, so it is undefined which of several equal values it keeps. Our sort is stable and
    ascending: of equal values the later patch counts as the larger. The number of kept patches does not depend on this.
    """
    values, order = torch.sort(attention, stable=True)
    cumulated = torch.cumsum(values / values.sum(), dim=0)
    margin = float((cumulated / (1 - threshold) - 1).abs().min())
    assert margin > 1e-5, f"a patch lies so close to the threshold ({margin:.0e}) that rounding decides on it"
    return (cumulated > 1 - threshold)[torch.argsort(order)]


def make_mass_masks() -> None:
    rng = random_source(50)

    def softmax_like(rows: int, columns: int, sharpness: float) -> np.ndarray:
        logits = sharpness * rng.standard_normal((rows, columns))
        return 0.8 * np.exp(logits) / np.exp(logits).sum()  # the rest is CLS's own column

    peak = softmax_like(9, 13, 0.5) * 0.05
    peak[6, 2] = 0.7
    maps = {
        "small": softmax_like(3, 5, 1.0),
        "soft": softmax_like(14, 14, 0.5),
        "sharp": softmax_like(19, 28, 2.5),
        "tall": softmax_like(30, 8, 1.5),
        "uniform": np.full((4, 6), 1 / 24),
        "tied": rng.choice([0.001, 0.004, 0.016], (7, 9)),
        "peak": peak,
        "single": np.full((1, 1), 0.3),
    }
    described = []
    for name, values in maps.items():
        values = values.astype(np.float32)
        masks = []
        for threshold in THRESHOLDS:
            mask = official_mask(torch.from_numpy(values.ravel()), threshold)
            masks.append({"threshold": threshold, "mask": "".join("1" if keep else "0" for keep in mask)})
        rows, columns = values.shape
        described.append({"id": name, "rows": rows, "columns": columns, "values": encode(values), "masks": masks})
    write_json(FIXTURES / "mass-masks.json", {"maps": described})


# The embedded model on the sample photographs


def read_embedded_model(safetensors: Optional[Path]) -> Tuple[Architecture, Weights]:
    """The shipped model if it exists, else the model that it is made from, rounded in the same way."""
    if (SHIPPED_MODEL / "model.json").exists():
        print("embedded model: the shipped one")
        return read_tfjs(SHIPPED_MODEL)
    assert safetensors is not None, f"no model in {SHIPPED_MODEL.relative_to(REPOSITORY)}: give --safetensors FILE"
    print("embedded model: safetensors, rounded to float16")
    config = json.loads(safetensors.with_name("config.json").read_text(encoding="utf-8"))
    return Architecture.from_json(config), round_to_float16(read_safetensors(safetensors))


def sha256(rgb: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(rgb, np.uint8).tobytes()).hexdigest()


def make_embedded(safetensors: Optional[Path]) -> None:
    model = load(*read_embedded_model(safetensors))
    patch = model.architecture.patch_size
    samples: List[dict] = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    ids = [sample["id"] for sample in samples]
    wanted = [(sample, "photograph", 224) for sample in ids]
    wanted += [("cat", "square", 224), ("astronaut", "square", 224), ("butterfly", "photograph", 480)]
    folder = FIXTURES / "embedded"
    folder.mkdir(parents=True, exist_ok=True)

    cases, entropies = [], []
    for sample, shape, side in wanted:
        photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
        make_frame = {"photograph": frame_photograph, "square": frame_square}[shape]
        frame = make_frame(photograph.height, photograph.width, patch, side)
        rgb = resize(photograph, frame, patch)
        result = model(torch.from_numpy(normalise(rgb)))
        file = f"{sample}.{shape}-{side}.npy"
        np.save(folder / file, cls_maps(result, frame.rows, frame.columns))
        entropies.append(relative_entropy_of_rows(result))
        cases.append(
            {
                "sample": sample,
                "shape": shape,
                "side": side,
                "file": file,
                "heads": model.architecture.num_heads,
                "rows": frame.rows,
                "columns": frame.columns,
                "tokens": 1 + frame.rows * frame.columns,
                "box": {"top": frame.top, "left": frame.left, "height": frame.height, "width": frame.width},
                "resizedSha256": sha256(rgb),
                "decodedSha256": sha256(np.asarray(photograph)),
            }
        )
    print(f"embedded: row entropy {min(entropies):.2f} to {max(entropies):.2f} of uniform")
    write_json(folder / "cases.json", cases, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--safetensors", type=Path, help="what to use while no model is shipped")
    safetensors = parser.parse_args().safetensors
    # One thread, so that the order of sums, and with it the last bits, does not depend on the number of cores.
    torch.set_num_threads(1)

    make_self_check()
    make_small_networks()
    make_position_embeddings()
    make_resampling()
    make_mass_masks()
    make_embedded(safetensors)


if __name__ == "__main__":
    main()

"""Write one published network at its full size, with random weights, as people have it; and what PyTorch computes from it.

    python3 tools/reference/make_full_size.py <model> <folder>

For `npm run prove`, which reads <folder>/cases.json and deletes it all afterwards. Weights are random, since the published
ones cannot be had without a network; they are scaled so that attention is far from uniform, as the script asserts.
"""
import argparse
import json
from collections import OrderedDict
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np
import torch

from families import Tensors, full_checkpoint, hugging_face, moco_v3, official_dinov2, timm_dinov2, write_safetensors
from make_fixtures import load, random_input, random_source, random_weights, relative_entropy_of_rows, run
from vit import Architecture, VisionTransformer
from weights import Weights

Writer = Callable[[Tensors, Path], None]


def saved(layout: Callable[[Tensors], object] = OrderedDict, legacy: bool = False) -> Writer:
    return lambda tensors, path: torch.save(layout(tensors), path, _use_new_zipfile_serialization=not legacy)


def stored(layout: Callable[[Tensors], Tensors] = OrderedDict) -> Writer:
    return lambda tensors, path: write_safetensors(layout(tensors), path)


def another(tensors: Tensors) -> Tensors:
    return OrderedDict((name, value * 0.5) for name, value in tensors.items())


def deit(tensors: Tensors) -> dict:
    return {"model": {**tensors, "head.weight": torch.ones(1000, tensors["cls_token"].shape[-1])}}


class Model(NamedTuple):
    architecture: Architecture
    # file name and the function that writes it; all files hold the same network
    files: Dict[str, Writer]


def small(patch: int, grid: int, **others: object) -> Architecture:
    return Architecture(**{"embed_dim": 384, "depth": 12, "num_heads": 6, "patch_size": patch, "grid_size": grid, **others})


def base(patch: int, grid: int, **others: object) -> Architecture:
    return small(patch, grid, **{"embed_dim": 768, "num_heads": 12, **others})


MODELS: Dict[str, Model] = {
    "ti16": Model(small(16, 14, embed_dim=192, num_heads=3), {"deit-tiny.pth": saved(deit)}),
    "s16": Model(
        small(16, 14),
        {
            "dino_deitsmall16_pretrain.pth": saved(),
            "legacy.pth": saved(legacy=True),
            "full_checkpoint.pth": saved(lambda tensors: full_checkpoint(another(tensors), tensors)),
            "full_checkpoint-legacy.pth": saved(lambda tensors: full_checkpoint(another(tensors), tensors), legacy=True),
            "timm.safetensors": stored(),
            "pytorch_model.bin": saved(hugging_face),
            "hub.safetensors": stored(hugging_face),
        },
    ),
    "s8": Model(small(8, 28), {"dino_deitsmall8_pretrain.pth": saved()}),
    "b16": Model(base(16, 14), {"dino_vitbase16_pretrain.pth": saved(), "legacy.pth": saved(legacy=True)}),
    "deit-s16": Model(small(16, 14), {"deit_small.pth": saved(deit), "legacy.pth": saved(deit, legacy=True)}),
    "moco-v3-s16": Model(
        small(16, 14, num_heads=12), {"vit-s-300ep.pth.tar": saved(moco_v3), "legacy.pth.tar": saved(moco_v3, legacy=True)}
    ),
    "dinov2-s14": Model(
        small(14, 37, layer_scale=True),
        {
            "dinov2_vits14_pretrain.pth": saved(official_dinov2),
            "hub.safetensors": stored(lambda tensors: hugging_face(tensors, dinov2=True)),
        },
    ),
    "dinov2-s14-reg4": Model(
        small(14, 37, layer_scale=True, num_registers=4),
        {
            "dinov2_vits14_reg4_pretrain.pth": saved(official_dinov2),
            "hub.safetensors": stored(lambda tensors: hugging_face(tensors, dinov2=True)),
            "timm.pth": saved(timm_dinov2),
        },
    ),
}


def sizes_for(patch: int) -> List[Tuple[int, int]]:
    """Height and width in px: the usual square, the official script's default, and a size that is not square."""
    return [(224, 224), (480 // patch * patch, 480 // patch * patch), (224, 336)]


def full_size_weights(architecture: Architecture, rng: np.random.RandomState) -> Weights:
    """Random weights with sharp attention in the last layer, which people see, and milder attention before. Twelve
    layers as sharp as those of the small networks are chaotic: in float32, PyTorch's own last layer then has errors
    of 1e-3."""
    weights = random_weights(VisionTransformer(architecture), rng, qkv_gain=1.8)
    last_qkv = weights[f"blocks.{architecture.depth - 1}.attn.qkv.weight"]
    last_qkv[: 2 * architecture.embed_dim] *= 1.5
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    architecture, files = MODELS[arguments.model]
    rng = random_source(100 + list(MODELS).index(arguments.model))
    weights = full_size_weights(architecture, rng)
    for name, write in files.items():
        write(OrderedDict((key, torch.from_numpy(array)) for key, array in weights.items()), folder / name)

    model = load(architecture, weights)
    special = 1 + architecture.num_registers
    cases = []
    for height, width in sizes_for(architecture.patch_size):
        pixels = random_input(rng, height, width)
        result = run(model, pixels, kept_rows=special)
        entropy = relative_entropy_of_rows(result)
        assert entropy < 0.8, f"attention is too uniform to show a mistake: {entropy:.2f}"
        arrays = {
            "input": pixels,
            # [L, H, T], and for the last layer also the registers' rows: [R, H, T]
            "clsAttention": torch.cat([layer[:, :, 0] for layer in result.attention]).numpy(),
            "registerAttention": result.attention[-1][0, :, 1:special].transpose(0, 1).numpy(),
            "clsFeature": result.cls_feature[0].numpy(),
        }
        named = {key: f"{key}-{height}x{width}.npy" for key in arrays}
        for key, array in arrays.items():
            np.save(folder / named[key], np.ascontiguousarray(array, "<f4"))
        cases.append({"height": height, "width": width, "rowEntropy": entropy, "arrays": named})
    described = {"architecture": architecture.to_json(), "files": list(files), "cases": cases}
    (folder / "cases.json").write_text(json.dumps(described), encoding="utf-8")


if __name__ == "__main__":
    main()

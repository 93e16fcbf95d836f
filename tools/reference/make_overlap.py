"""Write what PyTorch makes of patches that overlap: a convolution whose stride is smaller than the patch. README.md says what it is.

    python3 tools/reference/make_overlap.py

Needs fixtures/vit and fixtures/checkpoints/expected.json, whose networks it takes, and two of its own.
"""
from typing import Iterator, List, Tuple

import numpy as np
import torch

from make_fixtures import FIXTURES, describe_model, encode, load, random_input, random_source, random_weights, run
from make_fixtures import tensor, write_json
from make_taps import load_described, networks
from vit import Architecture, VisionTransformer

OVERLAPS = [2, 4]
#: Rows and columns of whole patches: oblong, and a square.
SIZES = [(2, 3), (3, 3)]

#: Sides that families have and the networks of other fixtures have not: strides of 7, and of 6 and 3 px. 3 × 3 patches with an
#: overlap of 2 make 5 × 5, the trained grid, whose positions stay unchanged.
OWN_NETWORKS = {
    "dim16-patch14-layerscale": Architecture(16, 2, 2, patch_size=14, grid_size=5, layer_scale=True),
    "dim24-patch12-registers4": Architecture(24, 2, 2, patch_size=12, grid_size=5, num_registers=4, layer_scale=True),
}


def describe_case(model: VisionTransformer, rng: np.random.RandomState, size: Tuple[int, int], overlap: int) -> dict:
    """:param size: rows and columns of whole patches"""
    patch, registers = model.architecture.patch_size, model.architecture.num_registers
    height, width = size[0] * patch, size[1] * patch
    pixels = random_input(rng, height, width)
    result = run(model, pixels, overlap=overlap)
    rows, columns = ((count - 1) * overlap + 1 for count in size)
    assert result.attention[0].shape[-1] == 1 + registers + rows * columns
    case = {
        "overlap": overlap,
        "rows": rows,
        "columns": columns,
        "input": {"height": height, "width": width, "values": encode(pixels)},
        "clsAttention": tensor(torch.cat([layer[:, :, 0] for layer in result.attention]).numpy()),
        "clsFeature": tensor(result.cls_feature[0].numpy()),
    }
    if registers > 0:
        # [R, H, T]: each register's attention in the last layer
        case["registerAttention"] = tensor(result.attention[-1][0, :, 1 : 1 + registers].transpose(0, 1).numpy())
    return case


def describe_cases(model: VisionTransformer, seed: int) -> List[dict]:
    rng, patch = random_source(seed), model.architecture.patch_size
    usable = [overlap for overlap in OVERLAPS if patch % overlap == 0]
    return [describe_case(model, rng, size, overlap) for overlap in usable for size in SIZES]


def own_networks() -> Iterator[Tuple[str, dict, VisionTransformer]]:
    for seed, (name, architecture) in enumerate(OWN_NETWORKS.items(), start=120):
        weights = random_weights(VisionTransformer(architecture), random_source(seed))
        model = load(architecture, weights)
        yield name, describe_model(model, weights, "float32"), model


def main() -> None:
    torch.set_num_threads(1)
    others = []
    for seed, (name, described, _) in enumerate(networks(), start=130):
        cases = describe_cases(load_described(described), seed)
        if cases:
            others.append({"network": name, "cases": cases})
    own = [
        {"name": name, **described, "cases": describe_cases(model, seed)}
        for seed, (name, described, model) in enumerate(own_networks(), start=150)
    ]
    write_json(FIXTURES / "overlap.json", {"others": others, "own": own})


if __name__ == "__main__":
    main()

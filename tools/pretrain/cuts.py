"""Which patch features of a network know what belongs together? TokenCut on each block's keys, queries, values and tokens, over
photographs that are held out of training, judged by the rule by colour of foreground.py: so facet and block can be chosen
without any evaluation set's masks.

    python3 tools/pretrain/cuts.py --model public/models/<id> --data photographs --cache cache --side 224
"""
import argparse
import json
import sys
from pathlib import Path
from typing import Dict, List

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent))
from monitor import resized  # noqa: E402
from network import Backbone  # noqa: E402
from photographs import Photographs, load_photographs  # noqa: E402
from vit import Architecture  # noqa: E402
from weights import read_safetensors, read_tfjs  # noqa: E402

FACETS = ("query", "key", "value", "token")


@torch.no_grad()
def facets_of(backbone: Backbone, pixels: Tensor) -> List[Dict[str, Tensor]]:
    """:returns: for each block, the queries, keys and values of its patches and the tokens after it, shape [B, P, C]"""
    x, found = backbone.embed(pixels), []
    for block in backbone.blocks:
        q, k, v = block.attn.qkv(block.norm1(x)).chunk(3, dim=-1)
        x, _ = block(x)
        found.append({name: each[:, 1:] for name, each in zip(FACETS, (q, k, v, x))})
    return found


def second_eigenvectors(features: Tensor, threshold: float = 0.2) -> Tensor:
    """The second eigenvectors of (D - A) x = λ D x. A is 1 between patches whose cosine is above the threshold, else
    nearly 0.

    :param features: shape [B, P, C] :returns: float64, up to sign, shape [B, P]
    """
    unit = F.normalize(features.double(), dim=-1)
    likeness = torch.where(unit @ unit.transpose(1, 2) > threshold, 1.0, 1e-5).to(unit.dtype)
    scale = likeness.sum(-1).rsqrt()
    vectors = torch.linalg.eigh(scale[:, :, None] * likeness * scale[:, None]).eigenvectors
    # The largest eigenvalues of this matrix belong to the smallest ones of the generalised problem.
    return vectors[..., -2] * scale


def component(inside: Tensor, seed: Tensor) -> Tensor:
    """The part of `inside` that is connected to the seed by patch sides. :param inside, seed: bool, shape [B, rows, columns]"""
    reached = seed & inside
    while True:
        x = reached.float()[:, None]
        near = torch.maximum(F.max_pool2d(x, (3, 1), 1, (1, 0)), F.max_pool2d(x, (1, 3), 1, (0, 1)))[:, 0] > 0
        more = near & inside
        if torch.equal(more, reached):
            return reached
        reached = more


def token_cut(features: Tensor, rows: int, threshold: float = 0.2) -> Tensor:
    """The object by the code of TokenCut (Wang et al. 2022, arXiv 2202.11539), without its refinement step.

    :param features: shape [B, rows × columns, C] :returns: bool, shape [B, rows, columns]
    """
    vectors = second_eigenvectors(features, threshold)
    seeds = vectors.abs().argmax(-1, keepdim=True)
    above = vectors > vectors.mean(-1, keepdim=True)
    # The side that contains the seed is the object.
    inside = torch.where(above.gather(1, seeds), above, ~above)
    seed = torch.zeros_like(inside).scatter_(1, seeds, True)
    return component(*(each.view(len(features), rows, -1) for each in (inside, seed)))


def fit_of_cuts(backbone: Backbone, photographs: Photographs, side: int, count: int = 128) -> List[Dict[str, float]]:
    """Jaccard of TokenCut's masks with the foreground by the colour rule. It uses the first held-out photographs in
    which the foreground covers a tenth to a half of the picture.

    :returns: for each block, the mean by facet
    """
    area = (photographs.things[photographs.held_out].float() / 255).mean((1, 2))
    chosen = photographs.held_out[(area > 0.1) & (area < 0.5)][:count]
    rows = side // backbone.architecture.patch_size
    fits: List[Dict[str, List[Tensor]]] = [{} for _ in backbone.blocks]
    backbone.eval()
    for part in chosen.split(32):
        wanted = photographs.things[part].float() / 255 > 0.5
        for block, facets in zip(fits, facets_of(backbone, resized(photographs.pixels[part], side))):
            for facet, features in facets.items():
                masks = token_cut(features, rows).float()[:, None]
                masks = F.interpolate(masks, size=wanted.shape[-2:], mode="nearest")[:, 0] > 0.5
                jaccard = (masks & wanted).sum((1, 2)) / (masks | wanted).sum((1, 2)).clamp_min(1)
                block.setdefault(facet, []).append(jaccard)
    return [{facet: float(torch.cat(each).mean()) for facet, each in block.items()} for block in fits]


def read_network(path: Path) -> Backbone:
    """:param path: a folder in the page's format, or the folder of a run (model.safetensors and config.json)"""
    if (path / "model.json").exists():
        architecture, weights = read_tfjs(path)
    else:
        architecture = Architecture.from_json(json.loads((path / "config.json").read_text(encoding="utf-8")))
        weights = read_safetensors(path / "model.safetensors")
    backbone = Backbone(architecture)
    backbone.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return backbone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="a folder of public/models, or of a run")
    parser.add_argument("--data", type=Path, required=True, help="a folder with .tar files of photographs")
    parser.add_argument("--cache", type=Path, required=True, help="where decoded photographs are kept")
    parser.add_argument("--side", type=int, default=224, metavar="PX")
    parser.add_argument("--count", type=int, default=128, metavar="PHOTOGRAPHS")
    arguments = parser.parse_args()
    sets = load_photographs(arguments.data, arguments.cache)
    fits = fit_of_cuts(read_network(arguments.model), sets[max(sets)], arguments.side, arguments.count)
    print("block " + " ".join(f"{facet:>6}" for facet in FACETS))
    for number, block in enumerate(fits, 1):
        print(f"{number:5} " + " ".join(f"{block[facet]:6.3f}" for facet in FACETS))
    score, number, facet = max((block[facet], i, facet) for i, block in enumerate(fits, 1) for facet in FACETS)
    print(f"Best: {facet} of block {number}, {score:.3f}")


if __name__ == "__main__":
    main()

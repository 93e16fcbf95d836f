"""Write linear classifiers as DINO and DINOv2 publish them, for tiny networks, and what PyTorch tells with them. README.md says what each is.

    python3 tools/reference/make_linear_heads.py
"""
from collections import OrderedDict
from typing import Dict, List

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from make_checkpoints import as_tensors
from make_fixtures import FIXTURES, SAMPLES, encode, load, random_source, random_weights, write_json
from make_recognition import middle_of
from make_taps import tokens_of
from photograph import normalise
from vit import Architecture, VisionTransformer

FOLDER = FIXTURES / "heads"
SIDE = 32
SAMPLE_NAMES = ("cat", "rocket")
CLASSES = 9
NETWORKS: Dict[str, Architecture] = {
    "dino": Architecture(embed_dim=12, depth=5, num_heads=2, patch_size=4, grid_size=4, mlp_ratio=2),
    "dinov2-registers": Architecture(
        embed_dim=12, depth=5, num_heads=2, patch_size=4, grid_size=5, mlp_ratio=2, num_registers=3, layer_scale=True
    ),
}


class Layers:
    """What the official get_intermediate_layers give: the last n blocks' tokens, ascending, each through the final norm."""

    def __init__(self, model: VisionTransformer, pixels: np.ndarray):
        _, blocks = tokens_of(model, pixels)
        # The last one has been through the norm.
        normed = [model.norm(block["out"]) for block in blocks[:-1]] + [blocks[-1]["out"]]
        self.cls = [each[0] for each in normed]
        self.patches = [each[1 + model.architecture.num_registers :] for each in normed]


def dino_input(layers: Layers, n_last_blocks: int, avgpool: bool) -> Tensor:
    """eval_linear.py, for a batch of one"""
    output = torch.cat(layers.cls[-n_last_blocks:], dim=-1)
    if avgpool:
        output = torch.cat((output.unsqueeze(-1), layers.patches[-1].mean(dim=0).unsqueeze(-1)), dim=-1).reshape(-1)
    return output


def dinov2_input(layers: Layers, count: int) -> Tensor:
    """hub/classifiers.py, for a batch of one"""
    return torch.cat([*layers.cls[-count:], layers.patches[-1].mean(dim=0)], dim=-1)


HEADS = {
    # file: network, how the input is made, whether the file is DINO's
    "dino-4-blocks": ("dino", lambda layers: dino_input(layers, 4, False), True),
    "dino-interleaved": ("dino", lambda layers: dino_input(layers, 1, True), True),
    "dinov2-1-layer": ("dinov2-registers", lambda layers: dinov2_input(layers, 1), False),
    "dinov2-4-layers": ("dinov2-registers", lambda layers: dinov2_input(layers, 4), False),
}


def state_of(head: nn.Linear, is_dino: bool) -> dict:
    if not is_dino:
        return OrderedDict((name, value.clone()) for name, value in head.state_dict().items())
    state = OrderedDict((f"module.linear.{name}", value.clone()) for name, value in head.state_dict().items())
    return {"epoch": 100, "state_dict": state, "optimizer": {"state": {}, "param_groups": []}, "best_acc": 77.0}


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    layers: Dict[str, List[Layers]] = {}
    for seed, (name, architecture) in enumerate(NETWORKS.items(), 580):
        weights = random_weights(VisionTransformer(architecture), random_source(seed))
        torch.save(as_tensors(weights), FOLDER / f"{name}.pth")
        model = load(architecture, weights)
        layers[name] = []
        for sample in SAMPLE_NAMES:
            middle = np.asarray(middle_of(Image.open(SAMPLES / f"{sample}.jpg").convert("RGB"), SIDE))
            pixels = np.ascontiguousarray(normalise(middle)[0].transpose(1, 2, 0))
            layers[name].append(Layers(model, pixels))
    described = []
    for seed, (name, (network, input_of, is_dino)) in enumerate(HEADS.items(), 590):
        inputs = [input_of(each) for each in layers[network]]
        rng = random_source(seed)
        head = nn.Linear(len(inputs[0]), CLASSES)
        head.weight.data = torch.from_numpy(rng.standard_normal(tuple(head.weight.shape)).astype(np.float32) / 4)
        head.bias.data = torch.from_numpy(rng.standard_normal(CLASSES).astype(np.float32))
        torch.save(state_of(head, is_dino), FOLDER / f"{name}.pth")
        told = []
        for sample, each in zip(SAMPLE_NAMES, inputs):
            shares = torch.softmax(head(each), dim=-1)
            told.append({"sample": sample, "input": encode(each.numpy()), "shares": encode(shares.numpy())})
        described.append({"file": f"{name}.pth", "network": f"{network}.pth", "numHeads": NETWORKS[network].num_heads, "side": SIDE, "told": told})
    write_json(FOLDER / "expected.json", described)


if __name__ == "__main__":
    with torch.no_grad():
        main()

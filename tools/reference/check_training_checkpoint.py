"""Load a file of `npm run finetune` into PyTorch's own modules, strictly, and run it.

    python3 tools/reference/check_training_checkpoint.py run.safetensors [run.teacher.safetensors …]
"""
import json
import sys
from pathlib import Path
from typing import Dict

import torch
from torch import Tensor

from make_training import Head
from vit import Architecture, VisionTransformer
from weights import read_safetensors

Tensors = Dict[str, Tensor]


def read_architecture(path: Path) -> Architecture:
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return Architecture.from_json(json.loads(header["__metadata__"]["dinoscope.architecture"]))


def below(tensors: Tensors, prefix: str) -> Tensors:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def check_backbone(architecture: Architecture, weights: Tensors) -> Tensor:
    model = VisionTransformer(architecture)
    model.load_state_dict(weights, strict=True)
    height, width = (side * architecture.patch_size for side in architecture.grid)
    feature = model(torch.linspace(-1, 1, 3 * height * width).reshape(1, 3, height, width)).cls_feature
    assert torch.isfinite(feature).all()
    return feature


def check_head(architecture: Architecture, weights: Tensors, feature: Tensor) -> None:
    outputs, bottleneck = weights["last_layer.weight_v"].shape
    hidden = weights["mlp.0.bias"].shape[0]
    head = Head(architecture.embed_dim, hidden, bottleneck, outputs)
    head.load_state_dict(weights, strict=True)
    result = head(feature)
    assert result.shape == (1, outputs) and result.abs().max() <= 1 + 1e-5, "cosines lie within ±1"


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        architecture = read_architecture(path)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in read_safetensors(path).items()}
        if "cls_token" in tensors:
            check_backbone(architecture, tensors)
            print(f"{path}: one backbone")
            continue
        for role in ("student", "teacher"):
            feature = check_backbone(architecture, below(tensors, f"{role}.backbone."))
            check_head(architecture, below(tensors, f"{role}.head."), feature)
            for moment in ("exp_avg", "exp_avg_sq"):
                ours = below(tensors, f"optimizer.{moment}.")
                own = {name for name in below(tensors, f"{role}.") if not name.endswith("weight_g")}
                assert set(ours) == own, f"{moment} and {role} have other names"
        assert tensors["dino_loss.center"].shape[0] == 1
        print(f"{path}: student, teacher, optimizer and centre")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()

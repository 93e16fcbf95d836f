"""How each family keeps the same network: names, nesting, what lies beside it. Written from the families' own code."""
import argparse
import json
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Dict

import numpy as np
import torch

from weights import Weights

Tensors = Dict[str, torch.Tensor]


def with_prefix(tensors: Tensors, prefix: str) -> Tensors:
    return OrderedDict((prefix + name, value) for name, value in tensors.items())


def hugging_face(tensors: Tensors, dinov2: bool = False) -> Tensors:
    """Names of a transformers ViTModel, or of a Dinov2Model with or without registers. Query, key and value are separate."""
    layer_names = {"norm1": "layernorm_before", "norm2": "layernorm_after", "mlp.fc1": "intermediate.dense"}
    layer_names.update({"mlp.fc2": "output.dense"})
    if dinov2:
        layer_names = {name: name for name in layer_names}
    layer_names["attn.proj"] = "attention.output.dense"
    top = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings"}
    top["register_tokens"] = "embeddings.register_tokens"
    renamed = OrderedDict()
    for name, value in tensors.items():
        if name in top:
            renamed[top[name]] = value
        elif name.startswith("patch_embed.proj."):
            renamed[name.replace("patch_embed.proj", "embeddings.patch_embeddings.projection")] = value
        elif name.startswith("norm."):
            renamed[f"layernorm.{name[5:]}"] = value
        else:
            _, block, inner = name.split(".", 2)
            module, kind = inner.rsplit(".", 1)
            layer = f"encoder.layer.{block}"
            if module == "attn.qkv":
                for part, third in zip(("query", "key", "value"), value.chunk(3)):
                    renamed[f"{layer}.attention.attention.{part}.{kind}"] = third.clone()
            elif kind == "gamma":
                renamed[f"{layer}.layer_scale{module[2:]}.lambda1"] = value
            else:
                renamed[f"{layer}.{layer_names[module]}.{kind}"] = value
    if dinov2:
        renamed["embeddings.mask_token"] = torch.ones(1, tensors["cls_token"].shape[-1])
    return renamed


def official_dinov2(tensors: Tensors) -> Tensors:
    return OrderedDict({**tensors, "mask_token": torch.ones(1, tensors["cls_token"].shape[-1])})


def timm_dinov2(tensors: Tensors) -> Tensors:
    """Converts a model with registers as timm does: CLS's position is added to CLS, and only the grid's positions are kept."""
    renamed = OrderedDict()
    for name, value in tensors.items():
        if name == "cls_token":
            renamed[name] = value + tensors["pos_embed"][:, :1]
        elif name == "pos_embed":
            renamed[name] = value[:, 1:]
        else:
            renamed["reg_token" if name == "register_tokens" else name] = value
    return renamed


def without_cls_position(weights: Weights) -> Weights:
    """The same network as `weights`, with CLS's position added to CLS."""
    moved = {name: array.copy() for name, array in weights.items()}
    moved["cls_token"] += moved["pos_embed"][:, :1]
    moved["pos_embed"][:, 0] = 0
    return moved


def write_safetensors(tensors: Tensors, path: Path) -> None:
    names = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64", torch.bool: "BOOL"}
    header, pieces, length = {"__metadata__": {"format": "pt"}}, [], 0
    for key, value in tensors.items():
        piece = value.contiguous().numpy().tobytes()
        offsets = [length, length + len(piece)]
        header[key] = {"dtype": names[value.dtype], "shape": list(value.shape), "data_offsets": offsets}
        pieces.append(piece)
        length += len(piece)
    text = json.dumps(header).encode("utf-8")
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(pieces))


def projection_head() -> Tensors:
    return OrderedDict([("head.mlp.0.weight", torch.ones(4, 12)), ("head.last_layer.weight_g", torch.ones(5, 1))])


def full_checkpoint(student: Tensors, teacher: Tensors) -> dict:
    """A checkpoint as saved by main_dino.py. The student's names start with DistributedDataParallel's prefix."""
    first = torch.nn.Parameter(student["cls_token"].clone())
    optimizer = torch.optim.AdamW([first], lr=5e-4)
    first.sum().backward()
    optimizer.step()
    return {
        "student": with_prefix({**with_prefix(student, "backbone."), **projection_head()}, "module."),
        "teacher": {**with_prefix(teacher, "backbone."), **projection_head()},
        "optimizer": optimizer.state_dict(),
        "epoch": 100,
        "args": argparse.Namespace(arch="vit_small", patch_size=2, lr=5e-4, local_crops_scale=(0.05, 0.4)),
        "dino_loss": OrderedDict(center=torch.zeros(1, 5)),
        "best": np.float64(0.5),
        "fp16_scaler": None,
    }


def moco_v3(tensors: Tensors) -> dict:
    """A checkpoint as saved by moco-v3's main_moco.py: two encoders with their projectors, and a predictor."""
    momentum = OrderedDict((name, value + 1) for name, value in tensors.items())
    state = OrderedDict()
    for encoder, values in (("base_encoder", tensors), ("momentum_encoder", momentum)):
        state.update(with_prefix(values, f"module.{encoder}."))
        state[f"module.{encoder}.head.0.weight"] = torch.ones(4, 12)
        state[f"module.{encoder}.head.1.num_batches_tracked"] = torch.tensor(7)
    state["module.predictor.0.weight"] = torch.ones(2, 4)
    return {"epoch": 300, "arch": "vit_small", "state_dict": state, "optimizer": {"state": {}, "param_groups": []}}

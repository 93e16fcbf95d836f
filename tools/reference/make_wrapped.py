"""Write small checkpoints as other programs wrap them: names before the network's own, objects beside it. README.md says what each is.

    python3 tools/reference/make_wrapped.py
"""
import argparse
import datetime
import pathlib
import random
import re
import uuid
from collections import OrderedDict
from dataclasses import replace
from typing import Callable

import numpy as np
import torch

from families import Tensors, hugging_face, with_prefix, write_safetensors
from make_checkpoints import as_float32, as_tensors, describe
from make_fixtures import FIXTURES, random_source, random_weights, write_json
from vit import Architecture, VisionTransformer

FOLDER = FIXTURES / "wrapped"
PLAIN = Architecture(embed_dim=12, depth=2, num_heads=3, patch_size=2, grid_size=3, mlp_ratio=2)
DEEP = replace(PLAIN, depth=4, layer_scale=True)
OBLONG = replace(PLAIN, grid_size=(2, 4))


def renamed(tensors: Tensors, change: Callable[[str], str]) -> Tensors:
    return OrderedDict((change(name), value) for name, value in tensors.items())


def chunked(tensors: Tensors, per_chunk: int) -> Tensors:
    """Block names of DINOv2's training. Blocks are in chunks, with nn.Identity in the places of earlier blocks, so
    the second number is the block's."""
    return renamed(tensors, lambda name: re.sub(r"^blocks\.(\d+)\.", lambda m: f"blocks.{int(m[1]) // per_chunk}.{m[1]}.", name))


def wrapped_blocks(tensors: Tensors, wrapper: str) -> Tensors:
    """Block names if torch.compile or activation checkpointing wraps each block separately."""
    return renamed(tensors, lambda name: re.sub(r"^(blocks\.\d+)\.", rf"\1.{wrapper}.", name))


def hugging_face_5(tensors: Tensors) -> Tensors:
    """Names of transformers 5, which differ from those of transformers 4 for a ViT's layers."""
    pairs = [
        ("encoder.layer.", "layers."),
        ("attention.attention.query", "attention.q_proj"),
        ("attention.attention.key", "attention.k_proj"),
        ("attention.attention.value", "attention.v_proj"),
        ("attention.output.dense", "attention.o_proj"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
    ]

    def change(name: str) -> str:
        for old, new in pairs:
            name = name.replace(old, new)
        return name

    return renamed(hugging_face(tensors), change)


def deit_3(tensors: Tensors) -> Tensors:
    """Names of DeiT III: LayerScale has another name, and CLS has no position."""
    gains = renamed(tensors, lambda name: re.sub(r"ls([12])\.gamma$", r"gamma_\1", name))
    return OrderedDict((name, value[:, 1:] if name == "pos_embed" else value) for name, value in gains.items())


def beside() -> dict:
    """Objects that people store together with weights. A reader of weights needs none of their numbers and objects."""
    generator = np.random.default_rng(5)
    return {
        "run_id": uuid.UUID(int=2**128 - 3),
        "numpy_generator": generator,
        "numpy_state": np.random.RandomState(3).get_state(),
        "python_state": random.Random(4).getstate(),
        "large": [2**200, -(2**71), 2**64],
        "when": datetime.datetime(2026, 11, 28, 15, 0, tzinfo=datetime.timezone.utc),
        "folder": pathlib.PurePosixPath("/runs/1"),
        "history": np.linspace(0, 1, 300),
        "arguments": argparse.Namespace(arch="vit_tiny", patch_size=2, ratio=2.5),
        "flags": {1, 2, frozenset({3})},
    }


def write_parts(tensors: Tensors) -> None:
    """Splits a checkpoint into two files as Hugging Face does for large ones, in safetensors and in PyTorch's format."""
    names = list(tensors)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    for stem, ending, save in (
        ("model", "safetensors", lambda part, path: write_safetensors(part, path)),
        ("pytorch_model", "bin", torch.save),
    ):
        weight_map = {}
        for number, half in enumerate(halves, start=1):
            name = f"{stem}-{number:05d}-of-00002.{ending}"
            save(OrderedDict((key, tensors[key]) for key in half), FOLDER / "parts" / name)
            weight_map.update({key: name for key in half})
        write_json(FOLDER / "parts" / f"{stem}.{ending}.index.json", {"metadata": {}, "weight_map": weight_map})


def write(networks: list) -> None:
    def network(name: str, architecture: Architecture, seed: int) -> Tensors:
        weights = random_weights(VisionTransformer(architecture), random_source(seed))
        tensors = as_tensors(weights, torch.float16)
        networks.append(describe(name, as_float32(tensors), architecture))
        return tensors

    def save(value: object, name: str) -> None:
        torch.save(value, FOLDER / name)

    teacher, student = network("teacher", PLAIN, 70), network("student", PLAIN, 71)
    deep, oblong = network("deep", DEEP, 72), network("oblong", OBLONG, 73)
    head = {"head.mlp.0.weight": torch.ones(4, 12, dtype=torch.float16)}

    both = {**with_prefix(student, "student.backbone."), **with_prefix(teacher, "teacher.backbone.")}
    loss = {"dino_loss.center": torch.zeros(1, 5)}
    save({"model": OrderedDict({**both, **with_prefix(head, "teacher."), **loss}), "iteration": 9}, "model-teacher-backbone.pth")
    save({"teacher": {**with_prefix(chunked(deep, 2), "backbone."), "backbone.mask_token": torch.ones(1, 12)}}, "chunked.pth")
    save({"state_dict": with_prefix(teacher, "model."), "hyper_parameters": {"lr": 0.1}, "loops": {"x": [1]}}, "lightning.ckpt")
    solo = {**with_prefix(student, "backbone."), **with_prefix(teacher, "momentum_backbone.")}
    save({"state_dict": {**solo, **head, "momentum_head.0.weight": torch.ones(2)}}, "solo.ckpt")
    lightly = {**with_prefix(student, "student_backbone."), **with_prefix(teacher, "teacher_backbone.vit.")}
    save({"state_dict": {**lightly, "student_head.layers.0.weight": torch.ones(2)}}, "lightly.ckpt")
    save({"state_dict": {**teacher, "masked_embed": torch.ones(1, 12)}}, "ibot.pth")
    save({"epoch": 3, "model_state_dict": teacher, "optimizer_state_dict": {"state": {}}, "loss": 0.5}, "tutorial.pt")
    save({"net": {"weights": with_prefix(teacher, "module.encoder.vit.")}}, "any-name.pth")
    save({"model": student, "model_ema": teacher}, "two-of-no-role.pth")
    save(with_prefix(wrapped_blocks(teacher, "_orig_mod"), "_orig_mod."), "compiled.pth")
    save({"app": {"model": wrapped_blocks(teacher, "_checkpoint_wrapped_module")}}, "checkpoint-wrapped.pth")
    save(with_prefix(wrapped_blocks(teacher, "module._fsdp_wrapped_module"), "module."), "fsdp.pth")
    save({"model": {**teacher, "decoder_embed.weight": torch.ones(4, 12), "mask_token": torch.ones(1, 1, 12)}}, "mae.pth")
    write_safetensors(with_prefix(hugging_face_5(teacher), "vit."), FOLDER / "hugging-face-5.safetensors")
    save({**beside(), "model": teacher}, "objects.pth")
    torch.save({**beside(), "model": teacher}, FOLDER / "objects-legacy.pth", _use_new_zipfile_serialization=False)

    without = OrderedDict(deep)
    without["pos_embed"] = deep["pos_embed"].clone()
    without["pos_embed"][:, 0] = 0
    networks.append(describe("deit-3", as_float32(without), DEEP))
    save({"model": {**deit_3(without), "head.weight": torch.ones(10, 12), "head.bias": torch.ones(10)}}, "deit-3.pth")

    qkv = "blocks.0.attn.qkv.weight"
    save({**teacher, qkv: teacher[qkv].to(torch.float8_e4m3fn)}, "float8.pth")
    save({**teacher, qkv: torch.quantize_per_tensor(teacher[qkv].float(), 0.01, 0, torch.qint8)}, "quantized.pth")
    save({**teacher, qkv: teacher[qkv].to_sparse()}, "sparse.pth")
    write_parts(with_prefix(hugging_face(teacher), "vit."))

    save(oblong, "oblong.pth")
    save({"model": oblong, "args": argparse.Namespace(arch="vit_tiny", input_size=[4, 8])}, "oblong-args.pth")
    save({"state_dict": oblong, "hyper_parameters": {"backbone": {"img_size": (4, 8)}}}, "oblong-hyper.ckpt")


def main() -> None:
    torch.set_num_threads(1)
    (FOLDER / "parts").mkdir(parents=True, exist_ok=True)
    networks: list = []
    write(networks)
    write_json(FOLDER / "expected.json", networks)
    for path in sorted(FOLDER.glob("*.*")):
        print(f"{path.name}  {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()

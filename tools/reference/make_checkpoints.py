"""Write small checkpoints as people have them: by `torch.save`, in every layout and family. README.md says what each is.

    python3 tools/reference/make_checkpoints.py
"""
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import torch

from families import (
    Tensors,
    full_checkpoint,
    hugging_face,
    moco_v3,
    official_dinov2,
    timm_dinov2,
    with_prefix,
    without_cls_position,
    write_safetensors,
)
from make_fixtures import FIXTURES, encode, load, random_input, random_source, random_weights, run, tensor, write_json
from vit import Architecture, VisionTransformer
from weights import Weights

FOLDER = FIXTURES / "checkpoints"
ARCHITECTURE = Architecture(embed_dim=12, depth=2, num_heads=3, patch_size=2, grid_size=3, mlp_ratio=2)
DINOV2 = replace(ARCHITECTURE, layer_scale=True)
DINOV2_REGISTERS = replace(DINOV2, num_registers=3)


def save(value: object, name: str, legacy: bool = False) -> None:
    torch.save(value, FOLDER / name, _use_new_zipfile_serialization=not legacy)


def as_tensors(weights: Weights, dtype: torch.dtype = torch.float32) -> Tensors:
    return OrderedDict((name, torch.from_numpy(array).to(dtype)) for name, array in weights.items())


def doubles(weights: Weights) -> Tensors:
    """Values between two float32 numbers, so that a wrong conversion from float64 shows."""
    rng = random_source(62)
    return OrderedDict(
        (name, torch.from_numpy(array * (1 + 1e-8 * rng.standard_normal(array.shape)))) for name, array in weights.items()
    )


def on_one_storage(tensors: Tensors) -> Tensors:
    """Makes all tensors views of one storage at different offsets. Two biases of the first block are the same tensor."""
    flat = torch.cat([value.reshape(-1) for value in tensors.values()])
    views, offset = OrderedDict(), 0
    for name, value in tensors.items():
        views[name] = flat[offset : offset + value.numel()].view(value.shape)
        offset += value.numel()
    views["blocks.0.mlp.fc2.bias"] = views["blocks.0.attn.proj.bias"]
    return views


def strided(tensors: Tensors) -> Tensors:
    """Stores matrices transposed, the patch embedding channels-last, and biases with stride 2 from an offset."""
    views = OrderedDict()
    for name, value in tensors.items():
        if value.dim() == 2:
            views[name] = value.t().contiguous().t()
        elif value.dim() == 4:
            views[name] = value.contiguous(memory_format=torch.channels_last)
        elif value.dim() == 1:
            spread = torch.full((3 + 2 * len(value),), float("nan"))
            spread[3::2] = value
            views[name] = spread[3::2]
        else:
            views[name] = value
    # One value for all channels, with a stride of zero.
    views["norm.bias"] = torch.tensor([0.25]).expand(len(tensors["norm.bias"]))
    return views


def describe(name: str, weights: Weights, architecture: Architecture) -> dict:
    model = load(architecture, weights)
    pixels = random_input(random_source(63), 4 * 2, 5 * 2)
    result = run(model, pixels)
    registers = result.attention[-1][0, :, 1 : 1 + architecture.num_registers]
    return {
        "name": name,
        "architecture": architecture.to_json(),
        "parameters": [{"name": key, "shape": list(array.shape)} for key, array in weights.items()],
        "weights": encode(np.concatenate([array.ravel() for array in weights.values()])),
        "cases": [
            {
                "rows": 4,
                "columns": 5,
                "input": {"height": 8, "width": 10, "values": encode(pixels)},
                "clsAttention": tensor(torch.cat([layer[:, :, 0] for layer in result.attention]).numpy()),
                "clsFeature": tensor(result.cls_feature[0].numpy()),
                **({"registerAttention": tensor(registers.transpose(0, 1).numpy())} if len(registers[0]) > 0 else {}),
            }
        ],
    }


def as_float32(tensors: Tensors) -> Weights:
    return {name: value.to(torch.float32).contiguous().numpy() for name, value in tensors.items()}


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    student_weights = random_weights(VisionTransformer(ARCHITECTURE), random_source(61))
    weights = random_weights(VisionTransformer(ARCHITECTURE), random_source(60))
    teacher, student = as_tensors(weights), as_tensors(student_weights)

    networks = []

    def expect(name: str, tensors: Tensors, architecture: Architecture = ARCHITECTURE) -> Tensors:
        networks.append(describe(name, as_float32(tensors), architecture))
        return tensors

    save(expect("dino", teacher), "dino.pth")
    save(teacher, "dino-legacy.pth", legacy=True)
    for dtype in (torch.float16, torch.bfloat16):
        name = str(dtype).split(".")[1]
        save(expect(name, as_tensors(weights, dtype)), f"{name}.pth")
    save(expect("float64", doubles(weights)), "float64-legacy.pth", legacy=True)
    save(expect("shared", on_one_storage(teacher)), "shared.pth")
    save(on_one_storage(teacher), "shared-legacy.pth", legacy=True)
    save(expect("strided", strided(teacher)), "strided.pth")
    expect("student", student)
    save(full_checkpoint(student, teacher), "full.pth")
    save(full_checkpoint(student, teacher), "full-legacy.pth", legacy=True)
    head = {"head.weight": torch.ones(10, 12), "head.bias": torch.ones(10)}
    save({"model": {**teacher, **head}}, "deit.pth")
    expect("moco", teacher, replace(ARCHITECTURE, num_heads=12))
    save(moco_v3(teacher), "moco-v3.pth.tar", legacy=True)
    pooler = {"pooler.dense.weight": torch.ones(12, 12), "pooler.dense.bias": torch.ones(12)}
    save(OrderedDict({**hugging_face(teacher), **pooler}), "pytorch_model.bin")
    besides = {"classifier.bias": torch.ones(2), "queue_ptr": torch.tensor([7]), "queue_full": torch.tensor([True])}
    write_safetensors({**with_prefix(hugging_face(teacher), "vit."), **besides}, FOLDER / "model.safetensors")
    for name, architecture, seed in (("dinov2", DINOV2, 64), ("dinov2-registers", DINOV2_REGISTERS, 65)):
        weights = random_weights(VisionTransformer(architecture), random_source(seed))
        tensors = expect(name, as_tensors(weights), architecture)
        save(official_dinov2(tensors), f"{name}.pth")
        write_safetensors(hugging_face(tensors, dinov2=True), FOLDER / f"{name}-hub.safetensors")
    moved = without_cls_position(weights)
    expect("dinov2-registers-timm", as_tensors(moved), DINOV2_REGISTERS)
    save(timm_dinov2(tensors), "dinov2-registers-timm.pth")
    pixels = random_input(random_source(66), 6, 14)
    official, timm = (run(load(DINOV2_REGISTERS, each), pixels) for each in (weights, moved))
    assert torch.allclose(official.cls_feature, timm.cls_feature, atol=1e-5), "timm's way is not the official one"
    odd = {"scalar": torch.tensor(1.5), "empty": torch.zeros(0, 3), "integers": torch.arange(3), "flags": torch.ones(2) > 0}
    save({**odd, "nested": {"list": [torch.tensor([1.0, 2.0])], 7: torch.nn.Parameter(torch.tensor([3.0]))}}, "odd.pth")

    write_json(FOLDER / "expected.json", networks)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name}  {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()

"""Write fixtures/training.json: DINO's training on a tiny network, step by step, in float64.

Written from the paper's algorithm 1 and the behaviour of the official script, with loops where the TypeScript has closed
forms: two nested loops over views, a loop over parameters, torch's own AdamW.

    python3 tools/reference/make_training.py
"""
import math
from pathlib import Path
from typing import Dict, List

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from make_fixtures import encode, random_source, write_json
from vit import Architecture, VisionTransformer

PATH = Path(__file__).resolve().parent / "fixtures" / "training.json"

ARCHITECTURE = Architecture(embed_dim=32, depth=2, num_heads=2, patch_size=4, grid_size=4)
HIDDEN, BOTTLENECK, OUTPUTS = 40, 16, 64
PHOTOGRAPHS, GLOBAL_PX, LOCAL_PX, LOCAL_CROPS = 2, 16, 8, 3
STEPS = 20
STUDENT_TEMPERATURE = 0.1
CENTRE_MOMENTUM = 0.9
CLIP = 0.3  # low enough that some but not all gradients of this network are clipped
FROZEN_LAST_LAYER_STEPS = 3
RATE, RATE_END, WARMUP_STEPS = 0.001 * 256 / PHOTOGRAPHS, 1e-6, 4
DECAY, DECAY_END = 0.04, 0.4
MOMENTUM = 0.9
TEACHER_TEMPERATURE_START, TEACHER_TEMPERATURE, TEACHER_TEMPERATURE_STEPS = 0.04, 0.07, 6


class Head(nn.Module):
    """Three linear layers with GELU between them, a bottleneck normalised to length 1, and a last layer whose rows
    have length 1."""

    def __init__(self, inputs: int, hidden: int, bottleneck: int, outputs: int):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.last_layer = nn.utils.weight_norm(nn.Linear(bottleneck, outputs, bias=False))
        self.last_layer.weight_g.data.fill_(1)
        self.last_layer.weight_g.requires_grad = False

    def forward(self, x: Tensor) -> Tensor:
        return self.last_layer(F.normalize(self.mlp(x), dim=-1, p=2))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = VisionTransformer(ARCHITECTURE)
        self.head = Head(ARCHITECTURE.embed_dim, HIDDEN, BOTTLENECK, OUTPUTS)

    def features(self, pixels: Tensor) -> Tensor:
        x = self.backbone.embed(pixels)
        for block in self.backbone.blocks:
            x, _ = block(x)
        return self.backbone.norm(x)[:, 0]

    def forward(self, views: List[Tensor]) -> List[Tensor]:
        """:param views: each [B, 3, side, side] :returns: each [B, K]"""
        return [self.head(self.features(view)) for view in views]


def initialise(network: nn.Module, rng: np.random.RandomState) -> None:
    """Differs from the official initial values: they are large enough that every gradient matters. Rounded to float32
    for both sides."""
    for name, parameter in network.named_parameters():
        if name.endswith("weight_g"):
            continue
        noise = rng.standard_normal(tuple(parameter.shape))
        if "norm" in name:
            noise = 0.3 * noise + (1 if name.endswith("weight") else 0)
        elif name.endswith("bias"):
            noise = 0.2 * noise
        elif parameter.dim() in (2, 4):
            noise = noise * (1.5 if "qkv" in name else 1.0) / math.sqrt(np.prod(parameter.shape[1:]))
        parameter.data.copy_(torch.from_numpy(noise.astype(np.float32)))


def cosine(start: float, end: float, at: int, steps: int) -> float:
    return end + 0.5 * (start - end) * (1 + math.cos(math.pi * at / steps))


def learning_rates() -> List[float]:
    warmup = np.linspace(0, RATE * PHOTOGRAPHS / 256, WARMUP_STEPS)
    rest = STEPS - WARMUP_STEPS
    return [*warmup, *(cosine(RATE * PHOTOGRAPHS / 256, RATE_END, i, rest) for i in range(rest))]


def teacher_temperatures() -> List[float]:
    warmup = np.linspace(TEACHER_TEMPERATURE_START, TEACHER_TEMPERATURE, TEACHER_TEMPERATURE_STEPS)
    return [*warmup, *[TEACHER_TEMPERATURE] * (STEPS - TEACHER_TEMPERATURE_STEPS)]


def crops_of(bytes_: np.ndarray) -> Tensor:
    """:param bytes_: uint8, shape [B, side, side, 3], kept in the fixture; (byte - 128) / 64 is exact in float32"""
    return torch.from_numpy((bytes_.astype(np.float64) - 128) / 64).permute(0, 3, 1, 2)


def dino_loss(teacher: List[Tensor], student: List[Tensor], centre: Tensor, temperature: float):
    total, pairs, entropies = 0.0, 0, []
    for q, teacher_output in enumerate(teacher):
        target = F.softmax((teacher_output - centre) / temperature, dim=-1).detach()
        entropies.append(-(target * target.log()).sum(-1).mean())
        for v, student_output in enumerate(student):
            if v == q:
                continue
            cross_entropy = -(target * F.log_softmax(student_output / STUDENT_TEMPERATURE, dim=-1)).sum(-1)
            total = total + cross_entropy.mean()
            pairs += 1
    return total / pairs, torch.stack(entropies).mean()


def flat(values: Dict[str, Tensor]) -> str:
    return encode(np.concatenate([value.detach().numpy().ravel() for value in values.values()]))


def main() -> None:
    torch.set_default_dtype(torch.float64)
    rng = random_source(7)
    student = Network()
    initialise(student, rng)
    teacher = Network()
    teacher.load_state_dict(student.state_dict())
    # The teacher differs from the student from the start. Otherwise swapping the two would not show.
    for name, parameter in teacher.named_parameters():
        parameter.requires_grad = False
        if not name.endswith("weight_g"):
            moved = parameter * (1 + 0.1 * torch.from_numpy(rng.standard_normal(tuple(parameter.shape))))
            parameter.data.copy_(moved.float().double())
    trained = {name: p for name, p in student.named_parameters() if p.requires_grad}
    teacher_parameters = {name: dict(teacher.named_parameters())[name] for name in trained}
    initial = {"student": flat(trained), "teacher": flat(teacher_parameters)}

    decayed = [p for name, p in trained.items() if not (name.endswith(".bias") or p.dim() == 1)]
    others = [p for name, p in trained.items() if name.endswith(".bias") or p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed}, {"params": others, "weight_decay": 0.0}])
    centre = torch.zeros(1, OUTPUTS)
    rates, temperatures = learning_rates(), teacher_temperatures()

    steps, crops, first_gradients = [], [], None
    for step in range(STEPS):
        sides = [GLOBAL_PX] * 2 + [LOCAL_PX] * LOCAL_CROPS
        stored = [rng.randint(0, 256, (PHOTOGRAPHS, side, side, 3)).astype(np.uint8) for side in sides]
        crops.append(encode(np.concatenate([each.ravel() for each in stored]), "u1"))
        views = [crops_of(each) for each in stored]

        optimizer.param_groups[0]["weight_decay"] = cosine(DECAY, DECAY_END, step, STEPS)
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        momentum = cosine(MOMENTUM, 1, step, STEPS)

        with torch.no_grad():
            teacher_outputs = teacher(views[:2])
        student_outputs = student(views)
        loss, entropy = dino_loss(teacher_outputs, student_outputs, centre, temperatures[step])
        centre = centre * CENTRE_MOMENTUM + torch.cat(teacher_outputs).mean(0, keepdim=True) * (1 - CENTRE_MOMENTUM)

        optimizer.zero_grad()
        loss.backward()
        if first_gradients is None:
            first_gradients = {name: p.grad.clone() for name, p in trained.items()}
        norms = [p.grad.norm(2) for p in trained.values()]
        for parameter, norm in zip(trained.values(), norms):
            coefficient = CLIP / (norm + 1e-6)
            if coefficient < 1:
                parameter.grad.mul_(coefficient)
        clipped = sum(bool(norm > CLIP) for norm in norms)
        if step < FROZEN_LAST_LAYER_STEPS:
            trained["head.last_layer.weight_v"].grad = None
        optimizer.step()
        with torch.no_grad():
            for name, parameter in teacher_parameters.items():
                parameter.mul_(momentum).add_(trained[name], alpha=1 - momentum)
        steps.append(
            {
                "loss": loss.item(),
                "teacherEntropy": entropy.item(),
                "centreNorm": centre.norm().item(),
                "gradientNorm": torch.stack(norms).norm().item(),
                "learningRate": float(rates[step]),
                "weightDecay": optimizer.param_groups[0]["weight_decay"],
                "teacherMomentum": momentum,
                "teacherTemperature": float(temperatures[step]),
                "clipped": clipped,
            }
        )
    assert any(0 < s["clipped"] < len(trained) for s in steps), "clipping must strike some gradients and not others"
    print([round(s["loss"], 4) for s in steps], [s["clipped"] for s in steps], len(trained))

    write_json(
        PATH,
        {
            "architecture": ARCHITECTURE.to_json(),
            "configuration": {
                "steps": STEPS,
                "batchSize": PHOTOGRAPHS,
                "globalCropPx": GLOBAL_PX,
                "localCropPx": LOCAL_PX,
                "localCrops": LOCAL_CROPS,
                "hiddenDim": HIDDEN,
                "bottleneckDim": BOTTLENECK,
                "outputDim": OUTPUTS,
                "studentTemperature": STUDENT_TEMPERATURE,
                "teacherTemperature": TEACHER_TEMPERATURE,
                "teacherTemperatureStart": TEACHER_TEMPERATURE_START,
                "teacherTemperatureWarmupSteps": TEACHER_TEMPERATURE_STEPS,
                "centreMomentum": CENTRE_MOMENTUM,
                "teacherMomentum": MOMENTUM,
                "learningRate": RATE,
                "learningRateEnd": RATE_END,
                "warmupSteps": WARMUP_STEPS,
                "weightDecay": DECAY,
                "weightDecayEnd": DECAY_END,
                "gradientClip": CLIP,
                "freezeLastLayerSteps": FROZEN_LAST_LAYER_STEPS,
                "dropPath": 0,
            },
            "parameters": [{"name": name, "shape": list(p.shape)} for name, p in trained.items()],
            "initial": initial,
            "crops": crops,
            "firstGradients": flat(first_gradients),
            "steps": steps,
            "final": {"teacher": flat(teacher_parameters), "centre": encode(centre.numpy())},
        },
    )


if __name__ == "__main__":
    main()

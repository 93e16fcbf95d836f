"""A step of DINO in PyTorch on the processor, for bench/train-wasm.ts: as fast as PyTorch does it without being compiled.

Crops of one size go through the network together, attention is PyTorch's own fused one (or written out, whichever is faster), AdamW is
the fused one, the teacher follows by one call for all parameters. Crops are not made: the same random ones come at each step.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from rival import serve, timed
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "reference"))
from vit import Architecture, VisionTransformer  # noqa: E402


class Head(nn.Module):
    def __init__(self, inputs, hidden, bottleneck, outputs):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, bottleneck)
        )
        self.last_layer = nn.Parameter(torch.randn(outputs, bottleneck) * 0.02)

    def forward(self, x):
        return F.linear(F.normalize(self.mlp(x), dim=-1), F.normalize(self.last_layer, dim=-1, eps=0))


class Network(nn.Module):
    def __init__(self, architecture, configuration):
        super().__init__()
        self.backbone = VisionTransformer(architecture)
        for parameter in self.backbone.parameters():
            if parameter.dim() > 1:
                nn.init.trunc_normal_(parameter, std=0.02)
        sizes = (configuration["hiddenDim"], configuration["bottleneckDim"], configuration["outputDim"])
        self.head = Head(architecture.embed_dim, *sizes)

    def attend(self, attention, x, fused):
        if not fused:
            return attention(x)[0]
        batch, tokens, channels = x.shape
        qkv = attention.qkv(x).view(batch, tokens, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv.unbind(0))
        return attention.proj(mixed.transpose(1, 2).reshape(batch, tokens, channels))

    def features(self, pixels, fused):
        x = self.backbone.embed(pixels)
        for block in self.backbone.blocks:
            x = x + self.attend(block.attn, block.norm1(x), fused)
            x = x + block.mlp(block.norm2(x))
        return self.backbone.norm(x[:, 0])

    def forward(self, groups, fused):
        return self.head(torch.cat([self.features(pixels, fused) for pixels in groups]))


class Run:
    def __init__(self, request):
        torch.manual_seed(0)
        architecture = Architecture.from_json(request["architecture"])
        self.configuration = configuration = request["configuration"]
        self.student = Network(architecture, configuration)
        self.teacher = Network(architecture, configuration)
        self.teacher.load_state_dict(self.student.state_dict())
        for parameter in self.teacher.parameters():
            parameter.requires_grad = False
        batch = configuration["batchSize"]
        sizes = [(2 * batch, configuration["globalCropPx"]), (configuration["localCrops"] * batch, configuration["localCropPx"])]
        self.groups = [torch.randn(count, 3, side, side) for count, side in sizes]
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=1e-5, weight_decay=0.04, fused=True)
        self.centre = torch.zeros(1, configuration["outputDim"])

    def step(self, fused):
        batch, views = self.configuration["batchSize"], 2 + self.configuration["localCrops"]
        with torch.no_grad():
            teacher = self.teacher(self.groups[:1], fused)
            targets = F.softmax((teacher - self.centre) / 0.04, dim=-1).view(2, batch, -1)
        student = self.student(self.groups, fused)
        logs = F.log_softmax(student / 0.1, dim=-1).view(views, batch, -1)
        every = (targets.sum(0) * logs.sum(0)).sum()
        same = (targets * logs[:2]).sum()
        loss = (same - every) / (2 * (views - 1) * batch)
        self.optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            gradients = [parameter.grad for parameter in self.student.parameters()]
            norms = torch._foreach_norm(gradients)
            torch._foreach_mul_(gradients, [torch.clamp(3 / (norm + 1e-6), max=1) for norm in norms])
            self.optimizer.step()
            torch._foreach_lerp_(list(self.teacher.parameters()), list(self.student.parameters()), 0.01)
            self.centre.lerp_(teacher.mean(0, keepdim=True), 0.1)
        return loss.item()


runs = {}


def step(request):
    run = runs[request["name"]]
    return {way: timed(lambda fused=way == "fused": run.step(fused)) for way in ("fused", "written")}


def prepare(request):
    torch.set_num_threads(request["threads"])
    runs[request["name"]] = Run(request)
    return {}


def open_(_):
    version = torch.__version__.split("+")[0]
    if [int(part) for part in version.split(".")[:2]] < [2, 4]:
        sys.exit(f"PyTorch {version} is older than 2.4, the first with a fused AdamW on the processor")
    return {"name": f"PyTorch {version}, {torch.backends.cpu.get_cpu_capability()}"}


serve({"open": open_, "prepare": prepare, "step": step})

"""The network that is trained: the reference's Vision Transformer with a fast forward pass, and DINO's projection head.

Dimensions: B batch, T tokens (1 CLS + patches), H heads, D head width, C channels, K prototypes.
"""
import math
import sys
from pathlib import Path
from typing import List, NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
from vit import Architecture, Attention, Block, VisionTransformer, resample_positions  # noqa: E402


def mix_values(q: Tensor, k: Tensor, v: Tensor, kept: Optional[Tensor] = None) -> Tensor:
    """:param q: shape [B, H, rows, D] :param k, v: shape [B, H, T, D]
    :param kept: factors for the first row's attention, shape [B, H, 1, T], or None for 1
    :returns: shape [B, rows, C]
    """
    # On a CPU the fused function's gradient for about ten tokens takes 15 times as long as this (PyTorch 2.13, bfloat16).
    if kept is None and q.is_cuda and hasattr(F, "scaled_dot_product_attention"):
        mixed = F.scaled_dot_product_attention(q, k, v)
    else:
        weights = torch.softmax((q / q.shape[-1] ** 0.5) @ k.transpose(-1, -2), dim=-1)
        if kept is not None:
            weights = torch.cat([weights[:, :, :1] * kept.to(weights.dtype), weights[:, :, 1:]], dim=2)
        mixed = weights @ v
    return mixed.transpose(1, 2).flatten(2)


def attend(attention: Attention, x: Tensor, kept: Optional[Tensor] = None) -> Tensor:
    """Same as the first result of `Attention.forward`.

    :param x: shape [B, T, C] :param kept: see `mix_values`
    """
    batch, tokens, _ = x.shape
    q, k, v = attention.qkv(x).reshape(batch, tokens, 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
    return attention.proj(mix_values(q, k, v, kept))


def attend_from_cls(attention: Attention, x: Tensor, kept: Optional[Tensor] = None) -> Tensor:
    """Same as the first row of `attend`'s result, shape [B, 1, C]."""
    batch, tokens, channels = x.shape
    weight, bias = attention.qkv.weight, attention.qkv.bias
    cls_bias, all_bias = (None, None) if bias is None else (bias[:channels], bias[channels:])
    q = F.linear(x[:, :1], weight[:channels], cls_bias).reshape(batch, 1, attention.num_heads, -1).transpose(1, 2)
    both = F.linear(x, weight[channels:], all_bias)
    k, v = both.reshape(batch, tokens, 2, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
    return attention.proj(mix_values(q, k, v, kept))


def run_block(
    block: Block,
    x: Tensor,
    attended: Optional[Tensor],
    mixed: Optional[Tensor],
    looked_at: Optional[Tensor] = None,
) -> Tensor:
    """:param attended, mixed: factors of the two updates, shape [B, 1, 1], or None for 1
    :param looked_at: factors of CLS's attention, see `kept` in `mix_values`
    """
    update = block.ls1(attend(block.attn, block.norm1(x), looked_at))
    x = x + (update if attended is None else update * attended)
    update = block.ls2(block.mlp(block.norm2(x)))
    return x + (update if mixed is None else update * mixed)


def run_last_block(
    block: Block,
    x: Tensor,
    attended: Optional[Tensor],
    mixed: Optional[Tensor],
    looked_at: Optional[Tensor] = None,
) -> Tensor:
    """Computes only CLS, since nothing else is used after the last block. With eight blocks this saves a tenth of the
    work.

    :param looked_at: factors of CLS's attention, see `kept` in `mix_values` :returns: shape [B, 1, C]
    """
    update = block.ls1(attend_from_cls(block.attn, block.norm1(x), looked_at))
    x = x[:, :1] + (update if attended is None else update * attended)
    update = block.ls2(block.mlp(block.norm2(x)))
    return x + (update if mixed is None else update * mixed)


class Blanks(NamedTuple):
    where: Tensor  # bool, shape [B, patches]
    token: Tensor  # shape [1, 1, C]


class Backbone(VisionTransformer):
    def __init__(self, architecture: Architecture, drop_path: float = 0.0):
        """:param drop_path: how often a view skips the last block's updates; rises linearly from 0 in the first block"""
        super().__init__(architecture)
        depth = architecture.depth
        self.drop_paths = [drop_path * i / max(1, depth - 1) for i in range(depth)]
        self.compiled, self.compiled_last = run_block, run_last_block

    def compile_blocks(self) -> None:
        """Compiles a program for the last block and one for the others, for each size of views. Compiling a whole network
        takes minutes."""
        self.compiled = torch.compile(run_block, dynamic=False)
        self.compiled_last = torch.compile(run_last_block, dynamic=False)

    def features(self, pixels: Tensor, compiled: bool = True, looked_at: Optional[Tensor] = None) -> Tensor:
        """
        :param pixels: normalised RGB, shape [B, 3, height, width]
        :param looked_at: factors of CLS's attention in the last block, shape [B, H, 1, T], or None for 1
        :param compiled: use the compiled blocks if there are any; they are compiled again for each new batch size
        :returns: the CLS features, shape [B, C]
        """
        run, run_last = (self.compiled, self.compiled_last) if compiled else (run_block, run_last_block)
        x = self.embed(pixels)
        for block, drop_path in zip(self.blocks[:-1], self.drop_paths):
            x = run(block, x, self.keep(x, drop_path), self.keep(x, drop_path))
        kept = [self.keep(x, self.drop_paths[-1]) for _ in range(2)]
        return self.norm(run_last(self.blocks[-1], x, *kept, looked_at))[:, 0]

    def tokens(
        self, pixels: Tensor, looked_at: Optional[Tensor] = None, blanks: Optional[Blanks] = None
    ) -> Tensor:
        """Same as `features` but for all tokens. :param blanks: the patches that are masked :returns: shape [B, T, C]"""
        x = self.embed(pixels) if blanks is None else self.embed_with_blanks(pixels, blanks)
        last = len(self.blocks) - 1
        for i, (block, drop_path) in enumerate(zip(self.blocks, self.drop_paths)):
            kept = [self.keep(x, drop_path) for _ in range(2)]
            x = self.compiled(block, x, *kept, looked_at if i == last else None)
        return self.norm(x)

    def embed_with_blanks(self, pixels: Tensor, blanks: Blanks) -> Tensor:
        """Replaces the masked patches by a learned token, to which their positions are added."""
        rows, columns = (side // self.architecture.patch_size for side in pixels.shape[-2:])
        positions = resample_positions(self.pos_embed[0, 1:], rows, columns)
        x = self.embed(pixels)
        patches = torch.where(blanks.where[..., None], blanks.token + positions, x[:, 1:])
        return torch.cat([x[:, :1], patches], dim=1)

    def keep(self, x: Tensor, drop_path: float) -> Optional[Tensor]:
        """Stochastic depth: the factor is 0 for a view that skips the update, else 1 / (1 - drop_path), so that its mean is 1."""
        if self.drop_paths[-1] == 0 or not self.training:
            return None
        kept = torch.rand(x.shape[0], 1, 1, device=x.device) >= drop_path
        return kept.to(x.dtype) / (1 - drop_path)


class Head(nn.Module):
    """Maps a CLS feature to scores of K prototypes. The last layer's rows have length 1, as in main_dino.py.

    Batch norm, which is an option in main_dino.py, removes what all photographs of a batch have in common. At the
    beginning this is nearly all of the feature. Without batch norm a short run stays near the uniform distribution.
    """

    def __init__(self, channels: int, prototypes: int, hidden: int, bottleneck: int, batch_norm: bool):
        super().__init__()
        layers: List[nn.Module] = []
        for inputs in (channels, hidden):
            layers.append(nn.Linear(inputs, hidden))
            if batch_norm:
                layers.append(nn.BatchNorm1d(hidden, track_running_stats=False))
            layers.append(nn.GELU())
        self.mlp = nn.Sequential(*layers, nn.Linear(hidden, bottleneck))
        self.prototypes = nn.Parameter(torch.empty(prototypes, bottleneck))

    def forward(self, features: Tensor) -> Tensor:
        """:returns: cosines, shape [B, K]"""
        return F.normalize(self.mlp(features), dim=-1) @ F.normalize(self.prototypes, dim=-1).t()


def initialise(module: nn.Module) -> None:
    """Initialises as vision_transformer.py does: truncated normal 0.02, biases zero, convolutions by PyTorch's default."""
    for each in module.modules():
        if isinstance(each, nn.Linear):
            nn.init.trunc_normal_(each.weight, std=0.02)
            if each.bias is not None:
                nn.init.zeros_(each.bias)
    if isinstance(module, VisionTransformer):
        nn.init.trunc_normal_(module.pos_embed, std=0.02)
        nn.init.trunc_normal_(module.cls_token, std=0.02)
    if isinstance(module, Head):
        nn.init.normal_(module.prototypes)


def start_from_sines(backbone: Backbone) -> None:
    """Starts positions as 2-D sines, as in MoCo v3. They are trained afterwards. A short run then need not learn which
    patches are neighbours."""
    a = backbone.architecture
    quarter = a.embed_dim // 4
    frequencies = 10_000 ** (-torch.arange(quarter) / quarter)
    steps = torch.arange(a.grid_size)[:, None] * frequencies
    waves = torch.cat([steps.sin(), steps.cos()], dim=1)  # shape [grid, C / 2]
    grid = a.grid_size
    down = waves[:, None].expand(grid, grid, -1)
    across = waves[None].expand(grid, grid, -1)
    positions = torch.cat([down, across], dim=2).reshape(grid * grid, -1)
    with torch.no_grad():
        backbone.pos_embed[0, 1:, : positions.shape[1]] = positions


def start_attention_near_likeness(backbone: Backbone, generator: torch.Generator) -> None:
    """Starts query times key near the identity and value times projection near its negative, as in trained networks
    (Trockman and Kolter 2023, arXiv 2305.09828). A token then looks at similar tokens from the first step on.
    """
    channels, heads = backbone.architecture.embed_dim, backbone.architecture.num_heads
    width = channels // heads

    def noise() -> Tensor:
        return torch.randn(channels, channels, generator=generator) / math.sqrt(channels)

    identity = torch.eye(channels)
    for block in backbone.blocks:
        with torch.no_grad():
            qkv = block.attn.qkv.weight
            for head in range(heads):
                rows = slice(head * width, (head + 1) * width)
                left, sizes, right = torch.linalg.svd(0.7 * noise() + 0.7 * identity)
                scale = sizes[:width].sqrt()
                qkv[rows] = (left[:, :width] * scale).t()
                qkv[channels:][rows] = right[:width] * scale[:, None]
            left, sizes, right = torch.linalg.svd(0.4 * noise() - 0.4 * identity)
            block.attn.proj.weight.copy_(left * sizes.sqrt())
            qkv[2 * channels :] = right * sizes.sqrt()[:, None]

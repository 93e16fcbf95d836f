"""A Vision Transformer in plain PyTorch, written from the architecture to be read beside the paper.

It is the independent expectation for the TypeScript forward passes: nothing here comes from them.
Parameters carry the names and layouts of the official DINO checkpoints.

DINOv2's networks differ in two things: each block's two updates have a gain a channel (LayerScale), and register
tokens stand between CLS and the patches. Its models with registers also resample their positions in another way.

Dimensions: B batch, T tokens (1 CLS + R registers + rows × columns patches), H heads, D head width, C channels.
"""
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Architecture:
    embed_dim: int
    depth: int
    num_heads: int
    patch_size: int
    grid_size: Union[int, Tuple[int, int]]  # patches along a side of the square that the positions were trained for, or (rows, columns)
    mlp_ratio: float = 4
    qkv_bias: bool = True
    layer_norm_eps: float = 1e-6
    num_registers: int = 0
    layer_scale: bool = False

    @property
    def grid(self) -> Tuple[int, int]:
        """:returns: rows and columns"""
        return self.grid_size if isinstance(self.grid_size, tuple) else (self.grid_size, self.grid_size)

    @staticmethod
    def from_json(fields: dict) -> "Architecture":
        return Architecture(
            embed_dim=fields["embedDim"],
            depth=fields["depth"],
            num_heads=fields["numHeads"],
            patch_size=fields["patchSize"],
            grid_size=tuple(fields["gridSize"]) if isinstance(fields["gridSize"], list) else fields["gridSize"],
            mlp_ratio=fields["mlpRatio"],
            qkv_bias=fields["qkvBias"],
            layer_norm_eps=fields["layerNormEps"],
            num_registers=fields.get("numRegisters", 0),
            layer_scale=fields.get("layerScale", False),
        )

    def to_json(self) -> dict:
        return {
            "family": "dino",
            "embedDim": self.embed_dim,
            "depth": self.depth,
            "numHeads": self.num_heads,
            "patchSize": self.patch_size,
            "gridSize": list(self.grid_size) if isinstance(self.grid_size, tuple) else self.grid_size,
            "mlpRatio": self.mlp_ratio,
            "qkvBias": self.qkv_bias,
            "layerNormEps": self.layer_norm_eps,
            "numRegisters": self.num_registers,
            "layerScale": self.layer_scale,
        }


class Result(NamedTuple):
    attention: List[Tensor]  # one per layer, shape [B, H, T, T]; row: the query token, column: the token that it attends to
    cls_feature: Tensor  # the CLS token after the final norm, shape [B, C]


def resample_positions(
    grid_positions: Tensor, rows: int, columns: int, resampling: str = "offset", grid: Optional[Tuple[int, int]] = None
) -> Tensor:
    """Resamples a grid of position embeddings to another size.

    There are two ways, and a checkpoint does not say which one it needs. DINO and DINOv2 without registers use
    'offset'. The published DINOv2 models with registers use 'antialiased' (dinov2/hub/backbones.py:
    interpolate_antialias, interpolate_offset=0).

    The official code adds 0.1 to both sides so that the product with the grid is not rounded down to one patch too few.
    PyTorch then samples by that scale factor and not by the ratio of the sizes, so the 0.1 moves every sample. Trained
    networks are used with it, so it is part of the definition.

    The official code supports only squares. For an oblong grid this does the same with its rows and columns. At the
    grid's own size the positions stay unchanged.

    :param grid_positions: shape [rows × columns of the grid, C], row by row
    :param grid: its rows and columns; a square if not given
    :returns: shape [rows × columns, C]
    """
    count, channels = grid_positions.shape
    high, wide = grid or (round(count**0.5), round(count**0.5))
    assert high * wide == count, f"{count} position embeddings do not make {high} × {wide}"
    # Both numbers must match: 2 × 8 patches are as many as 4 × 4 but have other positions.
    if (rows, columns) == (high, wide):
        return grid_positions
    image = grid_positions.reshape(1, high, wide, channels).permute(0, 3, 1, 2)
    if resampling == "antialiased":
        image = F.interpolate(image, size=(rows, columns), mode="bicubic", antialias=True)
    else:
        assert resampling == "offset", resampling
        image = F.interpolate(image, scale_factor=((rows + 0.1) / high, (columns + 0.1) / wide), mode="bicubic")
    assert image.shape[-2:] == (rows, columns), f"got {tuple(image.shape[-2:])}, not {(rows, columns)}"
    return image.permute(0, 2, 3, 1).reshape(rows * columns, channels)


class PatchEmbed(nn.Module):
    def __init__(self, a: Architecture):
        super().__init__()
        self.proj = nn.Conv2d(3, a.embed_dim, kernel_size=a.patch_size, stride=a.patch_size)


class Attention(nn.Module):
    def __init__(self, a: Architecture):
        super().__init__()
        self.num_heads = a.num_heads
        self.qkv = nn.Linear(a.embed_dim, 3 * a.embed_dim, bias=a.qkv_bias)
        self.proj = nn.Linear(a.embed_dim, a.embed_dim)

    def forward(self, x: Tensor):
        """:returns: the update, shape [B, T, C], and the attention, shape [B, H, T, T]"""
        batch, tokens, channels = x.shape
        head_width = channels // self.num_heads
        # The output channels of qkv are ordered by [q, k, v], then by head, then by channel of the head.
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.num_heads, head_width)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attention = torch.softmax(q @ k.transpose(-1, -2) / head_width**0.5, dim=-1)
        mixed = (attention @ v).transpose(1, 2).reshape(batch, tokens, channels)
        return self.proj(mixed), attention


class Mlp(nn.Module):
    def __init__(self, a: Architecture):
        super().__init__()
        hidden = int(a.embed_dim * a.mlp_ratio)
        self.fc1 = nn.Linear(a.embed_dim, hidden)
        self.fc2 = nn.Linear(hidden, a.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))  # the exact GELU, with erf


class LayerScale(nn.Module):
    def __init__(self, a: Architecture):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(a.embed_dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, a: Architecture):
        super().__init__()
        self.norm1 = nn.LayerNorm(a.embed_dim, eps=a.layer_norm_eps)
        self.attn = Attention(a)
        self.ls1 = LayerScale(a) if a.layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(a.embed_dim, eps=a.layer_norm_eps)
        self.mlp = Mlp(a)
        self.ls2 = LayerScale(a) if a.layer_scale else nn.Identity()

    def forward(self, x: Tensor):
        update, attention = self.attn(self.norm1(x))
        x = x + self.ls1(update)
        return x + self.ls2(self.mlp(self.norm2(x))), attention


class VisionTransformer(nn.Module):
    def __init__(self, a: Architecture):
        super().__init__()
        self.architecture = a
        self.cls_token = nn.Parameter(torch.zeros(1, 1, a.embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + a.grid[0] * a.grid[1], a.embed_dim))
        if a.num_registers > 0:
            self.register_tokens = nn.Parameter(torch.zeros(1, a.num_registers, a.embed_dim))
        self.patch_embed = PatchEmbed(a)
        self.blocks = nn.ModuleList(Block(a) for _ in range(a.depth))
        self.norm = nn.LayerNorm(a.embed_dim, eps=a.layer_norm_eps)

    def embed(self, pixels: Tensor, overlap: int = 1) -> Tensor:
        """
        :param overlap: patches begin every patch_size / overlap px. As in the repository dino-vit-features, the positions are
            resampled to the finer grid by the network's own rule, as for a larger picture.
        :returns: tokens with their positions, shape [B, T, C]
        """
        batch, _, height, width = pixels.shape
        patch = self.architecture.patch_size
        assert height % patch == 0 and width % patch == 0, f"{height} × {width} px is no multiple of {patch}"
        assert patch % overlap == 0, f"a stride of {patch} / {overlap} px"
        projection, stride = self.patch_embed.proj, patch // overlap
        grid = F.conv2d(pixels, projection.weight, projection.bias, stride=stride)
        size = (height - patch) // stride + 1, (width - patch) // stride + 1
        assert grid.shape[-2:] == size, f"got {tuple(grid.shape[-2:])}, not {size}"
        patches = grid.flatten(2).transpose(1, 2)
        cls_position, grid_positions = self.pos_embed[0, :1], self.pos_embed[0, 1:]
        registers = self.architecture.num_registers
        resampling = "antialiased" if registers > 0 else "offset"
        fitted = resample_positions(grid_positions, *size, resampling, self.architecture.grid)
        positions = torch.cat([cls_position, fitted])
        tokens = torch.cat([self.cls_token.expand(batch, -1, -1), patches], dim=1) + positions
        if registers == 0:
            return tokens
        # Registers have no position, so they are inserted after the positions are added.
        return torch.cat([tokens[:, :1], self.register_tokens.expand(batch, -1, -1), tokens[:, 1:]], dim=1)

    @torch.no_grad()
    def forward(self, pixels: Tensor, kept_rows: Optional[int] = None, overlap: int = 1) -> Result:
        """
        :param pixels: normalised RGB, shape [B, 3, height, width]
        :param kept_rows: the number of rows, from CLS on, that are kept of every layer but the last; all if not given.
            The twelve attentions of S/8 at 480 px need 3.7 GB.
        :param overlap: see `embed`
        """
        x = self.embed(pixels, overlap)
        attentions = []
        for block in self.blocks:
            x, attention = block(x)
            is_last = block is self.blocks[-1]
            attentions.append(attention if is_last or kept_rows is None else attention[:, :, :kept_rows].clone())
        return Result(attentions, self.norm(x)[:, 0])

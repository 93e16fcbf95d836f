"""Views of photographs: crops and changes of colour as batched tensor operations, on the photographs' device."""
import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
LUMA = (0.299, 0.587, 0.114)
# RGB → luma and two axes of chroma. Turning and stretching the chroma plane changes hue and saturation.
TO_CHROMA = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
FROM_CHROMA = tuple(map(tuple, torch.linalg.inv(torch.tensor(TO_CHROMA)).tolist()))


@dataclass(frozen=True)
class Augmentation:
    """`global_area`, `local_area`: the least and the largest part of the square photograph that a crop takes."""

    global_area: tuple
    local_area: tuple
    hue: float  # largest turn of the chroma plane, in half turns
    grey: float  # how often a view has no colour


@lru_cache(maxsize=None)
def constant(values: tuple, device: torch.device) -> Tensor:
    """Kept, since to bring numbers to a GPU is to wait for it."""
    return torch.tensor(values, device=device)


def channels(values: tuple, x: Tensor) -> Tensor:
    """:returns: one number a channel, to be used with x, shape [1, 3, 1, 1]"""
    return constant(values, x.device).view(1, 3, 1, 1)


def normalise(x: Tensor) -> Tensor:
    """:param x: RGB in 0..1, shape [B, 3, height, width]"""
    return (x - channels(MEAN, x)) / channels(STD, x)


def uniform(count: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.empty(count, device=device).uniform_(low, high)


def chance(count: int, probability: float, device: torch.device) -> Tensor:
    """:returns: bool, shape [B, 1, 1, 1]"""
    return torch.rand(count, 1, 1, 1, device=device) < probability


def crop(x: Tensor, side: int, area: tuple) -> Tensor:
    """Random resized crop with flip, as one bilinear sampling. :returns: shape [B, 3, side, side]"""
    count, device = x.shape[0], x.device
    part = uniform(count, area[0], area[1], device)
    aspect = torch.exp(uniform(count, math.log(3 / 4), math.log(4 / 3), device))
    width, height = (part * aspect).sqrt().clamp(max=1), (part / aspect).sqrt().clamp(max=1)
    across = uniform(count, -1, 1, device) * (1 - width)
    down = uniform(count, -1, 1, device) * (1 - height)
    mirror = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    zero = torch.zeros(count, device=device)
    affine = torch.stack([width * mirror, zero, across, zero, height, down], dim=1).view(count, 2, 3)
    grid = F.affine_grid(affine, (count, 3, side, side), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def luma(x: Tensor) -> Tensor:
    """:returns: shape [B, 1, height, width]"""
    return (x * channels(LUMA, x)).sum(1, keepdim=True)


def jitter(x: Tensor, hue: float) -> Tensor:
    """Brightness and contrast by half, hue, saturation 0.3 to 1.6. More than the official script's, in hue above all:
    with a mild change of hue a small network takes colour for what makes two views alike, and looks no further."""
    count, device = x.shape[0], x.device
    x = (x * uniform(count, 0.5, 1.5, device).view(-1, 1, 1, 1)).clamp(0, 1)
    mean = luma(x).mean((2, 3), keepdim=True)
    x = (mean + (x - mean) * uniform(count, 0.5, 1.5, device).view(-1, 1, 1, 1)).clamp(0, 1)
    angle = uniform(count, -math.pi, math.pi, device) * hue
    saturation = uniform(count, 0.3, 1.6, device)
    cosine, sine = saturation * angle.cos(), saturation * angle.sin()
    zero, one = torch.zeros(count, device=device), torch.ones(count, device=device)
    turn = torch.stack([one, zero, zero, zero, cosine, -sine, zero, sine, cosine], dim=1).view(count, 3, 3)
    change = constant(FROM_CHROMA, device) @ turn @ constant(TO_CHROMA, device)
    return (change @ x.flatten(2)).view_as(x).clamp(0, 1)


def blur(x: Tensor) -> Tensor:
    """Gaussian, as wide as a twentieth of the side, by a random sigma for each view."""
    count, channels, height, width = x.shape
    radius = max(1, width // 20)
    sigma = uniform(count, 0.1, radius / 2, x.device).view(-1, 1)
    offsets = torch.arange(-radius, radius + 1, device=x.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    rows = F.pad(x.reshape(1, count * channels, height, width), (radius,) * 4, mode="reflect")
    rows = F.conv2d(rows, kernel.view(-1, 1, 2 * radius + 1, 1), groups=count * channels)
    rows = F.conv2d(rows, kernel.view(-1, 1, 1, 2 * radius + 1), groups=count * channels)
    return rows.view_as(x)


def recolour(x: Tensor, augmentation: Augmentation, blurred: float, solarised: float) -> Tensor:
    """:param blurred, solarised: how often :returns: normalised"""
    count, device = x.shape[0], x.device
    x = torch.where(chance(count, 0.9, device), jitter(x, augmentation.hue), x)
    x = torch.where(chance(count, augmentation.grey, device), luma(x).expand_as(x), x)
    if blurred > 0:
        # So many of the batch, whichever: a count that only the GPU knew would make it wait for the CPU.
        chosen = torch.randperm(count, device=device)[: max(1, round(blurred * count))]
        x = x.index_copy(0, chosen, blur(x[chosen]))
    if solarised > 0:
        x = torch.where(chance(count, solarised, device) & (x > 0.5), 1 - x, x)
    return normalise(x)


def make_views(pixels: Tensor, global_px: int, local_px: int, local_count: int, augmentation: Augmentation):
    """Two global views and some local ones of each photograph, blurred and solarised as often as in main_dino.py.

    :param pixels: uint8, shape [B, side, side, 3]
    :returns: shape [2 × B, 3, global_px, global_px] and [local_count × B, 3, local_px, local_px], view by view
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    first = recolour(crop(x, global_px, augmentation.global_area), augmentation, 1.0, 0.0)
    second = recolour(crop(x, global_px, augmentation.global_area), augmentation, 0.1, 0.2)
    if local_count == 0:
        return torch.cat([first, second]), x.new_empty(0, 3, local_px, local_px)
    repeated = x.repeat(local_count, 1, 1, 1)
    local = recolour(crop(repeated, local_px, augmentation.local_area), augmentation, 0.5, 0.0)
    return torch.cat([first, second]), local

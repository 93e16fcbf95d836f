"""Views of photographs: crops and changes of colour as batched tensor operations, on the photographs' device."""
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import List

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
LUMA = (0.299, 0.587, 0.114)
# RGB → luma and two chroma axes. Rotating and scaling the chroma plane changes hue and saturation.
TO_CHROMA = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
FROM_CHROMA = tuple(map(tuple, torch.linalg.inv(torch.tensor(TO_CHROMA)).tolist()))


@dataclass(frozen=True)
class Augmentation:
    """`global_area`, `local_area`: smallest and largest share of the square photograph that a crop takes."""

    global_area: tuple
    local_area: tuple
    hue: float  # largest rotation of the chroma plane, in half turns
    grey: float  # how often a view is grey
    other_background: float  # how often a view shows its object on another photograph's background


@lru_cache(maxsize=None)
def constant(values: tuple, device: torch.device) -> Tensor:
    """A cached tensor. Copying numbers to a GPU each time would make the CPU wait."""
    return torch.tensor(values, device=device)


def channels(values: tuple, x: Tensor) -> Tensor:
    """:returns: one number for each channel, which broadcasts with x, shape [1, 3, 1, 1]"""
    return constant(values, x.device).view(1, 3, 1, 1)


def normalise(x: Tensor) -> Tensor:
    """:param x: RGB in 0..1, shape [B, 3, height, width]"""
    return (x - channels(MEAN, x)) / channels(STD, x)


def uniform(count: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.empty(count, device=device).uniform_(low, high)


def chance(count: int, probability: float, device: torch.device) -> Tensor:
    """:returns: bool, shape [B, 1, 1, 1]"""
    return torch.rand(count, 1, 1, 1, device=device) < probability


def crop(x: Tensor, side: int, area: tuple, beyond: float = 0.0) -> Tensor:
    """Random resized crop with random flip, by one bilinear sampling.

    :param beyond: crops' centres may lie at least this far to each side of the photograph's centre, in half sides.
        Pixels outside of the photograph are 0.
    :returns: shape [B, channels, side, side]
    """
    count, device = x.shape[0], x.device
    part = uniform(count, area[0], area[1], device)
    aspect = torch.exp(uniform(count, math.log(3 / 4), math.log(4 / 3), device))
    width, height = (part * aspect).sqrt().clamp(max=1), (part / aspect).sqrt().clamp(max=1)
    across = uniform(count, -1, 1, device) * (1 - width).clamp(min=beyond)
    down = uniform(count, -1, 1, device) * (1 - height).clamp(min=beyond)
    mirror = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    zero = torch.zeros(count, device=device)
    affine = torch.stack([width * mirror, zero, across, zero, height, down], dim=1).view(count, 2, 3)
    grid = F.affine_grid(affine, (count, 1, side, side), align_corners=False)
    padding = "reflection" if beyond == 0 else "zeros"
    return F.grid_sample(x, grid, mode="bilinear", padding_mode=padding, align_corners=False)


def luma(x: Tensor) -> Tensor:
    """:returns: shape [B, 1, height, width]"""
    return (x * channels(LUMA, x)).sum(1, keepdim=True)


def jitter(x: Tensor, hue: float) -> Tensor:
    """Changes brightness and contrast by up to half, hue, and saturation by a factor of 0.3 to 1.6. This is more than in the
    official script, above all for hue. With a small change of hue, a small network learns to match views by colour
    alone."""
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
    """Gaussian blur with a radius of a twentieth of the side and a random sigma for each view."""
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
    """:param blurred, solarised: share of the views :returns: normalised views"""
    count, device = x.shape[0], x.device
    x = torch.where(chance(count, 0.9, device), jitter(x, augmentation.hue), x)
    x = torch.where(chance(count, augmentation.grey, device), luma(x).expand_as(x), x)
    if blurred > 0:
        # The number of blurred views is fixed. A random number would be on the GPU, and the CPU would have to wait for it.
        chosen = torch.randperm(count, device=device)[: max(1, round(blurred * count))]
        x = x.index_copy(0, chosen, blur(x[chosen]))
    if solarised > 0:
        x = torch.where(chance(count, solarised, device) & (x > 0.5), 1 - x, x)
    return normalise(x)


def without_things(x: Tensor, things: Tensor) -> Tensor:
    """Fills each object with the blurred colours of its surroundings.

    :param x: shape [B, 3, side, side] :param things: from 0 (background) to 1, shape [B, 1, side, side]
    """
    small = x.shape[-1] // 8
    weights = F.interpolate(1.001 - things, size=(small, small), mode="area")
    colours = F.interpolate(x * (1.001 - things), size=(small, small), mode="area")
    for _ in range(2):
        weights, colours = (F.avg_pool2d(each, 7, 1, 3, count_include_pad=False) for each in (weights, colours))
    filling = F.interpolate(colours / weights, size=x.shape[-2:], mode="bilinear", align_corners=False)
    return x + things * (filling - x)


def cut_out(x: Tensor, backgrounds: Tensor, side: int, area: tuple, often: float) -> Tensor:
    """Crops, some of which show their object on another photograph's background. Two views then have only the object in
    common, and a network that compares their surroundings is wrong ("background swaps" of Ryali et al. 2021,
    "Characterizing and Improving the Robustness of Self-Supervised Learning through Background Augmentations").

    :param x: RGB and the foreground, from 0 (background) to 1, shape [B, 4, any, any]
    :param backgrounds: shape [B, 3, any, any]
    :returns: shape [B, 3, side, side]
    """
    count = len(x)
    # The object may be anywhere in the view. Otherwise the network could find it by looking at the middle.
    both = crop(x, side, area, beyond=0.5)
    view, thing = both[:, :3], both[:, 3:]
    elsewhere = crop(backgrounds, side, area).roll(int(torch.randint(1, count, ())), 0)
    # A crop with nearly nothing of the object would have nothing in common with the other views.
    shown = (thing > 0.5).float().mean((2, 3), keepdim=True) > 0.08
    chosen = chance(count, often, x.device) & shown
    return torch.where(chosen, elsewhere + thing * (view - elsewhere), crop(x[:, :3], side, area))


def make_views(
    pixels: Tensor, things: Tensor, global_px: int, local_px: int, local_count: int, augmentation: Augmentation
):
    """Two global views and some local ones of each photograph, blurred and solarised as often as in main_dino.py.

    :param pixels: uint8, shape [B, side, side, 3]
    :param things: the likely foreground, uint8, shape [B, any, any]; used if other_background > 0
    :returns: shape [2 × B, 3, global_px, global_px] and [local_count × B, 3, local_px, local_px], view by view
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    often = augmentation.other_background
    if often > 0:
        masks = F.interpolate(things[:, None].float() / 255, size=x.shape[-2:], mode="bilinear", align_corners=False)
        backgrounds = without_things(x, masks)
        x = torch.cat([x, masks], dim=1)

    def crops(side: int, area: tuple, count: int) -> List[Tensor]:
        return [cut_out(x, backgrounds, side, area, often) if often > 0 else crop(x, side, area) for _ in range(count)]

    first, second = crops(global_px, augmentation.global_area, 2)
    first, second = recolour(first, augmentation, 1.0, 0.0), recolour(second, augmentation, 0.1, 0.2)
    if local_count == 0:
        return torch.cat([first, second]), x.new_empty(0, 3, local_px, local_px)
    local = torch.cat(crops(local_px, augmentation.local_area, local_count))
    return torch.cat([first, second]), recolour(local, augmentation, 0.5, 0.0)

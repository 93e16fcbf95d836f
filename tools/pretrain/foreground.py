"""What of a photograph is likely to be its thing, and what its background: a rule by colour alone, without labels or network.

What reaches the border of the picture without crossing an edge is background (the minimum barrier distance of Zhang et
al. 2015, "Minimum Barrier Salient Object Detection at 80 FPS"), and so is what has the colours of a border.
"""
import hashlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

# Another rule does not take what this one found.
RULE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
SIDE = 64  # px: what the rule sees
SWEEPS = 2


def sweep(barrier: Tensor, high: Tensor, low: Tensor, x: Tensor, backwards: bool) -> None:
    """Paths go one line on, from each line to the next. :param x and the others: shape [lines, …], changed in place"""
    lines = range(x.shape[0] - 1)
    for line in reversed(lines) if backwards else lines:
        here, there = (line + 1, line) if backwards else (line, line + 1)
        highest, lowest = torch.maximum(high[here], x[there]), torch.minimum(low[here], x[there])
        better = highest - lowest < barrier[there]
        barrier[there] = torch.where(better, highest - lowest, barrier[there])
        high[there] = torch.where(better, highest, high[there])
        low[there] = torch.where(better, lowest, low[there])


def barrier_distance(x: Tensor) -> Tensor:
    """The least (highest - lowest value) on a way from each pixel to the border, by raster scans.

    :param x: shape [B, C, height, width] :returns: the same shape
    """
    barrier = torch.full_like(x, torch.inf)
    for edge in (barrier[..., 0, :], barrier[..., -1, :], barrier[..., 0], barrier[..., -1]):
        edge.zero_()
    state = [each.clone() for each in (barrier, x, x, x)]
    for _ in range(SWEEPS):
        for order in ((2, 0, 1, 3), (3, 0, 1, 2)):  # by rows, by columns
            lines = [each.permute(order).contiguous() for each in state]
            for backwards in (False, True):
                sweep(*lines, backwards)
            inverse = [order.index(axis) for axis in range(4)]
            state = [each.permute(inverse) for each in lines]
    return state[0]


def border_contrast(x: Tensor) -> Tensor:
    """How unlike each pixel is to the colours of the borders, of which the one that differs most is left out, since the
    thing may touch it: Mahalanobis distance to a tenth of the picture along each side.

    :param x: shape [B, 3, side, side] :returns: shape [B, side, side]
    """
    depth = x.shape[-1] // 10
    flat = x.flatten(2)
    maps = []
    for border in (x[:, :, :depth], x[:, :, -depth:], x[..., :depth], x[..., -depth:]):
        colours = border.flatten(2)
        mean = colours.mean(2, keepdim=True)
        spread = (colours - mean) @ (colours - mean).transpose(1, 2) / colours.shape[2]
        inverse = torch.linalg.inv(spread + 1e-3 * torch.eye(3, device=x.device))
        difference = flat - mean
        distance = (difference * (inverse @ difference)).sum(1).clamp_min(0).sqrt()
        maps.append(distance / distance.amax(1, keepdim=True).clamp_min(1e-6))
    stacked = torch.stack(maps)
    return (stacked.sum(0) - stacked.amax(0)).view(len(x), *x.shape[2:])


def stretched(maps: Tensor) -> Tensor:
    """:returns: from 0 to 1 in each map, shape as given [B, height, width]"""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(1e-6)


def opponent(x: Tensor) -> Tensor:
    """Lightness and two differences of colour, weighed roughly as the eye does (Lab / 100). :param x: RGB in 0..1"""
    r, g, b = x.unbind(1)
    return torch.stack([(r + g + b) / 3, (r - g) * 0.9, (0.5 * (r + g) - b) * 0.7], dim=1)


@torch.no_grad()
def foreground(pixels: Tensor) -> Tensor:
    """:param pixels: uint8, shape [B, side, side, 3] :returns: from 0 (background) to 1, shape [B, SIDE, SIDE]"""
    x = pixels.permute(0, 3, 1, 2).float() / 255
    if x.shape[-1] != SIDE:
        x = F.interpolate(x, size=(SIDE, SIDE), mode="area")
    x = opponent(x)
    maps = stretched(barrier_distance(x).sum(1)) + stretched(border_contrast(x))
    line = torch.linspace(-1, 1, SIDE, device=x.device)
    middle = torch.exp(-(line[:, None] ** 2 + line**2) / (2 * 0.7**2))
    maps = stretched(maps * middle)
    # Closing and opening: no holes in a thing, no crumbs beside it.
    maps = -F.max_pool2d(-F.max_pool2d(maps[:, None], 5, 1, 2), 5, 1, 2)
    maps = -F.max_pool2d(-maps, 5, 1, 2)
    maps = F.max_pool2d(maps, 5, 1, 2)[:, 0]
    # Near twice the mean is where things begin (Achanta et al. 2009).
    threshold = (1.7 * maps.mean((1, 2), keepdim=True)).clamp(0.15, 0.7)
    return torch.sigmoid(25 * (maps - threshold))

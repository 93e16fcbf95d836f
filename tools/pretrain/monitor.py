"""How a run is judged while it goes: by photographs that it never trains on, and by no evaluation set's masks."""
from typing import Dict, List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from network import Backbone
from photographs import Photographs, split_name
from views import normalise


def resized(pixels: Tensor, side: int) -> Tensor:
    """:param pixels: uint8, shape [B, any, any, 3] :returns: normalised, shape [B, 3, side, side]"""
    x = pixels.permute(0, 3, 1, 2).float() / 255
    if x.shape[-1] != side:
        x = F.interpolate(x, size=(side, side), mode="bicubic", align_corners=False).clamp(0, 1)
    return normalise(x)


@torch.no_grad()
def features_of(backbone: Backbone, pixels: Tensor, numbers: Tensor, side: int, device: torch.device) -> Tensor:
    """:returns: CLS features of length 1, shape [N, C]"""
    parts = []
    for part in numbers.split(256):
        features = backbone.features(resized(pixels[part].to(device), side), compiled=False)
        parts.append(F.normalize(features.float(), dim=-1))
    return torch.cat(parts)


def classify_by_neighbours(bank: Tensor, labels: Tensor, queries: Tensor, neighbours: int = 20) -> Tensor:
    """The k-NN of DINO's paper: each neighbour's vote has the weight exp(cosine / 0.07). :returns: labels, shape [N]"""
    found = []
    for part in queries.split(1024):
        cosines, nearest = (part @ bank.t()).topk(min(neighbours, len(bank)), dim=-1)
        votes = torch.zeros(len(part), int(labels.max()) + 1, device=bank.device)
        votes.scatter_add_(1, labels[nearest], (cosines / 0.07).exp())
        found.append(votes.argmax(-1))
    return torch.cat(found)


def class_of(name: str, numbers_a_class: Dict[str, int]) -> str:
    """The class of a photograph if its source is numbered one class after the other; else only its source."""
    source, number = split_name(name)
    return f"{source} {number // numbers_a_class[source]}" if source in numbers_a_class else source


def choose_bank(photographs: Photographs, bank_size: int = 6000) -> Tensor:
    """:returns: indices of trained photographs, the same each time, shape [≤ bank_size]"""
    generator = torch.Generator().manual_seed(0)
    trained = photographs.trained.cpu()
    return trained[torch.randperm(len(trained), generator=generator)[:bank_size]]


def knn_predictions(
    backbone: Backbone, photographs: Photographs, side: int, device: torch.device, numbers_a_class: Dict[str, int]
) -> Tuple[List[str], List[str]]:
    """Asks the trained neighbours of each held-out photograph. :returns: what is predicted, and what is right"""
    bank = choose_bank(photographs)
    held_out = photographs.held_out.cpu()
    classes: List[str] = [class_of(name, numbers_a_class) for name in photographs.names]
    names = sorted(set(classes))
    number_of = {name: i for i, name in enumerate(names)}
    labels = torch.tensor([number_of[each] for each in classes], device=device)
    backbone.eval()
    keys = features_of(backbone, photographs.pixels, bank, side, device)
    queries = features_of(backbone, photographs.pixels, held_out, side, device)
    found = classify_by_neighbours(keys, labels[bank.to(device)], queries)
    return [names[each] for each in found], [classes[each] for each in held_out]


def knn_accuracy(
    backbone: Backbone, photographs: Photographs, side: int, device: torch.device, numbers_a_class: Dict[str, int]
) -> float:
    """Share of the held-out photographs whose class (or source) is predicted correctly from their trained neighbours."""
    found, wanted = knn_predictions(backbone, photographs, side, device, numbers_a_class)
    return sum(a == b for a, b in zip(found, wanted)) / len(wanted)


def mass_masks(maps: Tensor, share: float = 0.6) -> Tensor:
    """The smallest set of patches that holds `share` of each map's mass. :param maps: shape [..., P] :returns: bool"""
    values, order = maps.sort(dim=-1)
    kept = (values / values.sum(-1, keepdim=True)).cumsum(-1) > 1 - share
    return kept.gather(-1, order.argsort(-1))


@torch.no_grad()
def attention_agreement(
    backbone: Backbone, photographs: Photographs, side: int, device: torch.device, count: int = 256
) -> Tuple[float, float]:
    """Measures whether heads follow objects when these move in the frame. Takes two windows of each held-out
    photograph, shifted by a quarter of a window in both directions. Computes the Jaccard of a head's masks over the
    common part, and subtracts the Jaccard with the mask of another photograph. The second value is that of a head
    that looks at a fixed place in the frame.

    :returns: the mean over heads, and the best head's value
    """
    patch = backbone.architecture.patch_size
    shift = (side // patch) // 4
    whole = side + shift * patch
    x = resized(photographs.pixels[photographs.held_out[:count]].to(device), whole)
    backbone.eval()

    def masks(view: Tensor) -> Tensor:
        rows = side // patch
        attention = torch.cat([backbone(part, kept_rows=1).attention[-1][:, :, 0, 1:] for part in view.split(64)])
        return mass_masks(attention.float()).view(*attention.shape[:2], rows, rows)

    first = masks(x[:, :, :side, :side])[:, :, shift:, shift:]
    second = masks(x[:, :, whole - side :, whole - side :])[:, :, : -shift or None, : -shift or None]

    def jaccard(a: Tensor, b: Tensor) -> Tensor:
        both, either = (a & b).sum((2, 3)).float(), (a | b).sum((2, 3)).float()
        return torch.where(either > 0, both / either.clamp_min(1), torch.zeros_like(either))

    excess = (jaccard(first, second) - jaccard(first, second.roll(1, 0))).mean(0)
    return float(excess.mean()), float(excess.max())


@torch.no_grad()
def fit_to_things(
    backbone: Backbone, photographs: Photographs, side: int, device: torch.device, count: int = 256
) -> Tuple[float, float]:
    """Jaccard of heads' masks with the foreground by the colour rule (foreground.py). It uses the first held-out
    photographs in which the foreground covers a tenth to a half of the picture.

    :returns: for the mean map, and for each photograph's best head
    """
    things = photographs.things[photographs.held_out].float() / 255
    area = things.mean((1, 2))
    chosen = photographs.held_out[(area > 0.1) & (area < 0.5)][:count]
    backbone.eval()
    means, bests = [], []
    for part in chosen.split(64):
        x = resized(photographs.pixels[part].to(device), side)
        attention = backbone(x, kept_rows=1).attention[-1][:, :, 0, 1:].float()
        rows = side // backbone.architecture.patch_size
        maps = torch.cat([attention, attention.mean(1, keepdim=True)], dim=1)
        masks = mass_masks(maps).float().view(*maps.shape[:2], rows, rows)
        wanted = photographs.things[part].to(device)[:, None].float() / 255 > 0.5
        masks = F.interpolate(masks, size=wanted.shape[-2:], mode="nearest") > 0.5
        jaccard = (masks & wanted).sum((2, 3)) / (masks | wanted).sum((2, 3)).clamp_min(1)
        means.append(jaccard[:, -1])
        bests.append(jaccard[:, :-1].amax(1))
    return float(torch.cat(means).mean()), float(torch.cat(bests).mean())

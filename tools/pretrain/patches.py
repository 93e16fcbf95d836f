"""The masked patches of iBOT (Zhou et al. 2021, arXiv 2111.07832): the student sees a view with patches left out and has to say of
each of them what the teacher, who sees it, makes of it. So that a patch's features say what is there, and not only CLS's.
"""
from typing import NamedTuple

import torch
from torch import Tensor

from config import PatchTask


class PatchTerms(NamedTuple):
    """Means over the masked patches, in nats: cross-entropy = entropy of the teacher + KL."""

    loss: Tensor
    entropy: Tensor


def draw_masks(views: int, rows: int, task: PatchTask, device: torch.device) -> Tensor:
    """Masks a random share of the patches in some of the views: at least one patch in total, and never all patches of a
    view.

    :param views: number of views :param rows: number of patch rows, equal to that of columns
    :returns: bool, shape [views, rows × rows]
    """
    patches = rows * rows
    least, most = task.masked_share
    share = torch.empty(views, 1, device=device).uniform_(least, most)
    wanted = (share * patches).round().clamp(1, max(1, patches - 1))
    # The number of masked views is fixed and only their choice is random. Else there could be no masked patch at all.
    count = max(1, round(task.masked_views * views))
    masked = torch.zeros(views, 1, device=device)
    masked[torch.randperm(views, device=device)[:count]] = 1
    order = torch.rand(views, patches, device=device).argsort(-1).argsort(-1)
    return order < wanted * masked


def patch_loss(teacher: Tensor, student: Tensor) -> PatchTerms:
    """:param teacher: probabilities, shape [masked patches, K] :param student: log-probabilities, the same shape"""
    loss = -(teacher * student).sum(-1).mean()
    entropy = -(teacher * teacher.clamp_min(1e-12).log()).sum(-1).mean()
    return PatchTerms(loss, entropy)

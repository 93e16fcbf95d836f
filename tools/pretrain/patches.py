"""The masked patches of iBOT (Zhou et al. 2021, arXiv 2111.07832): the student sees a view with patches left out and has to say of
each of them what the teacher, who sees it, makes of it. So that a patch's features say what is there, and not only CLS's.
"""
from typing import NamedTuple

import torch
from torch import Tensor

from config import PatchTask


class PatchTerms(NamedTuple):
    """Mean over the masked patches, in nats: cross-entropy = entropy of the teacher + KL."""

    loss: Tensor
    entropy: Tensor


def draw_masks(views: int, rows: int, task: PatchTask, device: torch.device) -> Tensor:
    """Of the views that are masked, a share of the patches; at least one in all, whatever chance says, and of no view all.

    :param views: how many :param rows: and columns of patches
    :returns: bool, shape [views, rows × rows]
    """
    patches = rows * rows
    least, most = task.masked_share
    share = torch.empty(views, 1, device=device).uniform_(least, most)
    wanted = (share * patches).round().clamp(1, max(1, patches - 1))
    # So many of the views, whichever: the number of masked patches would else be 0 now and then.
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

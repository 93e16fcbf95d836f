"""One run that teaches patches what belongs together. A thing is pasted onto another photograph's background, so which patches came from
the same photograph is known without labels; the keys of the last block have to say it. In other views the thing is in its own place, as the rule
of foreground.py finds it. CLS stays what it was.

TokenCut (Wang et al. 2022, arXiv 2202.11539) joins patches whose keys have a cosine above a threshold. The loss is about just this.
"""
import copy
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from config import Grouping, GroupingConfig, Stage
from learner import Learner
from network import Backbone, run_block
from photographs import Photographs, choose_set
from views import Augmentation, chance, crop, recolour, without_things

# The entries of a run's state with which another run can start.
PARTS = ("student", "teacher", "start")


class Seen(NamedTuple):
    keys: Tensor  # of the last block's patches, all heads beside each other, shape [B, P, C]
    attention: Tensor  # of CLS to the patches in the last block, shape [B, H, P]
    cls: Tensor  # after the final norm, shape [B, C]


class Found(NamedTuple):
    pairs: Tensor  # cross-entropy of pairs of patches, nats
    moved: Tensor  # 1 - cosine of CLS with what it was at the start
    missed: Tensor  # cross-entropy of CLS's attention with one that is spread evenly over the thing, nats


def paste(
    pixels: Tensor, things: Tensor, side: int, augmentation: Augmentation, grouping: Grouping
) -> Tuple[Tensor, Tensor]:
    """A view of each photograph: its thing on the background of another one of the batch, or in its own place. Recoloured as a whole
    afterwards, so that colours do not tell the two apart.

    :param pixels: uint8, shape [B, any, any, 3] :param things: the likely foreground, uint8, shape [B, any, any]
    :returns: normalised views, shape [B, 3, side, side], and where the thing is, from 0 to 1, shape [B, 1, side, side]
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    masks = F.interpolate(things[:, None].float() / 255, size=x.shape[-2:], mode="bilinear", align_corners=False)
    both = crop(torch.cat([x, masks], dim=1), side, augmentation.global_area, beyond=0.5)
    view, thing = both[:, :3], both[:, 3:]
    whole = chance(len(x), grouping.whole_backgrounds, x.device)
    others = crop(torch.where(whole, x, without_things(x, masks)), side, augmentation.global_area)
    others = others.roll(int(torch.randint(1, len(x), ())), 0)
    own = chance(len(x), grouping.own_backgrounds, x.device)
    as_it_is = crop(torch.cat([x, masks], dim=1), side, augmentation.global_area)
    views = torch.where(own, as_it_is[:, :3], others + thing * (view - others))
    return recolour(views, augmentation, 0.3, 0.0), torch.where(own, as_it_is[:, 3:], thing)


def compare_pairs(keys: Tensor, thing: Tensor, grouping: Grouping) -> Tuple[Tensor, Tensor]:
    """Cross-entropy of "came from the same photograph" for all pairs of patches, by how far their cosine is above the threshold. Pairs within the
    thing, pairs within the background and pairs across count a third each, whatever the thing's size.

    :param keys: shape [B, P, C] :param thing: share of each patch that is thing, shape [B, P]. A patch with both in it counts
        for nothing, nor does a view with hardly any of one of them.
    :returns: nats, and the views that count, bool, shape [B]
    """
    inside, outside = thing > 0.75, thing < 0.25
    counts = (inside.sum(-1) >= 2) & (outside.sum(-1) >= 2)
    unit = F.normalize(keys, dim=-1)
    scores = (unit @ unit.transpose(1, 2) - grouping.threshold) / grouping.temperature

    def mean(rows: Tensor, columns: Tensor, same: bool) -> Tensor:
        pairs = (rows[:, :, None] & columns[:, None] & counts[:, None, None]).to(scores.dtype)
        losses = F.softplus(-scores if same else scores)
        return (losses * pairs).sum() / pairs.sum().clamp_min(1)

    parts = [mean(inside, inside, True), mean(outside, outside, True), mean(inside, outside, False)]
    return torch.stack(parts).mean(), counts


def missed_things(attention: Tensor, thing: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy of each head's attention with one that is spread evenly over the thing. To count only how much of the attention is on the
    thing makes heads look at a few of its patches.

    :param attention: shape [B, H, P] :param thing, counts: as in `compare_pairs` :returns: mean over views and heads, nats
    """
    inside = (thing > 0.75).to(attention.dtype)
    evenly = inside / inside.sum(-1, keepdim=True).clamp_min(1)
    missed = -(evenly[:, None] * attention.clamp_min(1e-6).log()).sum(-1)
    return (missed * counts[:, None]).sum() / (counts.sum() * attention.shape[1]).clamp_min(1)


def look(network: Backbone, pixels: Tensor) -> Seen:
    """One pass, of the last block only what is needed. :param pixels: normalised, shape [B, 3, height, width]"""
    x = network.embed(pixels)
    for block in network.blocks[:-1]:
        x = run_block(block, x, None, None)
    block = network.blocks[-1]
    q, k, v = block.attn.qkv(block.norm1(x)).chunk(3, dim=-1)

    def parted(part: Tensor) -> Tensor:
        return part.unflatten(-1, (block.attn.num_heads, -1)).transpose(1, 2)

    likeness = parted(q)[:, :, :1].float() @ parted(k).transpose(-1, -2).float()
    attention = torch.softmax(likeness / (k.shape[-1] // block.attn.num_heads) ** 0.5, dim=-1)
    mixed = (attention.to(v.dtype) @ parted(v)).transpose(1, 2).flatten(2)
    cls = x[:, :1] + block.ls1(block.attn.proj(mixed))
    cls = network.norm(cls + block.ls2(block.mlp(block.norm2(cls))))
    return Seen(k[:, 1:].float(), attention[:, :, 0, 1:], cls[:, 0].float())


class GroupingLearner(Learner):
    def __init__(
        self,
        config: GroupingConfig,
        sets: List[Photographs],
        device: torch.device,
        compiled: bool = False,
        half: bool = False,
        shares: int = 1,
    ):
        if shares > 1 or compiled:
            raise ValueError("A run that groups patches is neither compiled nor parted: use neither --shares nor --compile.")
        super().__init__(config, device, half)
        # Small photographs have too few pixels for a thing on a background.
        largest = max(each.side for each in sets)
        self.sets = [each for each in sets if each.side == largest]
        # The running mean of the student's weights is what is judged and exported.
        self.teacher = self.frozen_copy()
        # What CLS is held to.
        self.start = self.frozen_copy()
        self.optimizer = self.make_optimizer(torch.nn.Identity())

    def frozen_copy(self) -> Backbone:
        network = copy.deepcopy(self.student).eval()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        return network

    @property
    def network(self) -> Backbone:
        return self.teacher

    @property
    def parameters(self) -> List[Tensor]:
        return list(self.student.parameters())

    def schedule(self) -> Dict[str, float]:
        return {"learningRate": self.pace()[0]}

    def describe(self, found: Found) -> Dict[str, float]:
        loss = float(self.weigh(found).detach())
        return {"loss": loss, **{name: float(each.detach()) for name, each in found._asdict().items()}}

    def judge_itself(self, side: int) -> Dict[str, float]:
        return {}

    def weigh(self, found: Found) -> Tensor:
        grouping = self.config.grouping
        return found.pairs + grouping.keep * found.moved + grouping.attention * found.missed

    def step(self, stage: Stage) -> Found:
        """One training step: views, loss, gradients, clipping, AdamW, running mean."""
        photographs = choose_set(self.sets)
        chosen = torch.randint(len(photographs.trained), (stage.batch,), device=photographs.pixels.device)
        numbers = photographs.trained[chosen]
        pixels, things = (each[numbers].to(self.device) for each in (photographs.pixels, photographs.things))
        grouping = self.config.grouping
        views, pasted = paste(pixels, things, stage.global_px, self.config.augmentation, grouping)
        thing = F.avg_pool2d(pasted, self.config.patch_size).flatten(1)
        for group in self.optimizer.param_groups:
            group["lr"] = self.pace()[0]
        self.student.train()
        with self.autocast():
            seen = look(self.student, views)
            with torch.no_grad():
                before = look(self.start, views)
        pairs, counts = compare_pairs(seen.keys, thing, grouping)
        moved = (1 - F.cosine_similarity(seen.cls, before.cls, dim=-1)).mean()
        found = Found(pairs, moved, missed_things(seen.attention, thing, counts))
        self.optimizer.zero_grad(set_to_none=True)
        self.weigh(found).backward()
        self.clip()
        self.optimizer.step()
        with torch.no_grad():
            follower = list(self.teacher.parameters())
            torch._foreach_mul_(follower, grouping.momentum)
            torch._foreach_add_(follower, [p.detach() for p in self.student.parameters()], alpha=1 - grouping.momentum)
        self.seen += stage.batch
        return found

    def start_from(self, weights: Dict[str, np.ndarray]) -> None:
        """Starts with the weights of another run, of any grid. CLS is held to what they make of it."""
        for network in (self.student, self.teacher, self.start):
            network.load_state_dict(self.fit(weights))

    def start_from_run(self, state: dict) -> None:
        """Starts from the end of another run of this kind, CLS held to the same network. The optimizer and the count start anew."""
        self.restore({**self.state(), **{key: state[key] for key in PARTS}})

    def state(self) -> dict:
        return {
            "student": self.student.state_dict(),
            "teacher": self.teacher.state_dict(),
            "start": self.start.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "seen": self.seen,
        }

    def restore(self, state: dict) -> None:
        self.student.load_state_dict(state["student"])
        self.teacher.load_state_dict(state["teacher"])
        self.start.load_state_dict(state["start"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.seen = state["seen"]
        # The views after a pause differ from those before it, and they are the same in every repetition.
        torch.manual_seed(self.config.seed + self.seen)

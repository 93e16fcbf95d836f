"""One run with labels, by cross-entropy: the views of a run of DINO, the same network, and another loss."""
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import Mixing, Stage, SupervisedConfig
from labels import Classes, Labelled, find_classes, label
from learner import Learner
from monitor import resized
from photographs import Photographs, choose_set
from views import make_views


class Found(NamedTuple):
    loss: Tensor
    right: Tensor  # share of views that are classified correctly; in mixed views the larger part counts


def cross_entropy(scores: Tensor, labels: Tensor, among: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy over the classes of each photograph's own source. The look of a source's files then does not
    help.

    :param scores: shape [B, classes] :param among: bool, shape [B, classes]
    :param smoothing: share of the target that is spread evenly over these classes
    :returns: nats, shape [B]
    """
    logs = F.log_softmax(scores.masked_fill(~among, -torch.inf), dim=-1)
    told = -logs.gather(1, labels[:, None])[:, 0]
    evenly = -logs.masked_fill(~among, 0).sum(-1) / among.sum(-1)
    return (1 - smoothing) * told + smoothing * evenly


def draw_share(alpha: float) -> float:
    """Draws from Beta(alpha, alpha)."""
    return float(torch.distributions.Beta(alpha, alpha).sample())


def mix(views: Tensor, mixing: Mixing) -> Tuple[Tensor, Tensor, float]:
    """Mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019) of a batch's views with each other.

    :returns: the views; the index of the other view that each is mixed with, shape [B]; the share that each keeps of
        itself
    """
    others = torch.randperm(len(views), device=views.device)
    if torch.rand(()) >= mixing.often:
        return views, others, 1.0
    if torch.rand(()) < 0.5:
        share = draw_share(mixing.mixup)
        return share * views + (1 - share) * views[others], others, share
    sides = torch.tensor(views.shape[-2:])
    middle, half = torch.rand(2) * sides, sides * (1 - draw_share(mixing.cutmix)) ** 0.5 / 2
    top, left = (middle - half).round().clamp(min=0).int().tolist()
    bottom, right = torch.minimum((middle + half).round(), sides).int().tolist()
    mixed = views.clone()
    mixed[:, :, top:bottom, left:right] = views[others, :, top:bottom, left:right]
    return mixed, others, 1 - (bottom - top) * (right - left) / int(sides.prod())


def make_classifier(channels: int, classes: int) -> nn.Module:
    """Maps CLS to scores of all classes. Batch norm removes what all photographs of a batch have in common, as in
    DINO's head. At the beginning this is nearly all of the feature. Without batch norm the first 20,000 photographs
    taught nothing.
    """
    linear = nn.Linear(channels, classes)
    # At the beginning all classes are equally likely.
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.BatchNorm1d(channels, affine=False), linear)


class Supervised(Learner):
    def __init__(
        self,
        config: SupervisedConfig,
        sets: List[Photographs],
        device: torch.device,
        compiled: bool = False,
        half: bool = False,
        shares: int = 1,
    ):
        if shares > 1:
            raise ValueError("Shares are for runs without labels: use one.")
        super().__init__(config, device, half)
        known = (config.numbers_a_class, config.labels.turns)
        self.classes: Classes = find_classes(sets, *known)
        # All photographs, also those without a class, so that k-NN uses the same ones as runs without labels.
        self.sets = sets
        labelled = [label(photographs, self.classes, *known) for photographs in sets]
        self.labelled = {id(each.photographs): each for each in labelled if len(each.photographs.trained) > 0}
        self.classifier = make_classifier(config.embed_dim, self.classes.count).to(device)
        self.optimizer = self.make_optimizer(self.classifier)
        if compiled:
            self.student.compile_blocks()

    @property
    def network(self):
        return self.student

    @property
    def parameters(self) -> List[Tensor]:
        return [*self.student.parameters(), *self.classifier.parameters()]

    def schedule(self) -> Dict[str, float]:
        return {"learningRate": self.pace()[0]}

    def describe(self, found: Found) -> Dict[str, float]:
        return {"loss": float(found.loss), "right": float(found.right)}

    def judge_itself(self, side: int) -> Dict[str, float]:
        return self.accuracy(side)

    def step(self, stage: Stage) -> Found:
        """One training step: views, loss, gradients, clipping, AdamW."""
        chosen_set = choose_set([each.photographs for each in self.labelled.values()])
        photographs, labels, among = self.labelled[id(chosen_set)]
        chosen = torch.randint(len(photographs.trained), (stage.batch,), device=photographs.pixels.device)
        numbers = photographs.trained[chosen]
        pixels, things = (each[numbers].to(self.device) for each in (photographs.pixels, photographs.things))
        kinds = make_views(pixels, things, stage.global_px, stage.local_px, stage.locals, self.config.augmentation)
        for group in self.optimizer.param_groups:
            group["lr"] = self.pace()[0]
        self.student.train()
        self.classifier.train()
        found = [self.judge_views(views, labels[numbers], among[numbers]) for views in kinds if len(views) > 0]
        losses, right = (torch.cat(each) for each in zip(*found))
        self.optimizer.zero_grad(set_to_none=True)
        losses.mean().backward()
        self.clip()
        self.optimizer.step()
        self.seen += stage.batch
        return Found(losses.detach().mean(), right.float().mean())

    def judge_views(self, views: Tensor, labels: Tensor, among: Tensor) -> Tuple[Tensor, Tensor]:
        """:param views: some of each photograph, view by view :returns: the loss of each, and whether its class was predicted"""
        smoothing, mixing = self.config.labels.smoothing, self.config.labels.mixing
        count = len(views) // len(labels)
        labels, among = labels.repeat(count), among.repeat(count, 1)
        views, others, share = mix(views, mixing)
        with self.autocast():
            features = self.student.features(views, looked_at=self.looked_at(views))
        scores = self.classifier(features.float())
        losses = share * cross_entropy(scores, labels, among, smoothing)
        if share < 1:
            losses = losses + (1 - share) * cross_entropy(scores, labels[others], among[others], smoothing)
        best = scores.detach().masked_fill(~among, -torch.inf).argmax(-1)
        return losses, best == (labels if share >= 0.5 else labels[others])

    @torch.no_grad()
    def accuracy(self, side: int) -> Dict[str, float]:
        """Top-1 on the whole held-out photographs of each source, among the classes of that source."""
        self.student.eval()
        self.classifier.eval()
        right: Dict[str, List[Tensor]] = {}
        for photographs, labels, among in self.labelled.values():
            for numbers in photographs.held_out.split(256):
                views = resized(photographs.pixels[numbers].to(self.device), side)
                scores = self.classifier(self.student.features(views, compiled=False).float())
                best = scores.masked_fill(~among[numbers], -torch.inf).argmax(-1)
                for source, first in self.classes.first_of.items():
                    own = among[numbers][:, first]
                    right.setdefault(source, []).append((best == labels[numbers])[own])
        return {f"top1 {source}": float(torch.cat(each).float().mean()) for source, each in right.items()}

    def start_from(self, weights: Dict[str, np.ndarray]) -> None:
        """Starts with the weights of another run, of any grid. Classifier and optimizer start anew."""
        self.student.load_state_dict(self.fit(weights))

    def start_from_run(self, state: dict) -> None:
        """Starts from the end of another run with labels. The optimizer and the count start anew."""
        self.restore({**self.state(), **{key: state[key] for key in ("student", "classifier")}})

    def state(self) -> dict:
        return {
            "student": self.student.state_dict(),
            "classifier": self.classifier.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "seen": self.seen,
        }

    def restore(self, state: dict) -> None:
        self.student.load_state_dict(state["student"])
        self.classifier.load_state_dict(state["classifier"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.seen = state["seen"]
        # The views after a pause differ from those before it, and they are the same in every repetition.
        torch.manual_seed(self.config.seed + self.seen)

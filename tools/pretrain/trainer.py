"""One run of DINO: student, teacher, centre, optimizer, and the step that moves them."""
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, List, NamedTuple, Optional, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import Config, Stage
from learner import Learner
from network import Backbone, Blanks, Head, initialise
from patches import PatchTerms, draw_masks, patch_loss
from photographs import Photographs, choose_set
from views import make_views

T = TypeVar("T")
# The entries of a run's state with which another run can start.
PARTS = ("student", "studentHead", "teacher", "teacherHead", "centre", "blank", "patchCentre")


class Terms(NamedTuple):
    """The loss and its two parts: cross-entropy = entropy of the teacher + KL from teacher to student, in nats."""

    loss: Tensor
    entropy: Tensor
    patches: Optional[PatchTerms] = None  # terms of the task with masked patches, if there is one


def dino_loss(teacher: Tensor, student: Tensor) -> Terms:
    """Mean cross-entropy over all pairs of a global view for the teacher and a different view for the student.

    :param teacher: probabilities, shape [2, B, K] :param student: log-probabilities, shape [views, B, K], globals first
    """
    views, batch, _ = student.shape
    # All pairs at once, minus the pairs of a view with itself.
    agreement = (teacher.sum(0) * student.sum(0)).sum() - (teacher * student[:2]).sum()
    entropy = -(teacher * teacher.clamp_min(1e-12).log()).sum(-1).mean()
    return Terms(-agreement / (2 * (views - 1) * batch), entropy)


class Run(NamedTuple):
    """Both networks' tokens for a batch, shape [views, 1 or T, C]: CLS, and with the patch task the patches of global views."""

    teacher: Tensor  # of the global views
    student: List[List[Tensor]]  # of the global views, then of the local ones if there are any; each is a list over shares


class Trainer(Learner):
    def __init__(
        self,
        config: Config,
        sets: List[Photographs],
        device: torch.device,
        compiled: bool = False,
        half: bool = False,
        shares: int = 1,
    ):
        """
        :param half: bfloat16 autocast
        :param shares: splits a batch into this many parts, each on its own thread. On a CPU, PyTorch's threads within
            one operation help little for such small operations.
        """
        if shares > 1 and config.optimisation.drop_path > 0:
            raise ValueError("Shares draw at random in no order, so a run with dropPath could not be repeated: use one.")
        super().__init__(config, device, half)
        self.sets = sets
        self.pool = ThreadPoolExecutor(shares, initializer=torch.set_num_threads, initargs=(1,)) if shares > 1 else None
        self.shares = shares
        self.student_head = Head(config.embed_dim, **vars(config.head))
        initialise(self.student_head)
        self.student_head = self.student_head.to(device)
        self.teacher, self.teacher_head = Backbone(config.architecture), Head(config.embed_dim, **vars(config.head))
        self.teacher, self.teacher_head = self.teacher.to(device).eval(), self.teacher_head.to(device).eval()
        self.teacher.load_state_dict(self.student.state_dict())
        self.teacher_head.load_state_dict(self.student_head.state_dict())
        self.follower = [*self.teacher.parameters(), *self.teacher_head.parameters()]
        # The token in place of masked patches.
        self.blank = nn.Parameter(torch.zeros(1, 1, config.embed_dim, device=device))
        self.leader = [*self.student.parameters(), *self.student_head.parameters()]
        for parameter in self.follower:
            parameter.requires_grad_(False)
        self.centre = torch.zeros(1, config.head.prototypes, device=device)
        self.patch_centre = torch.zeros(1, config.head.prototypes, device=device)
        self.optimizer = self.make_optimizer(self.student_head)
        if config.patches.weight > 0:
            self.optimizer.add_param_group({"params": [self.blank], "weight_decay": 0.0})
        if compiled:
            self.student.compile_blocks()
            self.teacher.compile_blocks()

    @property
    def network(self) -> Backbone:
        """The network that is judged and exported."""
        return self.teacher

    @property
    def parameters(self) -> List[Tensor]:
        return self.leader

    def schedule(self) -> Dict[str, float]:
        """The teacher's updates become smaller as the learning rate does."""
        rate, level = self.pace()
        return {"learningRate": rate, "momentum": 1 - (1 - self.config.teacher.momentum) * max(level, 0.02)}

    def share_out(self, work: Callable[[int], T]) -> List[T]:
        """:returns: the results of `work` for each share"""
        return list((map if self.pool is None else self.pool.map)(work, range(self.shares)))

    def run(self, global_views: Tensor, local_views: Tensor, masked: Optional[Tensor]) -> Run:
        """:param masked: the patches of global views that the student does not see, bool, shape [2 × B, P]; None: no
        patch task"""
        kinds = [views for views in (global_views, local_views) if len(views) > 0]
        parts = [views.tensor_split(self.shares) for views in kinds]
        # Drawn here and not on the threads, so that a run can be repeated.
        drawn = [self.looked_at(views) for views in kinds]
        factors = [[None] * self.shares if each is None else each.tensor_split(self.shares) for each in drawn]
        masks = None if masked is None else masked.tensor_split(self.shares)

        def tokens_of(network: Backbone, kind: int, share: int, **more) -> Tensor:
            if masks is None or kind > 0:
                return network.features(parts[kind][share], **more)[:, None]
            if network is self.student:
                more["blanks"] = Blanks(masks[share], self.blank)
            return network.tokens(parts[kind][share], **more)

        def features_of(share: int):
            with torch.no_grad(), self.autocast():
                teacher = tokens_of(self.teacher, 0, share)
            with torch.enable_grad(), self.autocast():
                kinds = range(len(parts))
                return teacher, [tokens_of(self.student, kind, share, looked_at=factors[kind][share]) for kind in kinds]

        found = self.share_out(features_of)
        teacher = torch.cat([features for features, _ in found])
        return Run(teacher, [[features[kind] for _, features in found] for kind in range(len(kinds))])

    def descend(self, global_views: Tensor, local_views: Tensor, count: int):
        """Computes the loss and its gradients.

        :returns: the loss's terms, the teacher's scores of the views, shape [2 × B, K], and those of masked patches or
            None
        """
        task, teacher = self.config.patches, self.config.teacher
        masked = None
        if task.weight > 0:
            masked = draw_masks(len(global_views), global_views.shape[2] // self.config.patch_size, task, self.device)
        run = self.run(global_views, local_views, masked)
        with torch.no_grad():
            # The heads are small. A temperature of 0.025 would multiply the rounding errors of bfloat16 by forty.
            scores = self.teacher_head(run.teacher[:, 0].float())
            wanted = F.softmax((scores - self.centre) / teacher.temperature, dim=-1)
        # Head and loss need the whole batch. The network before them runs in shares, forward and backward.
        features = [[part.detach().requires_grad_() for part in kind] for kind in run.student]
        given = self.student_head(torch.cat([part[:, 0] for kind in features for part in kind]).float())
        given = F.log_softmax(given / teacher.student_temperature, dim=-1)
        batch = len(global_views) // 2
        terms = dino_loss(wanted.view(2, batch, -1), given.view(count, batch, -1))
        loss, patch_scores = terms.loss, None
        if masked is not None:
            patches, patch_scores = self.compare_patches(run.teacher, torch.cat(features[0]), masked)
            terms = terms._replace(patches=patches)
            loss = loss + task.weight * patches.loss
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.seen >= self.config.optimisation.head_first_images:
            self.hand_on([[part.grad for part in kind] for kind in features], run)
        return terms, scores, patch_scores

    def hand_on(self, gradients: List[List[Tensor]], run: Run) -> None:
        """Backpropagates from the network's outputs to its weights. :param gradients: of `run.student`"""
        weights = [parameter for parameter in [*self.student.parameters(), self.blank] if parameter.requires_grad]

        def gradients_of(share: int):
            outputs = [kind[share] for kind in run.student]
            return torch.autograd.grad(outputs, weights, [kind[share] for kind in gradients], allow_unused=True)

        # Added in a fixed order, so that a run can be repeated to the bit.
        for found in self.share_out(gradients_of):
            for weight, gradient in zip(weights, found):
                if gradient is not None:
                    weight.grad = gradient if weight.grad is None else weight.grad.add_(gradient)

    def compare_patches(self, teacher: Tensor, student: Tensor, masked: Tensor):
        """:returns: the terms, and the teacher's scores of the masked patches, shape [masked, K]"""
        with torch.no_grad():
            scores = self.teacher_head(teacher[:, 1:][masked].float())
            wanted = F.softmax((scores - self.patch_centre) / self.config.patches.temperature, dim=-1)
        given = self.student_head(student[:, 1:][masked].float())
        return patch_loss(wanted, F.log_softmax(given / self.config.teacher.student_temperature, dim=-1)), scores

    def step(self, stage: Stage) -> Terms:
        """One training step: views, loss, gradients, clipping, AdamW, teacher, centre."""
        photographs = choose_set(self.sets)
        chosen = torch.randint(len(photographs.trained), (stage.batch,), device=photographs.pixels.device)
        numbers = photographs.trained[chosen]
        pixels, things = (each[numbers].to(self.device) for each in (photographs.pixels, photographs.things))
        views = make_views(pixels, things, stage.global_px, stage.local_px, stage.locals, self.config.augmentation)
        schedule = self.schedule()
        for group in self.optimizer.param_groups:
            group["lr"] = schedule["learningRate"]
        self.student.train()
        terms, scores, patch_scores = self.descend(*views, 2 + stage.locals)
        if self.seen < self.config.optimisation.frozen_images:
            self.student_head.prototypes.grad = None
        self.clip()
        self.optimizer.step()
        momentum, centre_momentum = schedule["momentum"], self.config.teacher.centre_momentum
        with torch.no_grad():
            torch._foreach_mul_(self.follower, momentum)
            torch._foreach_add_(self.follower, [p.detach() for p in self.leader], alpha=1 - momentum)
            self.centre.lerp_(scores.mean(0, keepdim=True), 1 - centre_momentum)
            if patch_scores is not None:
                self.patch_centre.lerp_(patch_scores.mean(0, keepdim=True), 1 - centre_momentum)
        self.seen += stage.batch
        return terms

    def describe(self, found: Terms) -> Dict[str, float]:
        loss, entropy = float(found.loss.detach()), float(found.entropy)
        share = entropy / math.log(self.config.head.prototypes)
        described = {"loss": loss, "entropy": entropy, "kl": loss - entropy, "entropyOfUniform": share}
        if found.patches is not None:
            patches, entropy = float(found.patches.loss.detach()), float(found.patches.entropy)
            described.update(patchLoss=patches, patchEntropy=entropy, patchKl=patches - entropy)
        return described

    def judge_itself(self, side: int) -> Dict[str, float]:
        return {}

    def start_from(self, weights: Dict[str, np.ndarray]) -> None:
        """Starts with the weights of another run, of any grid. Heads and optimizer start anew."""
        tensors = self.fit(weights)
        self.student.load_state_dict(tensors)
        self.teacher.load_state_dict(tensors)

    def start_from_run(self, state: dict) -> None:
        """Starts from the end of another run of the same network, with its student, teacher, heads and centre. The
        optimizer and the count start anew."""
        self.restore({**self.state(), **{key: state[key] for key in PARTS}})

    def state(self) -> dict:
        return {
            "student": self.student.state_dict(),
            "studentHead": self.student_head.state_dict(),
            "teacher": self.teacher.state_dict(),
            "teacherHead": self.teacher_head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "centre": self.centre,
            "blank": self.blank.data,
            "patchCentre": self.patch_centre,
            "seen": self.seen,
        }

    def restore(self, state: dict) -> None:
        self.student.load_state_dict(state["student"])
        self.student_head.load_state_dict(state["studentHead"])
        self.teacher.load_state_dict(state["teacher"])
        self.teacher_head.load_state_dict(state["teacherHead"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.centre.copy_(state["centre"])
        self.blank.data.copy_(state["blank"])
        self.patch_centre.copy_(state["patchCentre"])
        self.seen = state["seen"]
        # The views after a pause differ from those before it, and they are the same in every repetition.
        torch.manual_seed(self.config.seed + self.seen)

"""What every run has, whatever it learns by: a network that is trained, its optimizer, and how far it goes in a step."""
import math
from typing import Dict, List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from config import AnyConfig
from network import Backbone, initialise, start_attention_near_likeness, start_from_sines
from vit import resample_positions


class Learner:
    def __init__(self, config: AnyConfig, device: torch.device, half: bool):
        """:param half: bfloat16 autocast"""
        torch.manual_seed(config.seed)
        self.config, self.device, self.half = config, device, half
        self.student = Backbone(config.architecture, config.optimisation.drop_path)
        initialise(self.student)
        if config.start == "sines-and-likeness":
            start_from_sines(self.student)
            start_attention_near_likeness(self.student, torch.Generator().manual_seed(config.seed))
        self.student = self.student.to(device)
        self.seen = 0

    def make_optimizer(self, head: nn.Module) -> torch.optim.Optimizer:
        """Makes AdamW with weight decay for the weights only, not for biases, gains, tokens and positions."""
        named = [*self.student.named_parameters(), *head.named_parameters()]
        kept = [p for name, p in named if p.ndim == 1 or name in ("pos_embed", "cls_token")]
        decaying = [p for name, p in named if not any(p is each for each in kept)]
        groups = [{"params": decaying}, {"params": kept, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=self.config.optimisation.weight_decay)

    def pace(self) -> Tuple[float, float]:
        """The learning rate: a linear warm-up, a constant level, and a half cosine down at the end.

        :returns: the rate, and the decay's factor alone, without the warm-up
        """
        o = self.config.optimisation
        progress = min(1.0, self.seen / self.config.images)
        decay = max(0.0, (progress - (1 - o.decay_share)) / o.decay_share)
        level = 0.5 * (1 + math.cos(math.pi * decay))
        warm = min(1.0, (self.seen + 1) / max(1, o.warm_up_images))
        return o.learning_rate * warm * level, level

    def autocast(self):
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half)

    def looked_at(self, views: Tensor) -> Optional[Tensor]:
        """Factors for dropout of the student's attention in the last block. Each is 0 or 1 / (1 - dropout rate), so
        that their mean is 1. A head that looks at few patches can lose all of them at once, so it learns to use all
        patches with the same information.

        :returns: shape [B, H, 1, T], or None for 1
        """
        left_out = self.config.optimisation.attention_dropout
        if left_out == 0:
            return None
        tokens = 1 + views.shape[2] * views.shape[3] // self.config.patch_size**2
        shape = (len(views), self.config.num_heads, 1, tokens)
        return (torch.rand(shape, device=views.device) >= left_out).float() / (1 - left_out)

    def fit(self, weights: Dict[str, np.ndarray]) -> Dict[str, Tensor]:
        """Weights of another run, with positions resampled to this run's grid. :param weights: of any grid"""
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        grid = self.config.grid_size
        positions = tensors["pos_embed"]
        patches = resample_positions(positions[0, 1:], grid, grid)
        return {**tensors, "pos_embed": torch.cat([positions[:, :1], patches[None]], dim=1)}

    def clip(self) -> None:
        """Clips each parameter's gradient separately. main_dino.py does the same but also clips the head's gradients."""
        gradients: List[Tensor] = [p.grad for p in self.student.parameters() if p.grad is not None]
        if not gradients:
            return
        limit = self.config.optimisation.gradient_clip
        norms = torch.stack(torch._foreach_norm(gradients))
        factors = (limit / (norms + 1e-6)).clamp(max=1)
        torch._foreach_mul_(gradients, list(factors.unbind()))

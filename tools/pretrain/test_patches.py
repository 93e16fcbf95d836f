"""What the task for patches must do."""
import math
import sys
import unittest
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from config import Config, PatchTask  # noqa: E402
from example import CPU, made_up, small_config  # noqa: E402
from network import Architecture, Backbone, Blanks, initialise  # noqa: E402
from patches import draw_masks, patch_loss  # noqa: E402
from trainer import Trainer  # noqa: E402


def config_with_patches(weight: float = 1.0, **optimisation) -> Config:
    config = small_config()
    optimisation = {"drop_path": 0.0, **optimisation}
    return replace(
        config,
        patches=PatchTask(weight, 0.5, (0.2, 0.6), 0.04),
        optimisation=replace(config.optimisation, **optimisation),
    )


class Masks(unittest.TestCase):
    def test_take_their_share_of_their_share_of_the_views(self):
        torch.manual_seed(0)
        masked = draw_masks(40, 6, PatchTask(1, 0.25, (0.2, 0.5), 0.04), CPU)
        counts = masked.sum(-1)
        self.assertEqual(int((counts > 0).sum()), 10)
        self.assertGreaterEqual(int(counts[counts > 0].min()), math.floor(0.2 * 36))
        self.assertLessEqual(int(counts.max()), math.ceil(0.5 * 36))
        self.assertGreater(len(counts.unique()), 3)
        self.assertGreater(int((masked.sum(0) > 0).sum()), 30)  # in any place

    def test_take_one_patch_at_least_and_leave_one(self):
        everything = draw_masks(3, 2, PatchTask(1, 1.0, (1.0, 1.0), 0.04), CPU)
        self.assertEqual(everything.sum(-1).tolist(), [3, 3, 3])
        hardly = draw_masks(3, 2, PatchTask(1, 0.01, (0.01, 0.01), 0.04), CPU)
        self.assertEqual(int(hardly.sum()), 1)


class TheNetwork(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.network = Backbone(Architecture(24, 3, 3, 4, 5)).eval()
        initialise(self.network)
        self.pixels = torch.randn(2, 3, 12, 16)
        self.token = torch.randn(1, 1, 24)

    @torch.no_grad()
    def test_gives_the_tokens_whose_first_are_its_features(self):
        factors = torch.rand(2, 3, 1, 13)
        for looked_at in (None, factors):
            tokens = self.network.tokens(self.pixels, looked_at)
            self.assertEqual(tokens.shape, (2, 13, 24))
            wanted = self.network.features(self.pixels, looked_at=looked_at)
            self.assertLess(float((tokens[:, 0] - wanted).abs().max()), 1e-5)

    @torch.no_grad()
    def test_does_not_see_what_is_blank_and_knows_where_it_is(self):
        nothing = torch.zeros(2, 12, dtype=torch.bool)
        whole = self.network.tokens(self.pixels)
        self.assertTrue(torch.equal(self.network.tokens(self.pixels, blanks=Blanks(nothing, self.token)), whole))
        where = nothing.clone()
        where[0, 6] = where[0, 1] = True  # the third patch of the second row of four, and the second of the first
        found = self.network.tokens(self.pixels, blanks=Blanks(where, self.token))
        other = self.pixels.clone()
        other[0, :, 4:8, 8:12] = other[0, :, 0:4, 4:8] = 7
        again = self.network.tokens(other, blanks=Blanks(where, self.token))
        self.assertTrue(torch.equal(found, again))
        self.assertTrue(torch.equal(found[1], whole[1]))
        self.assertGreater(float((found[0, 7] - found[0, 2]).abs().max()), 1e-3)


class TheTrainer(unittest.TestCase):
    def test_compares_patches_as_the_formula_says(self):
        teacher = torch.softmax(torch.randn(9, 5), -1)
        student = torch.log_softmax(torch.randn(9, 5), -1)
        terms = patch_loss(teacher, student)
        kl = torch.nn.functional.kl_div(student, teacher, reduction="batchmean")
        self.assertAlmostEqual(float(terms.loss - terms.entropy), float(kl), places=5)
        self.assertAlmostEqual(float(terms.entropy), float(torch.distributions.Categorical(teacher).entropy().mean()), 5)

    def test_learns_by_it_in_any_number_of_shares(self):
        photographs, found = made_up(40, 40), []
        for shares in (1, 2):
            trainer = Trainer(config_with_patches(), [photographs], CPU, shares=shares)
            torch.manual_seed(0)
            described = trainer.describe(trainer.step(trainer.config.stages[0]))
            self.assertAlmostEqual(described["patchLoss"], described["patchEntropy"] + described["patchKl"], places=4)
            self.assertGreater(float(trainer.patch_centre.abs().max()), 0)
            self.assertGreater(float(trainer.blank.abs().max()), 0)
            found.append({name: each.grad for name, each in trainer.student.named_parameters()})
        for name, wanted in found[0].items():
            self.assertLess(float((found[1][name] - wanted).abs().max()), 1e-5, name)
        without = Trainer(config_with_patches(0.0), [photographs], CPU)
        torch.manual_seed(0)
        self.assertNotIn("patchLoss", without.describe(without.step(without.config.stages[0])))
        self.assertEqual(float(without.blank.abs().max()), 0)
        changed = without.student.blocks[0].attn.qkv.weight.grad - found[0]["blocks.0.attn.qkv.weight"]
        self.assertGreater(float(changed.abs().max()), 1e-4)

    def test_leaves_the_network_alone_while_the_head_is_new(self):
        trainer = Trainer(config_with_patches(head_first_images=10), [made_up(40, 40)], CPU)
        before = {name: value.clone() for name, value in trainer.student.state_dict().items()}
        head = trainer.student_head.mlp[0].weight.detach().clone()
        trainer.step(trainer.config.stages[0])
        for name, value in trainer.student.state_dict().items():
            self.assertTrue(torch.equal(value, before[name]), name)
        self.assertFalse(torch.equal(trainer.student_head.mlp[0].weight, head))
        trainer.step(trainer.config.stages[0])
        trainer.step(trainer.config.stages[0])
        self.assertFalse(torch.equal(trainer.student.norm.weight, before["norm.weight"]))

    def test_goes_on_after_a_pause_as_if_there_had_been_none(self):
        photographs = made_up(40, 40)

        def steps(trainer: Trainer, count: int) -> None:
            for _ in range(count):
                torch.manual_seed(trainer.seen)
                trainer.step(trainer.config.stage_at(trainer.seen))

        whole, first, second = (Trainer(config_with_patches(), [photographs], CPU) for _ in range(3))
        steps(whole, 6)
        steps(first, 3)
        second.restore(first.state())
        steps(second, 3)
        self.assertTrue(torch.allclose(whole.blank, second.blank, atol=1e-6))
        self.assertTrue(torch.allclose(whole.patch_centre, second.patch_centre, atol=1e-6))
        for name, value in whole.teacher.state_dict().items():
            self.assertTrue(torch.allclose(value, second.teacher.state_dict()[name], atol=1e-6), name)


if __name__ == "__main__":
    unittest.main()

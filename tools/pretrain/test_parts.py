"""What the network, the loss and the views must do."""
import math
import sys
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foreground import barrier_distance, foreground  # noqa: E402
from network import Architecture, Backbone, initialise, start_attention_near_likeness, start_from_sines  # noqa: E402
from trainer import dino_loss  # noqa: E402
from views import Augmentation, blur, crop, cut_out, jitter, luma, make_views, normalise, without_things  # noqa: E402


class TheNetwork(unittest.TestCase):
    def test_runs_as_the_reference_does(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(24, 3, 3, 4, 5), drop_path=0.5).eval()
        initialise(network)
        start_from_sines(network)
        start_attention_near_likeness(network, torch.Generator().manual_seed(1))
        for height, width in ((20, 20), (12, 28)):
            pixels = torch.randn(2, 3, height, width)
            with torch.no_grad():
                difference = (network.features(pixels) - network(pixels).cls_feature).abs().max()
            self.assertLess(float(difference), 1e-5)

    def test_leaves_updates_out_only_in_training_and_keeps_their_mean(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(24, 2, 3, 4, 5), drop_path=0.5)
        views = torch.ones(20_000, 1, 1)
        self.assertIsNone(network.eval().keep(views, 0.25))
        kept = network.train().keep(views, 0.25)
        self.assertEqual(set(kept.unique().tolist()), {0.0, float(torch.tensor(1 / 0.75))})
        self.assertAlmostEqual(float(kept.mean()), 1, delta=0.02)
        self.assertEqual(set(network.keep(views, 0.0).unique().tolist()), {1.0})
        self.assertIsNone(Backbone(Architecture(24, 2, 3, 4, 5)).train().keep(views, 0.0))

    def test_multiplies_what_cls_looks_at_in_the_last_block(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(24, 3, 3, 4, 5)).eval()
        initialise(network)
        pixels = torch.randn(2, 3, 12, 16)
        factors = torch.ones(2, 3, 1, 13)
        with torch.no_grad():
            whole = network.features(pixels)
            self.assertLess(float((network.features(pixels, looked_at=factors) - whole).abs().max()), 1e-6)
            factors[1, 2, 0, 5] = 0
            part = network.features(pixels, looked_at=factors)
            self.assertLess(float((part[0] - whole[0]).abs().max()), 1e-6)
            self.assertGreater(float((part[1] - whole[1]).abs().max()), 1e-5)

    def test_that_starts_near_likeness_looks_at_what_is_like_itself(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(96, 1, 4, 4, 5)).eval()
        initialise(network)
        start_attention_near_likeness(network, torch.Generator().manual_seed(1))
        tokens = torch.randn(1, 30, 96)
        attention = network.blocks[0].attn(tokens)[1][0]
        self.assertGreater(float(attention.diagonal(dim1=1, dim2=2).mean()), 5 / 30)


class TheForeground(unittest.TestCase):
    """Tests of the foreground rule by colour."""

    def exact_distance(self, x: torch.Tensor) -> torch.Tensor:
        """Tries all ranges of values: which pixels reach the border through pixels within the range?"""
        values = x.flatten().tolist()
        best = torch.full_like(x, torch.inf)
        border = torch.zeros_like(x, dtype=torch.bool)
        border[0] = border[-1] = border[:, 0] = border[:, -1] = True
        for low in values:
            for high in values:
                open_to = (x >= low) & (x <= high)
                reached = open_to & border
                while True:
                    padded = torch.nn.functional.pad(reached, (1, 1, 1, 1))
                    near = padded[2:, 1:-1] | padded[:-2, 1:-1] | padded[1:-1, 2:] | padded[1:-1, :-2]
                    more = open_to & (reached | near)
                    if torch.equal(more, reached):
                        break
                    reached = more
                best[reached] = best[reached].clamp(max=high - low)
        best[border] = 0
        return best

    def test_measures_barriers_as_trying_all_ranges_does(self):
        torch.manual_seed(0)
        off = []
        for _ in range(6):
            x = torch.rand(5, 6)
            found, wanted = barrier_distance(x[None, None])[0, 0], self.exact_distance(x)
            # The scans never find a distance that is too small, but miss a few of the shortest paths.
            self.assertGreaterEqual(float((found - wanted).min()), -1e-6)
            off.append(((found - wanted) > 1e-6).float().mean())
        self.assertLess(float(torch.stack(off).mean()), 0.05)

    def test_finds_what_stands_before_a_background_of_slowly_changing_colour(self):
        side = 128
        y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        photographs = torch.stack([y, y // 2 + 60, x], dim=-1).expand(3, -1, -1, -1).clone().to(torch.uint8)
        wanted = torch.zeros(3, side, side, dtype=torch.bool)
        for i, (down, across, radius) in enumerate(((64, 64, 30), (50, 80, 20), (75, 45, 40))):
            wanted[i] = (y - down) ** 2 + (x - across) ** 2 < radius**2
            photographs[i][wanted[i]] = torch.tensor([230, 40, 30], dtype=torch.uint8)
        found = foreground(photographs)
        found = torch.nn.functional.interpolate(found[:, None], size=(side, side), mode="bilinear")[:, 0] > 0.5
        jaccard = (found & wanted).sum((1, 2)) / (found | wanted).sum((1, 2))
        self.assertGreater(float(jaccard.min()), 0.85)

    def test_finds_nothing_certain_in_one_colour(self):
        found = foreground(torch.full((2, 128, 128, 3), 90, dtype=torch.uint8))
        self.assertTrue(bool(found.isfinite().all()))
        self.assertLess(float(found.max()), 0.5)


class TheLoss(unittest.TestCase):
    def test_is_the_mean_over_pairs_of_different_views(self):
        torch.manual_seed(0)
        teacher = torch.softmax(torch.randn(2, 5, 7), -1)
        student = torch.log_softmax(torch.randn(4, 5, 7), -1)
        pairs = [(t, s) for t in range(2) for s in range(4) if t != s]
        wanted = [-(teacher[t, b] * student[s, b]).sum() for t, s in pairs for b in range(5)]
        terms = dino_loss(teacher, student)
        self.assertAlmostEqual(float(terms.loss), float(sum(wanted)) / len(wanted), places=5)

    def test_of_agreeing_networks_is_the_entropy(self):
        same = torch.log_softmax(torch.randn(1, 5, 7), -1)
        terms = dino_loss(same.exp().expand(2, -1, -1), same.expand(3, -1, -1))
        self.assertAlmostEqual(float(terms.loss), float(terms.entropy), places=5)
        uniform = torch.full((2, 5, 7), 1 / 7)
        self.assertAlmostEqual(float(dino_loss(uniform, uniform.log()).entropy), math.log(7), places=5)


class Views(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.photographs = torch.rand(6, 3, 40, 40)

    def test_of_the_whole_photograph_are_the_photograph_or_its_mirror_image_stretched(self):
        ramp = torch.arange(40.0).view(1, 1, 1, 40).expand(30, 3, 40, 40) / 40
        seen = set()
        for view in crop(ramp, 40, (0.999, 1.0)):
            down, across = view.diff(dim=1).abs().max(), view[0, 20].diff()
            self.assertLess(float(down), 1e-5)
            seen.add(bool(across.mean() > 0))
        self.assertEqual(seen, {True, False})

    def test_take_the_part_that_they_are_told(self):
        coordinates = torch.stack(torch.meshgrid([torch.arange(100.0)] * 2, indexing="ij"))
        coordinates = torch.cat([coordinates, coordinates[:1]]).expand(200, -1, -1, -1)
        views = crop(coordinates, 50, (0.25, 0.25))
        height = views[:, 0].flatten(1).max(1).values - views[:, 0].flatten(1).min(1).values
        width = views[:, 1].flatten(1).max(1).values - views[:, 1].flatten(1).min(1).values
        # Pixel centres span 49 of the 50 steps of each side.
        area = height * width / (100 * 49 / 50) ** 2
        self.assertLess(float((area - 0.25).abs().max()), 0.01)

    def test_turn_hue_and_leave_grey_alone(self):
        grey = luma(self.photographs).expand_as(self.photographs) * 0.3 + 0.3
        changed = jitter(grey, 1.0)
        self.assertLess(float((changed - changed[:, :1]).abs().max()), 1e-2)
        colourful = jitter(self.photographs, 1.0)
        self.assertGreater(float((colourful - luma(colourful)).abs().mean()), 0.02)
        self.assertGreaterEqual(float(colourful.min()), 0)
        self.assertLessEqual(float(colourful.max()), 1)

    def test_are_blurred_without_becoming_brighter(self):
        flat = torch.full((3, 3, 40, 40), 0.4)
        self.assertLess(float((blur(flat) - flat).abs().max()), 1e-6)
        self.assertLess(float(blur(self.photographs).std()), float(self.photographs.std()))

    def test_show_the_thing_before_another_background(self):
        things = torch.zeros(4, 1, 40, 40)
        things[:3, :, 10:30, 10:30] = 1  # the last photograph has none
        values = torch.tensor([0.1, 0.2, 0.3, 0.4]).view(4, 1, 1, 1)
        photographs = (values + 0.5 * things).expand(4, 3, 40, 40)
        backgrounds = without_things(photographs, things)
        self.assertLess(float((backgrounds - values).abs().max()), 0.01)
        x = torch.cat([photographs, things], dim=1)
        middles = []
        for _ in range(20):
            views = cut_out(x, backgrounds, 40, (0.999, 1.0), 1.0)
            for view, value in zip(views[:3, 0], values[:3].flatten()):
                is_thing = (view - value - 0.5).abs() < 1e-3
                if not is_thing.any():  # nearly nothing of the object is in this crop
                    self.assertLess(float((view[:, 0] - value).abs().max()), 1e-3)
                    continue
                self.assertGreater(float(is_thing.float().mean()), 0.05)
                self.assertGreater(float((view[view < 0.45].median() - value).abs()), 0.05)
                middles.append(is_thing.nonzero().float().mean(0))
            self.assertLess(float((views[3] - 0.4).abs().max()), 1e-3)
        self.assertGreater(len(middles), 30)
        self.assertGreater(float(torch.stack(middles).std(0).min()), 4)
        for view, photograph in zip(cut_out(x, backgrounds, 40, (0.999, 1.0), 0.0), photographs):
            self.assertLess(float((view - photograph).abs()[:, 12:28, 12:28].max()), 1e-3)

    def test_come_view_by_view_normalised(self):
        pixels = torch.randint(0, 256, (5, 40, 40, 3), dtype=torch.uint8)
        augmentation = Augmentation((0.4, 1.0), (0.1, 0.4), 0.3, 0.2, 0.5)
        things = torch.randint(0, 256, (5, 10, 10), dtype=torch.uint8)
        two, more = make_views(pixels, things, 32, 16, 3, augmentation)
        self.assertEqual((tuple(two.shape), tuple(more.shape)), ((10, 3, 32, 32), (15, 3, 16, 16)))
        self.assertEqual(len(make_views(pixels, things, 32, 16, 0, augmentation)[1]), 0)
        black = normalise(torch.zeros(1, 3, 1, 1)).flatten().tolist()
        self.assertEqual([round(value, 4) for value in black], [-2.1179, -2.0357, -1.8044])


if __name__ == "__main__":
    unittest.main()

"""What a run that groups patches must do."""
import copy
import json
import math
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent))
from config import Grouping, GroupingConfig, parse  # noqa: E402
from example import CPU, SMALL_GROUPING, made_up, run_main, write_example  # noqa: E402
from grouping import GroupingLearner, compare_pairs, look, missed_things, paste  # noqa: E402
from network import Architecture, Backbone, initialise  # noqa: E402
from views import Augmentation  # noqa: E402

COLOURLESS = Augmentation((0.5, 1.0), (0.2, 0.5), 0.0, 0.0, 0.0)
GROUPING = Grouping(0.2, 0.1, 0.0, 0.0, 4.0, 0.1, 0.9)


def small_grouping(**changes) -> GroupingConfig:
    entries = json.loads(json.dumps({**SMALL_GROUPING, **changes}))
    return parse(GroupingConfig, entries, "")


class Pasting(unittest.TestCase):
    def test_lays_the_thing_of_one_photograph_on_another_one(self):
        torch.manual_seed(0)
        # Each photograph is of one grey, its thing of another; no view is recoloured where all chances are 0.
        pixels = torch.full((4, 64, 64, 3), 100, dtype=torch.uint8)
        things = torch.zeros(4, 32, 32, dtype=torch.uint8)
        things[:, 8:24, 8:24] = 255
        pixels[:, 16:48, 16:48] = 200
        views, pasted = paste(pixels, things, 32, COLOURLESS, GROUPING)
        self.assertEqual((views.shape, pasted.shape), ((4, 3, 32, 32), (4, 1, 32, 32)))
        for view, thing in zip(views, pasted):
            inside, outside = (view.mean(0)[part] for part in (thing[0] > 0.99, thing[0] < 0.01))
            self.assertGreater(len(inside), 20)
            # The filled background has no thing left, and recolouring keeps their order.
            self.assertGreater(float(inside.min()), float(outside.max()))


    def test_leaves_the_thing_in_its_place_where_the_background_is_its_own(self):
        torch.manual_seed(0)
        # One batch of very different photographs: a background of another one would be seen.
        pixels = torch.zeros(3, 64, 64, 3, dtype=torch.uint8)
        pixels[1], pixels[2] = 120, 240
        things = torch.zeros(3, 32, 32, dtype=torch.uint8)
        things[:, 8:24, 8:24] = 255
        own = replace(GROUPING, own_backgrounds=1.0)
        views, thing = paste(pixels, things, 32, COLOURLESS, own)
        for view in views:
            self.assertLess(float((view - view[:, :1, :1]).abs().max()), 1e-5)
        self.assertGreater(float(thing.mean()), 0.2)


class Pairs(unittest.TestCase):
    def test_count_as_the_formula_says(self):
        torch.manual_seed(0)
        keys = torch.randn(2, 5, 7)
        thing = torch.tensor([[1, 1, 0, 0, 0.5], [1, 1, 1, 1, 0.0]])
        found, counts = compare_pairs(keys, thing, GROUPING)
        # The second view has one patch of background alone.
        self.assertEqual(counts.tolist(), [True, False])
        parts = {"inside": [], "outside": [], "across": []}
        for i in range(4):
            for j in range(4):
                cosine = float(F.cosine_similarity(keys[0, i], keys[0, j], dim=0))
                together = 1 / (1 + math.exp(-(cosine - 0.2) / 0.1))
                if (i < 2) != (j < 2):
                    parts["across"].append(-math.log(1 - together))
                else:
                    parts["inside" if i < 2 else "outside"].append(-math.log(together))
        wanted = sum(sum(each) / len(each) for each in parts.values()) / 3
        self.assertAlmostEqual(float(found), wanted, places=4)

    def test_of_views_without_a_thing_are_nothing(self):
        found, counts = compare_pairs(torch.randn(1, 4, 3), torch.zeros(1, 4), GROUPING)
        self.assertEqual((float(found), counts.tolist()), (0.0, [False]))
        self.assertEqual(float(missed_things(torch.rand(1, 2, 4), torch.zeros(1, 4), counts)), 0.0)

    def test_attention_is_to_be_spread_over_the_thing(self):
        attention = torch.tensor([[[0.5, 0.25, 0.125, 0.0], [0.1, 0.1, 0.1, 0.7]]])
        missed = missed_things(attention, torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([True]))
        heads = [math.log(0.5) + math.log(0.25), math.log(0.1) + math.log(0.1)]
        self.assertAlmostEqual(float(missed), -sum(heads) / 2 / 2, places=6)


class Looking(unittest.TestCase):
    @torch.no_grad()
    def test_gives_what_the_reference_gives(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(24, 3, 3, 4, 5)).eval()
        initialise(network)
        pixels = torch.randn(2, 3, 12, 16)
        seen = look(network, pixels)
        wanted = network(pixels, kept_rows=1).attention[-1][:, :, 0, 1:]
        self.assertLess(float((seen.attention - wanted).abs().max()), 1e-6)
        self.assertLess(float((seen.cls - network.features(pixels)).abs().max()), 1e-5)
        x = network.embed(pixels)
        for block in network.blocks[:-1]:
            x, _ = block(x)
        last = network.blocks[-1]
        keys = last.attn.qkv(last.norm1(x))[:, 1:, 24:48]
        self.assertLess(float((seen.keys - keys).abs().max()), 1e-5)


class TheLearner(unittest.TestCase):
    def test_learns_which_patches_came_together_and_keeps_cls(self):
        config = small_grouping(
            optimisation={**SMALL_GROUPING["optimisation"], "learningRate": 0.003},
            # In photographs of noise nothing says where a thing is that stays in its place.
            grouping={**SMALL_GROUPING["grouping"], "ownBackgrounds": 0},
        )
        learner = GroupingLearner(config, [made_up(40, 48)], CPU)
        learner.start_from({name: each.numpy() for name, each in learner.student.state_dict().items()})
        found = [learner.step(config.stages[0]) for _ in range(30)]
        first, last = (sum(float(each.pairs) for each in part) / 5 for part in (found[:5], found[-5:]))
        self.assertLess(last, first - 0.1)
        self.assertLess(float(found[-1].moved), 0.05)
        # What is exported follows; what CLS is held to does not move.
        weight = "blocks.1.attn.qkv.weight"
        student, teacher, start = (each.state_dict()[weight] for each in (learner.student, learner.teacher, learner.start))
        self.assertGreater(float((student - start).abs().max()), 1e-4)
        self.assertLess(float((teacher - student).norm()), float((start - student).norm()))

    def test_takes_the_largest_photographs_alone(self):
        learner = GroupingLearner(small_grouping(), [made_up(40, 24), made_up(40, 48)], CPU)
        self.assertEqual([each.side for each in learner.sets], [48])

    def test_goes_on_where_it_was(self):
        whole, parted = (GroupingLearner(small_grouping(), [made_up(40, 48)], CPU) for _ in range(2))
        whole.step(whole.config.stages[0])
        # The state that is given is the learner's own, and changes with it.
        parted.restore(copy.deepcopy(whole.state()))
        torch.manual_seed(whole.config.seed + whole.seen)
        wanted = whole.step(whole.config.stages[0])
        torch.manual_seed(whole.config.seed + parted.seen)
        self.assertEqual(parted.step(parted.config.stages[0]), wanted)
        for name, each in whole.teacher.state_dict().items():
            self.assertTrue(torch.equal(each, parted.teacher.state_dict()[name]), name)

    def test_runs_from_the_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            write_example(Path(folder), SMALL_GROUPING)
            log = run_main(Path(folder), "--images", "16")
            steps = [entry for entry in log if "pairs" in entry]
            self.assertEqual([entry["seen"] for entry in steps], [8, 16])
            self.assertTrue((Path(folder) / "run" / "model.safetensors").exists())
            again = run_main(Path(folder), "--images", "24")
            self.assertEqual(again[-1]["seen"], 24)


if __name__ == "__main__":
    unittest.main()

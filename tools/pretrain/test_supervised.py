"""What a run with labels must do."""
import io
import json
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from config import Mixing, SupervisedConfig, parse, read_config  # noqa: E402
from example import CPU, FOLDER, SMALL_SUPERVISED, made_up, run_main, write_example  # noqa: E402
from labels import Turns, class_within, find_classes, label  # noqa: E402
from photographs import Photographs  # noqa: E402
from supervised import Supervised, cross_entropy, mix  # noqa: E402
from weights import read_safetensors  # noqa: E402


def small_config() -> SupervisedConfig:
    return parse(SupervisedConfig, json.loads(json.dumps(SMALL_SUPERVISED)), "")


def bright_or_dark(count: int) -> Photographs:
    """Photographs of two alternating classes, dark and bright. Every fifth one is held out."""
    noise = made_up(count, 40).pixels // 4
    noise[1::2] += 180
    numbers = torch.arange(count)
    names = [f"taking_{i:05d}" for i in range(count)]
    things = torch.zeros(count, 32, 32, dtype=torch.uint8)
    return Photographs(noise, names, numbers[numbers % 5 > 0], numbers[numbers % 5 == 0], things)


class Labels(unittest.TestCase):
    turns = {"taking": Turns(3, [4, 9])}

    def test_are_told_by_numbers(self):
        found = [class_within(f"taking_{i:05d}", {}, self.turns) for i in range(12)]
        # The second photograph of class 1 was left out, and later another one of class 1.
        self.assertEqual([number for _, number in found], [0, 1, 2, 0, 2, 0, 1, 2, 0, 2, 0, 1])
        self.assertEqual(class_within("tiny_00105", {"tiny": 106}, {}), ("tiny", 0))
        self.assertEqual(class_within("tiny_00106", {"tiny": 106}, {}), ("tiny", 1))
        self.assertIsNone(class_within("voc_00001", {"tiny": 106}, self.turns))

    def test_are_counted_source_by_source_and_photographs_without_are_left_out(self):
        names = ["taking_0", "voc_1", "tiny_7", "taking_24", "voc_24"]
        pixels = torch.zeros(5, 8, 8, 3, dtype=torch.uint8)
        photographs = Photographs(pixels, names, torch.tensor([0, 1, 2]), torch.tensor([3, 4]), pixels[..., 0])
        other = photographs._replace(names=["taking_1", "taking_2", "tiny_1", "voc_2", "voc_49"])
        known = ({"tiny": 5}, self.turns)
        classes = find_classes([photographs, other], *known)
        self.assertEqual(classes, ({"taking": 0, "tiny": 3}, {"taking": 3, "tiny": 2}, 5))
        found = label(photographs, classes, *known)
        self.assertEqual(found.labels.tolist(), [0, -1, 3 + 1, (24 + 2) % 3, -1])
        self.assertEqual(found.photographs.trained.tolist(), [0, 2])
        self.assertEqual(found.photographs.held_out.tolist(), [3])
        self.assertEqual(found.among[0].tolist(), [True, True, True, False, False])
        self.assertEqual(found.among[2].tolist(), [False, False, False, True, True])


class TheLoss(unittest.TestCase):
    def test_is_pytorchs_among_the_classes_of_the_source(self):
        torch.manual_seed(0)
        scores = torch.randn(6, 7)
        labels = torch.tensor([0, 1, 2, 3, 6, 4])
        among = torch.zeros(6, 7, dtype=torch.bool)
        among[:3, :3] = among[3:, 3:] = True
        for smoothing in (0.0, 0.1):
            first = torch.nn.functional.cross_entropy(
                scores[:3, :3], labels[:3], label_smoothing=smoothing, reduction="none"
            )
            second = torch.nn.functional.cross_entropy(
                scores[3:, 3:], labels[3:] - 3, label_smoothing=smoothing, reduction="none"
            )
            found = cross_entropy(scores, labels, among, smoothing)
            self.assertLess(float((found - torch.cat([first, second])).abs().max()), 1e-5)

    def test_has_a_gradient_that_leaves_other_sources_classes_alone(self):
        scores = torch.randn(2, 5, requires_grad=True)
        among = torch.tensor([[True, True, False, False, False]] * 2)
        cross_entropy(scores, torch.tensor([0, 1]), among, 0.1).sum().backward()
        self.assertTrue(bool(scores.grad.isfinite().all()))
        self.assertEqual(float(scores.grad[:, 2:].abs().max()), 0)
        self.assertGreater(float(scores.grad[:, :2].abs().min()), 0)


class Mixed(unittest.TestCase):
    def test_views_have_their_share_of_each(self):
        torch.manual_seed(0)
        views = torch.arange(8.0).view(8, 1, 1, 1).expand(8, 3, 24, 32)
        cut = faded = 0
        for _ in range(40):
            found, others, share = mix(views, Mixing(1.0, 0.8, 1.0))
            self.assertEqual(sorted(others.tolist()), list(range(8)))
            wanted = share * views + (1 - share) * views[others]
            # Both ways of mixing give this mean over the pixels.
            self.assertLess(float((found.mean((1, 2, 3)) - wanted.mean((1, 2, 3))).abs().max()), 1e-4)
            if bool((found == found[:, :, :1, :1]).all()):
                faded += 1
            else:
                cut += 1
                own, other = found == views, found == views[others]
                self.assertTrue(bool((own | other).all()))
        self.assertGreater(min(cut, faded), 8)

    def test_only_as_often_as_told(self):
        views = torch.rand(4, 3, 16, 16)
        found, _, share = mix(views, Mixing(0.0, 0.8, 1.0))
        self.assertEqual(share, 1)
        self.assertTrue(torch.equal(found, views))


class ASupervisedRun(unittest.TestCase):
    def test_learns_what_tells_the_classes_apart_and_knows_it_of_photographs_it_never_saw(self):
        trainer = Supervised(small_config(), [bright_or_dark(60)], CPU)
        self.assertEqual(trainer.classes.count, 2)
        first = float(trainer.step(trainer.config.stages[0]).loss)
        self.assertAlmostEqual(first, 0.6931, places=3)  # ln 2: both classes are equally likely
        for _ in range(60):
            # Keeps the learning rate constant, since the run would otherwise be over.
            trainer.seen = 48
            trainer.step(trainer.config.stages[0])
        self.assertEqual(trainer.accuracy(32), {"top1 taking": 1.0})

    def test_never_takes_a_photograph_that_is_held_out_or_has_no_class(self):
        photographs = bright_or_dark(60)
        names = [name if i % 3 else f"other_{i:05d}" for i, name in enumerate(photographs.names)]
        seen = set()

        class Watched(Supervised):
            def judge_views(self, views, labels, among):
                seen.update(labels.tolist())
                return super().judge_views(views, labels, among)

        trainer = Watched(small_config(), [photographs._replace(names=names)], CPU)
        (labelled,) = trainer.labelled.values()
        taken = set(labelled.photographs.trained.tolist())
        self.assertEqual(taken, {i for i in range(60) if i % 5 > 0 and i % 3 > 0})
        for stage in trainer.config.stages:
            trainer.step(stage)
        self.assertEqual(seen, {0, 1})
        # k-NN uses all photographs, as in a run without labels.
        self.assertEqual(len(trainer.sets[0].trained), 48)

    def test_goes_on_after_a_pause_as_if_there_had_been_none(self):
        photographs = bright_or_dark(40)

        def steps(trainer: Supervised, count: int) -> None:
            for _ in range(count):
                torch.manual_seed(trainer.seen)
                trainer.step(trainer.config.stage_at(trainer.seen))

        whole, first, second = (Supervised(small_config(), [photographs], CPU) for _ in range(3))
        steps(whole, 10)
        steps(first, 5)
        state = io.BytesIO()
        torch.save(first.state(), state)
        state.seek(0)
        second.restore(torch.load(state))
        steps(second, 5)
        self.assertEqual(second.seen, whole.seen)
        for name, value in whole.student.state_dict().items():
            self.assertTrue(torch.allclose(value, second.student.state_dict()[name], atol=1e-6), name)

    def test_refuses_shares(self):
        with self.assertRaisesRegex(ValueError, "hares"):
            Supervised(small_config(), [bright_or_dark(40)], CPU, shares=2)

    def test_in_two_pieces_and_then_from_its_end_writes_what_convert_takes(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_example(folder, SMALL_SUPERVISED)
            run_main(folder, "--images", "40")
            entries = run_main(folder)
            self.assertEqual(entries[-1]["seen"], 96)
            for key in ("knn40", "knn24", "agreement", "fit", "top1 small"):
                self.assertIn(key, entries[-1])
            self.assertIn("right", [entry for entry in entries if "loss" in entry][0])
            state = torch.load(folder / "run" / "checkpoint.pt")
            weights = read_safetensors(folder / "run" / "model.safetensors")
            for name, value in state["student"].items():
                self.assertTrue(torch.equal(value, torch.from_numpy(weights[name])), name)
            more = ["--start-from", str(folder / "run" / "checkpoint.pt"), "--images", "0"]
            run_main(folder, "--out", str(folder / "next"), *more)
            following = torch.load(folder / "next" / "checkpoint.pt")
            self.assertEqual(following["seen"], 0)
            for name, value in state["classifier"].items():
                self.assertTrue(torch.equal(value, following["classifier"][name]), name)

    def test_of_the_folder_has_the_network_and_the_views_of_the_run_without_labels(self):
        for run in ("cpu-mini16", "cpu-mini16-things"):
            twin = read_config(FOLDER / "configs" / f"{run.replace('mini16', 'mini16-supervised')}.json")
            other = read_config(FOLDER / "configs" / f"{run}.json")
            self.assertEqual(twin.architecture, other.architecture)
            self.assertEqual(twin.augmentation, other.augmentation)
            self.assertEqual(twin.start, other.start)
            self.assertEqual(twin.optimisation.attention_dropout, other.optimisation.attention_dropout)
            sizes = [[(stage.global_px, stage.local_px) for stage in each.stages] for each in (twin, other)]
            self.assertEqual(*sizes)


if __name__ == "__main__":
    unittest.main()

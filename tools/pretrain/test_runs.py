"""What the monitor, the trainer and a whole run must do."""
import io
import json
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from config import Config, parse, read_config  # noqa: E402
from example import CPU, FOLDER, SMALL, made_up, run_main, small_config, write_example, write_tar  # noqa: E402
from monitor import attention_agreement, class_of, classify_by_neighbours, fit_to_things, mass_masks  # noqa: E402
from network import Architecture, Backbone  # noqa: E402
from photographs import Photographs, find_things, is_held_out, load_photographs  # noqa: E402
from trainer import Trainer  # noqa: E402
from weights import read_safetensors  # noqa: E402


class TheMonitor(unittest.TestCase):
    def test_keeps_the_fewest_patches_with_the_mass(self):
        masks = mass_masks(torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.9, 0.1, 0.0, 0.0]]))
        self.assertEqual(masks.tolist(), [[False, True, False, True], [True, False, False, False]])

    def test_lets_near_neighbours_vote(self):
        bank = torch.nn.functional.normalize(torch.tensor([[1, 0.1], [1, 0.0], [0, 1.0], [0.1, 1]]), dim=-1)
        labels = torch.tensor([4, 4, 2, 2])
        queries = torch.tensor([[1.0, 0], [0, 1.0]])
        self.assertEqual(classify_by_neighbours(bank, labels, queries, neighbours=3).tolist(), [4, 2])

    def test_knows_classes_where_numbers_tell_them(self):
        self.assertEqual(class_of("tiny64_00105", {"tiny64": 106}), class_of("tiny64_00000", {"tiny64": 106}))
        self.assertNotEqual(class_of("tiny64_00106", {"tiny64": 106}), class_of("tiny64_00105", {"tiny64": 106}))
        self.assertEqual(class_of("voc_00007", {"tiny64": 106}), "voc")

    def test_tells_heads_that_look_at_things_from_heads_that_look_at_places(self):
        class Stub(torch.nn.Module):
            """The first head looks at bright patches, the second at the upper left corner of any view."""

            architecture = Architecture(4, 1, 2, 8, 8)

            def forward(self, pixels, kept_rows):
                bright = pixels.mean(1).unfold(1, 8, 8).unfold(2, 8, 8).mean((3, 4))
                bright = torch.softmax(8 * bright.flatten(1), -1)
                place = torch.softmax(-torch.arange(bright.shape[1] * 1.0), -1).expand_as(bright)
                rows = torch.stack([bright, place], 1).unsqueeze(2)
                result = torch.nn.functional.pad(rows, (1, 0))
                return type("Result", (), {"attention": [result]})

        photographs = torch.zeros(12, 80, 80, 3, dtype=torch.uint8)
        for i in range(12):
            y, x = 20 + 8 * (i % 3), 20 + 8 * (i // 3)
            photographs[i, y : y + 24, x : x + 24] = 255
        names = [f"a_{i}" for i in range(12)]
        block = Photographs(photographs, names, torch.arange(0), torch.arange(12), find_things(photographs))
        mean, best = attention_agreement(Stub(), block, 64, CPU)
        self.assertGreater(best, 0.4)
        self.assertLess(abs(2 * mean - best), 0.05)
        fit, best_fit = fit_to_things(Stub(), block, 80, CPU)
        # The head looks at the fully bright patches, which are four of nine. The mask keeps three.
        self.assertAlmostEqual(best_fit, 3 / 9, delta=0.05)
        self.assertLess(fit, best_fit)


class TheTrainer(unittest.TestCase):
    def test_makes_the_same_step_in_shares(self):
        photographs = made_up(40, 40)
        config = small_config()
        config = replace(config, optimisation=replace(config.optimisation, drop_path=0.0))
        for stage in config.stages:  # also for batches that do not divide evenly
            found = []
            for shares in (1, 2, 3):
                trainer = Trainer(config, [photographs], CPU, shares=shares)
                torch.manual_seed(0)
                trainer.step(stage)
                found.append({name: each.grad for name, each in trainer.student.named_parameters()})
            for name, wanted in found[0].items():
                self.assertGreater(float(wanted.abs().max()), 0, name)
                for others in found[1:]:
                    self.assertLess(float((others[name] - wanted).abs().max()), 1e-5, name)
        with self.assertRaisesRegex(ValueError, "dropPath"):
            Trainer(small_config(), [photographs], CPU, shares=2)

    def test_goes_on_after_a_pause_as_if_there_had_been_none(self):
        photographs = made_up(40, 40)

        def steps(trainer: Trainer, count: int) -> None:
            for _ in range(count):
                torch.manual_seed(trainer.seen)
                trainer.step(trainer.config.stage_at(trainer.seen))

        whole = Trainer(small_config(), [photographs], CPU)
        steps(whole, 12)
        first = Trainer(small_config(), [photographs], CPU)
        steps(first, 5)
        state = io.BytesIO()
        torch.save(first.state(), state)
        state.seek(0)
        second = Trainer(small_config(), [photographs], CPU)
        second.restore(torch.load(state))
        steps(second, 7)
        self.assertEqual(second.seen, whole.seen)
        for name, value in whole.teacher.state_dict().items():
            self.assertTrue(torch.allclose(value, second.teacher.state_dict()[name], atol=1e-6), name)

    def test_moves_the_teacher_after_the_student_and_keeps_the_prototypes_at_first(self):
        trainer = Trainer(small_config(), [made_up(40, 40)], CPU)
        before = {name: value.clone() for name, value in trainer.teacher.state_dict().items()}
        prototypes = trainer.student_head.prototypes.clone()
        trainer.step(trainer.config.stages[0])
        for name, value in trainer.teacher.state_dict().items():
            wanted = 0.99 * before[name] + 0.01 * trainer.student.state_dict()[name]
            self.assertTrue(torch.allclose(value, wanted, atol=1e-6), name)
        self.assertTrue(torch.equal(trainer.student_head.prototypes, prototypes))
        self.assertGreater(float(trainer.centre.abs().max()), 0)

    def test_warms_up_stays_level_and_comes_down(self):
        trainer = Trainer(small_config(), [made_up(40, 40)], CPU)
        rates, momenta = [], []
        for trainer.seen in (0, 20, 48, 72, 96):
            rates.append(trainer.schedule()["learningRate"] / 0.001)
            momenta.append(trainer.schedule()["momentum"])
        for rate, wanted in zip(rates, (1 / 40, 21 / 40, 1, 0.5, 0)):
            self.assertAlmostEqual(rate, wanted)
        self.assertEqual(momenta, sorted(momenta))

    def test_clips_each_gradient_by_itself(self):
        trainer = Trainer(small_config(), [made_up(40, 40)], CPU)
        for parameter in trainer.student.parameters():
            parameter.grad = torch.full_like(parameter, 1e-6)
        large = trainer.student.blocks[0].mlp.fc1.weight
        large.grad = torch.ones_like(large)
        trainer.clip()
        self.assertAlmostEqual(float(large.grad.norm()), 1, places=4)
        self.assertAlmostEqual(float(trainer.student.norm.bias.grad[0]), 1e-6, places=9)


class Configs(unittest.TestCase):
    def test_in_the_folder_are_right(self):
        for path in (FOLDER / "configs").glob("*.json"):
            self.assertGreater(read_config(path).images, 0, path.name)

    def test_with_a_missing_an_unknown_or_a_wrong_entry_are_refused(self):
        for change, words in (
            (lambda c: c.pop("depth"), "depth"),
            (lambda c: c["teacher"].update(temprature=1), "temprature"),
            (lambda c: c["stages"][1].update(batch="many"), r"stages\[1\].batch"),
            (lambda c: c.update(head=3), "head"),
        ):
            changed = json.loads(json.dumps(SMALL))
            change(changed)
            with self.assertRaisesRegex(ValueError, words):
                parse(Config, changed, "")

    def test_with_a_photograph_alone_before_another_background_are_refused(self):
        path = FOLDER / "configs" / "cpu-mini16-things.json"
        with self.assertRaisesRegex(ValueError, "otherBackground"):
            read_config(path, ["stages.1.batch=1"])
        self.assertEqual(read_config(path, ["stages.1.batch=1", "augmentation.otherBackground=0"]).stages[1].batch, 1)

    def test_can_be_changed_for_a_trial(self):
        path = FOLDER / "configs" / "cpu-small16.json"
        changed = read_config(path, ["teacher.temperature=0.07", "stages.0.batch=5", "start=official"])
        self.assertEqual((changed.teacher.temperature, changed.stages[0].batch, changed.start), (0.07, 5, "official"))
        for wrong in ("teacher.heat=1", "stages.0.batch.size=1", "head=1"):
            with self.assertRaises(ValueError):
                read_config(path, [wrong])


class AWholeRun(unittest.TestCase):
    def test_in_two_pieces_writes_what_convert_takes(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_example(folder)
            first = run_main(folder, "--images", "40")
            self.assertEqual(first[-1]["seen"], 40)
            entries = run_main(folder)
            self.assertEqual(entries[-1]["seen"], 96)
            self.assertGreater(len(entries), len(first))
            steps = [entry for entry in entries if "loss" in entry]
            self.assertEqual(len(steps), 8 + 8)
            for entry in steps:
                self.assertAlmostEqual(entry["loss"], entry["entropy"] + entry["kl"], places=4)
                self.assertGreaterEqual(entry["kl"], -1e-4)
            for key in ("knn40", "knn24", "agreement", "bestHeadAgreement", "fit", "bestHeadFit"):
                self.assertIn(key, entries[-1])

            weights = read_safetensors(folder / "run" / "model.safetensors")
            network = Backbone(Architecture.from_json(json.loads((folder / "run" / "config.json").read_text())))
            tensors = {name: torch.from_numpy(value) for name, value in weights.items()}
            network.load_state_dict(tensors, strict=True)
            state = torch.load(folder / "run" / "checkpoint.pt")
            for name, value in state["teacher"].items():
                self.assertTrue(torch.equal(value, tensors[name]), name)

            run_main(folder, "--out", str(folder / "next"), "--start-from", str(folder / "run" / "checkpoint.pt"), "--images", "0")
            following = torch.load(folder / "next" / "checkpoint.pt")
            self.assertEqual(following["seen"], 0)
            for part in ("student", "studentHead", "teacher", "teacherHead"):
                for name, value in state[part].items():
                    self.assertTrue(torch.equal(value, following[part][name]), f"{part} {name}")

            exported = str(folder / "run" / "model.safetensors")
            more = ["--start-from", exported, "--images", "0", "--export", "float16", "--set", "gridSize=6"]
            run_main(folder, "--out", str(folder / "other"), *more)
            begun = read_safetensors(folder / "other" / "model.safetensors")
            self.assertEqual(begun["pos_embed"].shape, (1, 37, 24))
            for name in set(weights) - {"pos_embed"}:
                self.assertLess(np.abs(begun[name] - weights[name]).max(), 2e-3, name)

    def test_reads_tars_in_any_order_and_cuts_the_middle(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_tar(folder / "z.tar", {"a_00001": (30, 20), "a_00024": (20, 30)})
            write_tar(folder / "y.tar", {"a_00003": (20, 20)})
            photographs = load_photographs(folder, folder / "cache")[20]
            self.assertEqual(photographs.names, ["a_00001", "a_00003", "a_00024"])
            self.assertEqual(photographs.held_out.tolist(), [2])
            self.assertTrue(is_held_out("a_00024"))
            whole = np.random.RandomState(len("a_00001") + 30).randint(0, 256, (20, 30, 3), dtype=np.uint8)
            self.assertTrue(np.array_equal(photographs.pixels[0].numpy(), whole[:, 5:25]))
            self.assertEqual(len(list((folder / "cache").glob("things-20-*.npy"))), 1)
            again = load_photographs(folder / "nowhere", folder / "cache")[20]
            self.assertTrue(torch.equal(again.things, photographs.things))
            self.assertTrue(torch.equal(again.things, find_things(again.pixels)))
            self.assertTrue(torch.equal(again.pixels, photographs.pixels))
            write_tar(folder / "x.tar", {"a_00002": (20, 20)})
            self.assertEqual(len(load_photographs(folder, folder / "cache")[20].names), 4)
            with self.assertRaises(FileNotFoundError):
                load_photographs(folder / "nowhere", folder / "nothing")


if __name__ == "__main__":
    unittest.main()

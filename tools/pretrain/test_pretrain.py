"""python3 -m unittest discover -s tools/pretrain: what the parts must do, and a whole run on photographs made up for it."""
import io
import json
import math
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
from config import Config, parse, read_config  # noqa: E402
from monitor import attention_agreement, class_of, classify_by_neighbours, mass_masks  # noqa: E402
from network import Architecture, Backbone, initialise, start_attention_near_likeness, start_from_sines  # noqa: E402
from photographs import Photographs, is_held_out, load_photographs  # noqa: E402
from trainer import Trainer, dino_loss  # noqa: E402
from views import Augmentation, blur, crop, jitter, luma, make_views, normalise  # noqa: E402

sys.path.insert(0, str(FOLDER.parent / "reference"))
from weights import read_safetensors  # noqa: E402

SMALL = {
    "seed": 3,
    "embedDim": 24,
    "depth": 2,
    "numHeads": 3,
    "patchSize": 8,
    "gridSize": 4,
    "start": "sines-and-likeness",
    "head": {"prototypes": 32, "hidden": 32, "bottleneck": 16, "batchNorm": True},
    "augmentation": {"globalArea": [0.4, 1.0], "localArea": [0.1, 0.4], "hue": 0.3, "grey": 0.2},
    "optimisation": {
        "learningRate": 0.001,
        "warmUpImages": 40,
        "decayShare": 0.5,
        "weightDecay": 0.04,
        "gradientClip": 1.0,
        "dropPath": 0.1,
        "frozenImages": 16,
    },
    "teacher": {"temperature": 0.03, "studentTemperature": 0.1, "momentum": 0.99, "centreMomentum": 0.9},
    "stages": [
        {"images": 64, "batch": 8, "globalPx": 32, "localPx": 16, "locals": 2},
        {"images": 32, "batch": 4, "globalPx": 48, "localPx": 16, "locals": 1},
    ],
    "numbersAClass": {"small": 10},
}
CPU = torch.device("cpu")


def small_config() -> Config:
    return parse(Config, json.loads(json.dumps(SMALL)), "")


def made_up(count: int, side: int) -> Photographs:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, side, side, 3), generator=generator, dtype=torch.uint8)
    names = [f"small_{i:05d}" for i in range(count)]
    return Photographs(pixels, names, torch.arange(count - 4), torch.arange(count - 4, count))


def write_tar(path: Path, photographs: dict) -> None:
    with tarfile.open(path, "w") as tar:
        for name, size in photographs.items():
            rng = np.random.RandomState(len(name) + size[0])
            data = io.BytesIO()
            image = Image.fromarray(rng.randint(0, 256, (size[1], size[0], 3), dtype=np.uint8))
            image.save(data, "WEBP", lossless=True)
            entry = tarfile.TarInfo(f"{name}.webp")
            entry.size = data.tell()
            data.seek(0)
            tar.addfile(entry, data)


def write_example(folder: Path) -> None:
    """Photographs of two sizes in two tars, and a config: all that a run takes."""
    names = [f"small_{i:05d}" for i in range(60)]
    write_tar(folder / "b.tar", {name: (40, 56) for name in names[30:]})
    write_tar(folder / "a.tar", {**{name: (48, 40) for name in names[:30]}, "tiny_00024": (24, 24), "tiny_00001": (24, 24)})
    (folder / "config.json").write_text(json.dumps(SMALL))


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

    def test_that_starts_near_likeness_looks_at_what_is_like_itself(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(96, 1, 4, 4, 5)).eval()
        initialise(network)
        start_attention_near_likeness(network, torch.Generator().manual_seed(1))
        tokens = torch.randn(1, 30, 96)
        attention = network.blocks[0].attn(tokens)[1][0]
        self.assertGreater(float(attention.diagonal(dim1=1, dim2=2).mean()), 5 / 30)


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
        # 49 of 50 steps of each side, between pixel centres.
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

    def test_come_view_by_view_normalised(self):
        pixels = torch.randint(0, 256, (5, 40, 40, 3), dtype=torch.uint8)
        augmentation = Augmentation((0.4, 1.0), (0.1, 0.4), 0.3, 0.2)
        two, more = make_views(pixels, 32, 16, 3, augmentation)
        self.assertEqual((tuple(two.shape), tuple(more.shape)), ((10, 3, 32, 32), (15, 3, 16, 16)))
        self.assertEqual(len(make_views(pixels, 32, 16, 0, augmentation)[1]), 0)
        black = normalise(torch.zeros(1, 3, 1, 1)).flatten().tolist()
        self.assertEqual([round(value, 4) for value in black], [-2.1179, -2.0357, -1.8044])


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
            """The first head looks at what is bright, the second at the upper left corner of whatever it is shown."""

            architecture = Architecture(4, 1, 2, 8, 8)

            def forward(self, pixels):
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
        block = Photographs(photographs, [f"a_{i}" for i in range(12)], torch.arange(0), torch.arange(12))
        mean, best = attention_agreement(Stub(), block, 64, CPU)
        self.assertGreater(best, 0.4)
        self.assertLess(abs(2 * mean - best), 0.05)


class TheTrainer(unittest.TestCase):
    def test_goes_on_after_a_pause_as_if_there_had_been_none(self):
        photographs = made_up(40, 40)

        def steps(trainer: Trainer, count: int) -> None:
            for _ in range(count):
                torch.manual_seed(trainer.seen)
                trainer.step(photographs, trainer.config.stage_at(trainer.seen))

        whole = Trainer(small_config(), CPU)
        steps(whole, 12)
        first = Trainer(small_config(), CPU)
        steps(first, 5)
        state = io.BytesIO()
        torch.save(first.state(), state)
        state.seek(0)
        second = Trainer(small_config(), CPU)
        second.restore(torch.load(state))
        steps(second, 7)
        self.assertEqual(second.seen, whole.seen)
        for name, value in whole.teacher.state_dict().items():
            self.assertTrue(torch.allclose(value, second.teacher.state_dict()[name], atol=1e-6), name)

    def test_moves_the_teacher_after_the_student_and_keeps_the_prototypes_at_first(self):
        trainer = Trainer(small_config(), CPU)
        before = {name: value.clone() for name, value in trainer.teacher.state_dict().items()}
        prototypes = trainer.student_head.prototypes.clone()
        trainer.step(made_up(40, 40), trainer.config.stages[0])
        for name, value in trainer.teacher.state_dict().items():
            wanted = 0.99 * before[name] + 0.01 * trainer.student.state_dict()[name]
            self.assertTrue(torch.allclose(value, wanted, atol=1e-6), name)
        self.assertTrue(torch.equal(trainer.student_head.prototypes, prototypes))
        self.assertGreater(float(trainer.centre.abs().max()), 0)

    def test_warms_up_stays_level_and_comes_down(self):
        trainer = Trainer(small_config(), CPU)
        rates, momenta = [], []
        for trainer.seen in (0, 20, 48, 72, 96):
            rates.append(trainer.schedule()["learningRate"] / 0.001)
            momenta.append(trainer.schedule()["momentum"])
        for rate, wanted in zip(rates, (1 / 40, 21 / 40, 1, 0.5, 0)):
            self.assertAlmostEqual(rate, wanted)
        self.assertEqual(momenta, sorted(momenta))

    def test_clips_each_gradient_by_itself(self):
        trainer = Trainer(small_config(), CPU)
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

            def run(*more: str) -> list:
                command = [sys.executable, str(FOLDER / "main.py"), "--config", str(folder / "config.json")]
                command += ["--data", str(folder), "--out", str(folder / "run"), "--log-every", "1", "--device", "cpu", *more]
                subprocess.run(command, check=True, stdout=subprocess.PIPE)
                lines = (folder / "run" / "log.jsonl").read_text().splitlines()
                return [json.loads(line) for line in lines]

            first = run("--images", "40")
            self.assertEqual(first[-1]["seen"], 40)
            entries = run()
            self.assertEqual(entries[-1]["seen"], 96)
            self.assertGreater(len(entries), len(first))
            steps = [entry for entry in entries if "loss" in entry]
            self.assertEqual(len(steps), 8 + 8)
            for entry in steps:
                self.assertAlmostEqual(entry["loss"], entry["entropy"] + entry["kl"], places=4)
                self.assertGreaterEqual(entry["kl"], -1e-4)
            for key in ("knn40", "knn24", "agreement", "bestHeadAgreement"):
                self.assertIn(key, entries[-1])

            weights = read_safetensors(folder / "run" / "model.safetensors")
            network = Backbone(Architecture.from_json(json.loads((folder / "run" / "config.json").read_text())))
            tensors = {name: torch.from_numpy(value) for name, value in weights.items()}
            network.load_state_dict(tensors, strict=True)
            state = torch.load(folder / "run" / "checkpoint.pt")
            for name, value in state["teacher"].items():
                self.assertTrue(torch.equal(value, tensors[name]), name)

            exported = str(folder / "run" / "model.safetensors")
            more = ["--start-from", exported, "--images", "0", "--export", "float16", "--set", "gridSize=6"]
            run("--out", str(folder / "other"), *more)
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
            again = load_photographs(folder / "nowhere", folder / "cache")[20]
            self.assertTrue(torch.equal(again.pixels, photographs.pixels))
            write_tar(folder / "x.tar", {"a_00002": (20, 20)})
            self.assertEqual(len(load_photographs(folder, folder / "cache")[20].names), 4)
            with self.assertRaises(FileNotFoundError):
                load_photographs(folder / "nowhere", folder / "nothing")


if __name__ == "__main__":
    unittest.main()

"""That the folders for `npm run look -- knn` are the monitor's photographs, and how answers are compared."""
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from lay_out import compare, write_pictures  # noqa: E402
from monitor import choose_bank, knn_accuracy, knn_predictions  # noqa: E402
from network import Architecture, Backbone, initialise  # noqa: E402
from photographs import Photographs, is_held_out  # noqa: E402

NUMBERS_A_CLASS = {"tiny": 20}


def example() -> Photographs:
    pixels = torch.randint(0, 256, (60, 8, 8, 3), generator=torch.Generator().manual_seed(0)).byte()
    names = [f"tiny_{number:05d}" for number in range(60)]
    held_out = torch.tensor([is_held_out(name) for name in names])
    split = ((~held_out).nonzero().flatten(), held_out.nonzero().flatten())
    return Photographs(pixels, names, *split, torch.zeros(60, 32, 32).byte())


class TheFolders(unittest.TestCase):
    def test_hold_each_photograph_in_its_class_pixel_for_pixel(self):
        from PIL import Image

        photographs = example()
        bank = choose_bank(photographs, 10).tolist()
        self.assertEqual(len(set(bank)), 10)
        self.assertFalse(set(bank) & set(photographs.held_out.tolist()))
        with tempfile.TemporaryDirectory() as folder:
            write_pictures(photographs, bank, NUMBERS_A_CLASS, Path(folder))
            paths = sorted(Path(folder).rglob("*.png"))
            self.assertEqual([path.stem for path in paths], sorted(photographs.names[each] for each in bank))
            for path in paths:
                number = int(path.stem[-5:])
                self.assertEqual(path.parent.name, f"tiny {number // 20}")
                self.assertTrue(np.array_equal(np.asarray(Image.open(path)), photographs.pixels[number].numpy()))


class TheComparison(unittest.TestCase):
    def test_counts_what_is_told_otherwise_and_names_it(self):
        answers = {"accuracy": 0.5, "predictions": {"a/x/tiny_1.png": "x", "a/y/tiny_2.png": "x"}}
        lines = compare(["x", "y"], ["x", "y"], ["tiny_1", "tiny_2"], answers).split("\n")
        self.assertEqual(lines[0], "2 photographs: 1.0000 by the monitor, 0.5000 by the command, 1 told otherwise")
        self.assertEqual(lines[1:], ["  tiny_2: y by the monitor, x by the command"])
        with self.assertRaises(ValueError):
            compare(["x"], ["x"], ["tiny_3"], answers)

    def test_predictions_give_the_accuracy_of_the_log(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(24, 2, 3, 4, 2))
        initialise(network)
        arguments = (network, example(), 8, torch.device("cpu"), NUMBERS_A_CLASS)
        found, wanted = knn_predictions(*arguments)
        self.assertEqual(wanted, ["tiny 1", "tiny 2"])
        self.assertAlmostEqual(knn_accuracy(*arguments), sum(a == b for a, b in zip(found, wanted)) / 2)


if __name__ == "__main__":
    unittest.main()

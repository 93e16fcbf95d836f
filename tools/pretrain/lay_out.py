"""Lay out the photographs by which a run is judged as folders of folders, for `npm run look -- knn`, and compare its answers with the monitor's.

    python3 tools/pretrain/lay_out.py --data photographs --cache cache --set 64 --out folders
    npm run look -- knn --classes folders/bank --test folders/held-out --framing square --side 64 --out folders
    python3 tools/pretrain/lay_out.py --data photographs --cache cache --set 64 --out folders --model public/models/<id> --answers folders/knn.json
"""
import argparse
import json
import sys
from pathlib import Path
from typing import Dict, List

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cuts import read_network  # noqa: E402
from monitor import choose_bank, class_of, knn_predictions  # noqa: E402
from photographs import Photographs, load_photographs  # noqa: E402


def write_pictures(photographs: Photographs, numbers: List[int], numbers_a_class: Dict[str, int], folder: Path) -> None:
    """As PNG, so that every reader has the same pixels."""
    from PIL import Image

    for number in numbers:
        name = photographs.names[number]
        of_class = folder / class_of(name, numbers_a_class)
        of_class.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photographs.pixels[number].numpy()).save(of_class / f"{name}.png")


def compare(predicted: List[str], wanted: List[str], names: List[str], answers: dict) -> str:
    """:param names: of the held-out photographs, without an ending :param answers: what `npm run look -- knn` wrote"""
    told = {Path(path).stem: answer for path, answer in answers["predictions"].items()}
    missing = [name for name in names if name not in told]
    if missing:
        raise ValueError(f"{len(missing)} photographs have no answer, {missing[0]} among them")
    ours = sum(a == b for a, b in zip(predicted, wanted)) / len(wanted)
    other = [(name, a, told[name]) for name, a in zip(names, predicted) if told[name] != a]
    lines = [f"  {name}: {a} by the monitor, {b} by the command" for name, a, b in other]
    head = f"{len(names)} photographs: {ours:.4f} by the monitor, {answers['accuracy']:.4f} by the command, {len(other)} told otherwise"
    return "\n".join([head, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with .tar files of photographs")
    parser.add_argument("--cache", type=Path, required=True, help="where decoded photographs are kept")
    parser.add_argument("--set", type=int, required=True, metavar="PX", help="which photographs: their side")
    parser.add_argument("--config", type=Path, help="whose numbersAClass is taken (default: cpu-mini16)")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the folders bank and held-out")
    parser.add_argument("--model", type=Path, help="a folder of public/models, or of a run, to compare with")
    parser.add_argument("--side", type=int, metavar="PX", help="at which the monitor looks (default: the photographs' own, so that none is resized)")
    parser.add_argument("--answers", type=Path, help="the knn.json to compare")
    arguments = parser.parse_args()
    config = arguments.config or Path(__file__).resolve().parent / "configs" / "cpu-mini16.json"
    numbers_a_class = json.loads(config.read_text(encoding="utf-8"))["numbersAClass"]
    photographs = load_photographs(arguments.data, arguments.cache)[arguments.set]
    held_out = photographs.held_out.tolist()
    if arguments.answers is None:
        write_pictures(photographs, choose_bank(photographs).tolist(), numbers_a_class, arguments.out / "bank")
        write_pictures(photographs, held_out, numbers_a_class, arguments.out / "held-out")
        return
    if arguments.model is None:
        parser.error("--answers needs --model")
    network = read_network(arguments.model)
    side = arguments.side or photographs.side
    predicted, wanted = knn_predictions(network, photographs, side, torch.device("cpu"), numbers_a_class)
    answers = json.loads(arguments.answers.read_text(encoding="utf-8"))
    print(compare(predicted, wanted, [photographs.names[each] for each in held_out], answers))


if __name__ == "__main__":
    main()

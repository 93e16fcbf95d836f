"""Pretrain a small Vision Transformer with DINO, or its patches, or, to compare, with labels; in pieces of any length. README.md says how.

A signal to end, as from Ctrl-C, lets the step finish and keeps what is there.

    python3 tools/pretrain/main.py --config tools/pretrain/configs/gpu-tiny8.json --data FOLDER --out RUN --minutes 9
"""
import argparse
import json
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import List

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from config import AnyConfig, GroupingConfig, SupervisedConfig, read_config  # noqa: E402
from export import export_network  # noqa: E402
from grouping import GroupingLearner  # noqa: E402
from monitor import attention_agreement, fit_to_things, knn_accuracy  # noqa: E402
from photographs import Photographs, load_photographs  # noqa: E402
from learner import Learner  # noqa: E402
from supervised import Supervised  # noqa: E402
from trainer import Trainer  # noqa: E402
from weights import Weights, read_safetensors, read_tfjs  # noqa: E402

CHECKPOINT = "checkpoint.pt"
SAVE_EVERY_S = 300


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", type=Path, required=True, help="what to train, and how")
    parser.add_argument("--set", nargs="*", default=[], metavar="ENTRY=VALUE", help="change the config, for a trial")
    parser.add_argument("--data", type=Path, required=True, help="a folder with .tar files of photographs")
    parser.add_argument("--out", type=Path, required=True, help="where the run goes; if there is one, it goes on")
    parser.add_argument("--cache", type=Path, help="where decoded photographs are kept (default: <out>/cache)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long, to go on in another call")
    parser.add_argument("--images", type=float, default=math.inf, help="or after so many photographs in all")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--shares", type=int, default=1, metavar="N", help="of a batch, each on a CPU thread of its own")
    parser.add_argument("--bfloat16", action="store_true", help="autocast; on a CPU only where it is faster")
    parser.add_argument("--compile", action="store_true", help="torch.compile (2.x)")
    parser.add_argument("--start-from", type=Path, metavar="PATH", help="weights (.safetensors, a model's folder) or a run (.pt)")
    parser.add_argument("--export", choices=["float32", "float16"], default="float32", help="of model.safetensors")
    parser.add_argument("--log-every", type=int, default=20, metavar="STEPS")
    parser.add_argument("--judge-every", type=float, default=5, metavar="MINUTES", help="k-NN, agreement and fit")
    return parser.parse_args()


def make_trainer(config: AnyConfig, sets: List[Photographs], device: torch.device, arguments: argparse.Namespace):
    how = {"compiled": arguments.compile, "half": arguments.bfloat16, "shares": arguments.shares}
    kinds = {SupervisedConfig: Supervised, GroupingConfig: GroupingLearner}
    kind = kinds.get(type(config), Trainer)
    return kind(config, sets, device, **how)


def read_weights(path: Path) -> Weights:
    """:param path: a safetensors file, or a folder in the page's format"""
    return read_tfjs(path)[1] if path.is_dir() else read_safetensors(path)


def judge(trainer: Learner) -> dict:
    side = trainer.config.stage_at(trainer.seen).global_px
    result = {}
    for each in trainer.sets:
        accuracy = knn_accuracy(trainer.network, each, side, trainer.device, trainer.config.numbers_a_class)
        result[f"knn{each.side}"] = accuracy
    largest = max(trainer.sets, key=lambda each: each.side)
    mean, best = attention_agreement(trainer.network, largest, side, trainer.device)
    fit, best_fit = fit_to_things(trainer.network, largest, side, trainer.device)
    result.update(agreement=mean, bestHeadAgreement=best, fit=fit, bestHeadFit=best_fit)
    return {**result, **trainer.judge_itself(side)}


def main() -> None:
    arguments = read_arguments()
    begun = time.monotonic()
    config = read_config(arguments.config, arguments.set)
    device = torch.device(arguments.device)
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
    arguments.out.mkdir(parents=True, exist_ok=True)
    sets = [
        each.to(device)
        for each in load_photographs(arguments.data, arguments.cache or arguments.out / "cache").values()
    ]
    trainer = make_trainer(config, sets, device, arguments)
    checkpoint = arguments.out / CHECKPOINT
    if checkpoint.exists():
        trainer.restore(torch.load(checkpoint, map_location=device))
    elif arguments.start_from is not None:
        if arguments.start_from.suffix == ".pt":
            trainer.start_from_run(torch.load(arguments.start_from, map_location=device))
        else:
            trainer.start_from(read_weights(arguments.start_from))

    log = open(arguments.out / "log.jsonl", "a", encoding="utf-8")

    def write(entry: dict) -> None:
        minutes = (time.monotonic() - begun) / 60
        line = json.dumps({"seen": trainer.seen, "minutes": round(minutes, 2), **entry})
        log.write(line + "\n")
        log.flush()
        print(line, flush=True)

    def save() -> None:
        if not all(bool(torch.isfinite(each).all()) for each in trainer.parameters):
            sys.exit("The weights are not finite. The last checkpoint is from before.")
        torch.save(trainer.state(), checkpoint.with_suffix(".new"))
        os.replace(checkpoint.with_suffix(".new"), checkpoint)
        export_network(trainer.network, arguments.out, arguments.export)

    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    last_judged = last_saved = time.monotonic()
    steps = 0
    seen_before, clock = trainer.seen, time.monotonic()
    wanted = min(config.images, arguments.images)
    while trainer.seen < wanted and time.monotonic() - begun < arguments.minutes * 60 and not stopped:
        found = trainer.step(config.stage_at(trainer.seen))
        steps += 1
        if steps % arguments.log_every == 0:
            described = trainer.describe(found)
            rate = (trainer.seen - seen_before) / (time.monotonic() - clock)
            write({**described, "imagesPerSecond": rate, **trainer.schedule()})
            seen_before, clock = trainer.seen, time.monotonic()
            if not math.isfinite(described["loss"]):
                sys.exit("The loss is not finite. The last checkpoint is from before.")
        if time.monotonic() - last_saved > SAVE_EVERY_S:
            save()
            last_saved = time.monotonic()
        if time.monotonic() - last_judged > arguments.judge_every * 60:
            write(judge(trainer))
            last_judged = clock = time.monotonic()
            seen_before = trainer.seen
    save()
    if not stopped:
        write(judge(trainer))
    left = config.images - trainer.seen
    print("The run is whole." if left <= 0 else f"{left} images are left: call again to go on.")


if __name__ == "__main__":
    main()

"""Write small checkpoints of rare kinds: whole objects. README.md says what each is.

    python3 tools/reference/make_rare.py
"""
from dataclasses import replace

import torch

from make_checkpoints import describe
from make_fixtures import FIXTURES, load, random_input, random_source, random_weights, run, write_json
from make_wrapped import PLAIN
from vit import VisionTransformer
from weights import Weights

FOLDER = FIXTURES / "rare"


def faint(weights: Weights) -> Weights:
    """Tokens so small that a layer norm's epsilon matters."""
    embedded = ("cls_token", "pos_embed", "patch_embed.")
    return {name: array * (0.003 if name.startswith(embedded) else 1) for name, array in weights.items()}


def write_objects(networks: list) -> None:
    other_eps = replace(PLAIN, layer_norm_eps=1e-5)
    weights = faint(random_weights(VisionTransformer(PLAIN), random_source(80)))
    networks.append(describe("other-eps", weights, other_eps))
    torch.save(load(other_eps, weights), FOLDER / "object.pth")
    pixels = random_input(random_source(63), 4 * 2, 5 * 2)
    with_each = [run(load(architecture, weights), pixels).attention[0] for architecture in (PLAIN, other_eps)]
    difference = float((with_each[0] - with_each[1]).abs().max())
    assert difference > 1e-3, f"the epsilon changes attention by {difference}"


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    networks: list = []
    write_objects(networks)
    write_json(FOLDER / "expected.json", networks)
    for path in sorted(FOLDER.glob("*.*")):
        print(f"{path.name}  {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()

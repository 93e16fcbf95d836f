"""Write what the layers, rollout and token lenses must find inside the small networks, computed by PyTorch. README.md says what each is.

    python3 tools/reference/make_taps.py

Needs fixtures/vit and fixtures/checkpoints/expected.json, whose networks and inputs it takes.
"""
import base64
import json
from typing import Dict, Iterator, List, Tuple

import numpy as np
import torch
from torch import Tensor

from make_fixtures import FIXTURES, SMALL_NETWORKS, encode, random_input, random_source, run, tensor, write_json
from vit import Architecture, VisionTransformer

#: Of the checkpoints: what differs in architecture or values.
CHECKPOINT_NETWORKS = ["dino", "moco", "dinov2", "dinov2-registers", "dinov2-registers-timm"]
FUSIONS = ["mean", "max", "min"]


def decode(values: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(values), "<f4")


def load_described(described: dict) -> VisionTransformer:
    """Loads a network from its fixture."""
    model = VisionTransformer(Architecture.from_json(described["architecture"]))
    flat, state, offset = torch.from_numpy(decode(described["weights"]).copy()), {}, 0
    for parameter in described["parameters"]:
        count = int(np.prod(parameter["shape"]))
        state[parameter["name"]] = flat[offset : offset + count].reshape(parameter["shape"])
        offset += count
    model.load_state_dict(state, strict=True)
    return model.eval()


def square_and_oblong(cases: List[dict]) -> List[dict]:
    """The first square input and the last input that is not square."""
    squares = [case for case in cases if case["rows"] == case["columns"]]
    oblongs = [case for case in cases if case["rows"] != case["columns"]]
    return squares[:1] + oblongs[-1:]


def networks() -> Iterator[Tuple[str, dict, List[dict]]]:
    """:yields: the network's place in the fixtures, the network, two inputs"""
    for network in SMALL_NETWORKS:
        described = json.loads((FIXTURES / "vit" / f"{network}.json").read_text(encoding="utf-8"))
        yield f"vit/{network}", described, square_and_oblong(described["cases"])
    described_all = json.loads((FIXTURES / "checkpoints" / "expected.json").read_text(encoding="utf-8"))
    for seed, network in enumerate(CHECKPOINT_NETWORKS, start=70):
        described = next(each for each in described_all if each["name"] == network)
        patch = described["architecture"]["patchSize"]
        side = 5 * patch
        pixels = random_input(random_source(seed), side, side)
        square = {"rows": 5, "columns": 5, "input": {"height": side, "width": side, "values": encode(pixels)}}
        yield f"checkpoints/{network}", described, [square, *square_and_oblong(described["cases"])]


def tokens_of(model: VisionTransformer, pixels: np.ndarray) -> Tuple[List[Tensor], List[Dict[str, Tensor]]]:
    """:returns: each block's attention [H, T, T], and its query, key, value and output, [T, C] each"""
    blocks: List[Dict[str, Tensor]] = [{} for _ in model.blocks]

    def keep_qkv(into: Dict[str, Tensor]):
        def hook(_module, _inputs, output: Tensor) -> None:
            into["query"], into["key"], into["value"] = output[0].chunk(3, dim=-1)

        return hook

    def keep_out(into: Dict[str, Tensor]):
        def hook(_module, _inputs, output) -> None:
            into["out"] = output[0][0]

        return hook

    hooks = []
    for block, into in zip(model.blocks, blocks):
        hooks.append(block.attn.qkv.register_forward_hook(keep_qkv(into)))
        hooks.append(block.register_forward_hook(keep_out(into)))
    result = run(model, pixels)
    for hook in hooks:
        hook.remove()
    # The last block's tokens after the final norm.
    blocks[-1]["out"] = model.norm(blocks[-1]["out"]).detach()
    assert torch.equal(blocks[-1]["out"][0], result.cls_feature[0])
    return [attention[0] for attention in result.attention], blocks


# Rollout: Abnar and Zuidema, "Quantifying Attention Flow in Transformers", 2020, and its variant in the repository vit-explain


def fuse(attention: Tensor, fusion: str) -> Tensor:
    """:param attention: shape [H, T, T]"""
    heads = attention.double()
    return {"mean": heads.mean(0), "max": heads.amax(0), "min": heads.amin(0)}[fusion]


def discard_lowest(matrix: Tensor, ratio: float) -> Tensor:
    """As in vit-explain: sets this share of the lowest entries to 0, except the first entry, which is CLS's attention
    on itself."""
    flat = matrix.flatten().clone()
    lowest = flat.topk(int(flat.numel() * ratio), largest=False).indices
    flat[lowest[lowest != 0]] = 0
    return flat.reshape(matrix.shape)


def rollout(attentions: List[Tensor], fusion: str, ratio: float, as_in_vit_explain: bool) -> Tensor:
    """:returns: the full product A_L … A_1, shape [T, T]"""
    tokens = attentions[0].shape[-1]
    product = torch.eye(tokens, dtype=torch.float64)
    for attention in attentions:
        a = (discard_lowest(fuse(attention, fusion), ratio) + torch.eye(tokens, dtype=torch.float64)) / 2
        sums = a.sum(-1)
        # vit-explain divides by sums of shape [1, T]: it divides column k by the sum of row k.
        a = a / sums[None, :] if as_in_vit_explain else a / sums[:, None]
        product = a @ product
    return product


def has_clear_thresholds(attentions: List[Tensor], ratio: float) -> bool:
    """Whether no entry is so close to a threshold that rounding could move it to the other side."""
    for fusion in FUSIONS:
        for attention in attentions:
            values = fuse(attention, fusion).flatten().sort().values
            count = int(values.numel() * ratio)
            if count > 0 and values[count] / values[count - 1] - 1 < 3e-4:
                return False
    return True


def discard_ratio(attentions: List[Tensor]) -> float:
    """vit-explain's 0.9, or the nearest ratio with clear thresholds."""
    for step in range(40):
        for ratio in (round(0.9 - step * 0.005, 3), round(0.9 + step * 0.002, 3)):
            if ratio < 1 and has_clear_thresholds(attentions, ratio):
                return ratio
    raise AssertionError("no ratio is clear of all entries")


def rollouts(attentions: List[Tensor], queries: Dict[str, int]) -> List[dict]:
    cases = []
    for fusion in FUSIONS:
        for ratio in (0.0, discard_ratio(attentions)):
            for normalise in ("rows", "vit-explain"):
                product = rollout(attentions, fusion, ratio, normalise == "vit-explain")
                rows = {name: encode(product[token].numpy()) for name, token in queries.items()}
                cases.append({"fusion": fusion, "discardRatio": ratio, "normalise": normalise, **rows})
    return cases


# Statistics of heads


def mean_entropy(attention: Tensor) -> Tensor:
    """Mean entropy of the rows over all queries, in nats. :returns: shape [H]"""
    a = attention.double()
    return -torch.special.xlogy(a, a).sum(-1).mean(-1)


def mean_distance(attention: Tensor, rows: int, columns: int) -> Tensor:
    """Mean attention distance in patches, between patches: Raghu et al., "Do Vision Transformers See Like Convolutional Neural
    Networks?", 2021. :returns: shape [H]"""
    places = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).double()
    distances = torch.cdist(places, places)
    between_patches = attention.double()[:, -rows * columns :, -rows * columns :]
    return (between_patches * distances).sum(-1).mean(-1)


def describe_case(model: VisionTransformer, case: dict) -> dict:
    rows, columns = case["rows"], case["columns"]
    size = case["input"]
    pixels = decode(size["values"]).reshape(size["height"], size["width"], 3)
    attentions, blocks = tokens_of(model, pixels)
    special = 1 + model.architecture.num_registers
    # A patch that is neither in the middle nor at an edge that other patches share.
    patch = special + (rows - 1) * columns // 2 + 1
    queries = {"cls": 0, "patch": patch}
    stacked = torch.stack(attentions)
    return {
        "rows": rows,
        "columns": columns,
        "input": size,
        "patch": patch,
        # [L, 2, H, T]: attention of CLS and of the patch
        "attention": tensor(stacked[:, :, [0, patch]].transpose(1, 2).numpy()),
        "rollouts": rollouts(attentions, queries),
        "entropy": tensor(torch.stack([mean_entropy(a) for a in attentions]).numpy()),
        "distance": tensor(torch.stack([mean_distance(a, rows, columns) for a in attentions]).numpy()),
        "blocks": [{facet: encode(values.numpy()) for facet, values in block.items()} for block in blocks],
    }


def main() -> None:
    torch.set_num_threads(1)
    described_all = []
    for name, described, cases in networks():
        model = load_described(described)
        with torch.no_grad():
            described_all.append({"network": name, "cases": [describe_case(model, case) for case in cases]})
        ratios = sorted({r["discardRatio"] for c in described_all[-1]["cases"] for r in c["rollouts"]})
        print(f"{name}: shares discarded {ratios}")
    write_json(FIXTURES / "taps.json", described_all)


if __name__ == "__main__":
    main()

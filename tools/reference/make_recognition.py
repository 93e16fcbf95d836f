"""Write what recognising photographs must find, computed by NumPy, SciPy and PyTorch. README.md says what each is.

    python3 tools/reference/make_recognition.py
"""
import hashlib
import json
from typing import Iterator, List, Tuple

import numpy as np
import torch
from PIL import Image

from make_fixtures import FIXTURES, SAMPLES, encode, load, random_source, read_embedded_model, write_json
from make_taps import decode, load_described, networks, tokens_of
from photograph import normalise
from vit import VisionTransformer

TEMPERATURE = 0.07
KS = (1, 5, 20, 100)
#: A choice that depends on a smaller difference depends on rounding.
LEAST_GAP = 1e-5
#: With this one no two neighbours are equally near.
SEED = 501


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def pooled_features(rng: np.random.RandomState, classes: np.ndarray, channels: int) -> np.ndarray:
    """:returns: CLS, mean and GeM around a centre of each class, GeM above 0, shape [N, 3, C]"""
    centres = rng.standard_normal((classes.max() + 1, 3, channels))
    features = centres[classes] + 0.8 * rng.standard_normal((len(classes), 3, channels))
    features[:, 2] = np.abs(features[:, 2])
    return features.astype("<f4")


def vectors(pooled: np.ndarray, kind: str) -> np.ndarray:
    """:returns: of length 1, shape [N, D]"""
    cls, mean, gem = pooled.astype(float).transpose(1, 0, 2)
    joined = {
        "cls": cls,
        "mean": mean,
        "both": np.concatenate([unit(cls), unit(mean)], axis=1),
        "copy": np.concatenate([cls, gem], axis=1),
    }
    return unit(joined[kind])


# k-NN: knn_classifier of eval_knn.py, with NumPy in place of torch


def knn_classifier(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, wanted: np.ndarray, classes: int, leave_out: bool = False
) -> dict:
    """:param leave_out: the test items are the bank's own, and none is a neighbour of its own"""
    similarity = test @ train.T
    if leave_out:
        np.fill_diagonal(similarity, -np.inf)
    largest = len(train) - (1 if leave_out else 0)
    indices = np.argsort(-similarity, axis=1, kind="stable")
    distances = np.take_along_axis(similarity, indices, axis=1)
    assert np.diff(-distances[:, : largest + 1], axis=1).min() > 4e-7, "two neighbours are equally near"
    votes = []
    for k in KS:
        retrieved = train_labels[indices[:, : min(k, largest)]]
        one_hot = np.eye(classes)[retrieved]
        probabilities = (one_hot * np.exp(distances[:, : min(k, largest)] / TEMPERATURE)[..., None]).sum(1)
        probabilities /= probabilities.sum(1, keepdims=True)
        best = np.sort(probabilities, axis=1)
        assert (best[:, -1] - best[:, -2]).min() > LEAST_GAP, "two classes have as many votes"
        predictions = probabilities.argmax(1)
        votes.append(
            {
                "k": k,
                "shares": encode(probabilities),
                "predictions": predictions.tolist(),
                "confusion": confusion(predictions, wanted, classes),
                "accuracy": float((predictions == wanted).mean()),
            }
        )
    return {"items": indices[:, :largest].tolist(), "cosines": encode(distances[:, :largest]), "votes": votes}


def confusion(predicted: np.ndarray, wanted: np.ndarray, classes: int) -> List[List[int]]:
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (wanted, predicted), 1)
    return counts.tolist()


def neighbour_cases() -> List[dict]:
    cases = []
    for count, asked, channels, classes in [(60, 25, 6, 4), (33, 12, 10, 3)]:
        rng = random_source(SEED)
        of_bank = np.concatenate([np.arange(classes), rng.randint(0, classes, count - classes)])
        of_asked = rng.randint(0, classes, asked)
        both = pooled_features(rng, np.concatenate([of_bank, of_asked]), channels)
        bank, queries = both[:count], both[count:]
        kinds = {}
        for kind in ("cls", "mean", "both", "copy"):
            train, test = vectors(bank, kind), vectors(queries, kind)
            kinds[kind] = {
                "bank": encode(train),
                "ofQueries": knn_classifier(train, of_bank, test, of_asked, classes),
                "leaveOneOut": knn_classifier(train, of_bank, train, of_bank, classes, leave_out=True),
            }
        cases.append(
            {
                "channels": channels,
                "classCount": classes,
                "bank": encode(bank),
                "queries": encode(queries),
                "classesOfBank": of_bank.tolist(),
                "classesOfQueries": of_asked.tolist(),
                "kinds": kinds,
            }
        )
    return cases


# Groups of look-alikes, and the map


def groups(features: np.ndarray, threshold: float) -> List[List[int]]:
    from scipy.sparse.csgraph import connected_components  # imported only here: check_probe.py does without SciPy

    cosines = features @ features.T
    assert np.abs(cosines - threshold).min() > LEAST_GAP, "rounding decides on a pair"
    _, labels = connected_components(cosines >= threshold, directed=False)
    found = [np.nonzero(labels == label)[0].tolist() for label in range(labels.max() + 1)]
    return sorted(group for group in found if len(group) > 1)


def components(features: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """:returns: places, whose furthest one along each axis is above 0, and each axis's share of the variance"""
    _, lengths, axes = np.linalg.svd(features - features.mean(0), full_matrices=False)
    places = (features - features.mean(0)) @ axes[:2].T
    places *= np.sign(places[np.abs(places).argmax(0), [0, 1]])
    return places, lengths**2 / (lengths**2).sum()


def group_cases() -> List[dict]:
    cases = []
    for seed, (count, channels) in enumerate([(40, 5), (24, 12)]):
        rng = random_source(520 + seed)
        # A third are altered copies of others, some of them copies of copies.
        rows = [rng.standard_normal(channels) for _ in range(count)]
        for item in range(1, count, 3):
            rows[item] = rows[rng.randint(0, item)] + 0.05 * rng.standard_normal(channels)
        features = unit(np.array(rows)).astype("<f4")
        places, shares = components(features.astype(float))
        assert shares[0] - shares[1] > 0.01 and shares[1] - shares[2] > 0.005, "two axes are alike"
        cases.append(
            {
                "channels": channels,
                "features": encode(features),
                "medianDistance": float(np.median(1 - (features.astype(float) @ features.T)[np.triu_indices(count, 1)])),
                "groups": {str(each): groups(features.astype(float), each) for each in (0.99, 0.9, 0.6)},
                "places": encode(places),
            }
        )
    return cases


# The linear probe's optimum, by PyTorch


def probe_loss(x: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, decay: float) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(x @ weight.T + bias, labels) + decay / 2 * (weight**2).sum()


def probe_cases() -> List[dict]:
    cases = []
    for seed, (count, channels, classes) in enumerate([(80, 6, 3), (40, 12, 2), (120, 8, 7)]):
        rng = random_source(540 + seed)
        labels = np.concatenate([np.arange(classes), rng.randint(0, classes, count - classes)])
        features = unit(rng.standard_normal((classes, channels))[labels] + rng.standard_normal((count, channels))).astype("<f4")
        x = features.astype(float)
        x = torch.from_numpy((x - x.mean(0)) / x.std(0))
        fits = []
        for decay in (1.0, 0.01, 0.0001):
            weight = torch.zeros(classes, channels, dtype=torch.float64, requires_grad=True)
            bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
            optimizer = torch.optim.LBFGS(
                [weight, bias], max_iter=5000, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
            )

            def closure() -> torch.Tensor:
                optimizer.zero_grad()
                loss = probe_loss(x, torch.from_numpy(labels), weight, bias, decay)
                loss.backward()
                return loss

            optimizer.step(closure)
            closure()
            assert max(float(each.grad.abs().max()) for each in (weight, bias)) < 1e-7, "PyTorch has not arrived"
            with torch.no_grad():
                loss = float(probe_loss(x, torch.from_numpy(labels), weight, bias, decay))
                shares = torch.softmax(x @ weight.T + bias, dim=1)
            fits.append({"weightDecay": decay, "loss": loss, "shares": encode(shares.numpy())})
        cases.append({"channels": channels, "classCount": classes, "features": encode(features), "classes": labels.tolist(), "fits": fits})
    return cases


# Features of whole photographs: DINO's get_intermediate_layers (each block through the final norm) and eval_copy_detection.py


def pooled_blocks(model: VisionTransformer, pixels: np.ndarray) -> List[dict]:
    """:param pixels: normalised, shape [height, width, 3]. :returns: of each block CLS, mean and GeM"""
    _, blocks = tokens_of(model, pixels)
    outs = [block["out"] for block in blocks]
    # The last one has been through the norm.
    normed = [model.norm(out) for out in outs[:-1]] + outs[-1:]
    special = 1 + model.architecture.num_registers
    pooled = []
    for tokens in normed:
        patches = tokens[special:]
        gem = patches.clamp(min=1e-6).double().pow(4).mean(0).pow(1 / 4)
        pooled.append({"cls": encode(tokens[0].numpy()), "mean": encode(patches.mean(0).numpy()), "gem": encode(gem.numpy())})
    return pooled


def middle_of(photograph: Image.Image, side: int) -> Image.Image:
    """torchvision's Resize(256, bicubic) and CenterCrop(224), or the same for other sides."""
    short = round(side * 256 / 224)
    width, height = photograph.size
    size = (short, int(short * height / width)) if width <= height else (int(short * width / height), short)
    whole = photograph.resize(size, Image.BICUBIC)
    left, top = int(round((size[0] - side) / 2.0)), int(round((size[1] - side) / 2.0))
    return whole.crop((left, top, left + side, top + side))


def family_features() -> List[dict]:
    found = []
    for name, described, cases in networks():
        model = load_described(described)
        inputs = [decode(case["input"]["values"]).reshape(case["input"]["height"], case["input"]["width"], 3) for case in cases]
        found.append({"network": name, "cases": [pooled_blocks(model, each.copy()) for each in inputs]})
    return found


def sample_features() -> Iterator[dict]:
    embedded = load(*read_embedded_model(None))
    described_all = json.loads((FIXTURES / "checkpoints" / "expected.json").read_text(encoding="utf-8"))
    registers = load_described(next(each for each in described_all if each["name"] == "dinov2-registers"))
    for name, model, sample, size, side in [
        ("embedded", embedded, "cat", None, 224),
        ("embedded", embedded, "rocket", (333, 217), 64),
        ("dinov2-registers", registers, "dahlia", (101, 250), 16),
    ]:
        photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
        height, width = size or (photograph.height, photograph.width)
        middle = np.asarray(middle_of(photograph.crop((0, 0, width, height)), side))
        pixels = np.ascontiguousarray(normalise(middle)[0].transpose(1, 2, 0))
        yield {
            "network": name,
            "sample": sample,
            "size": {"height": height, "width": width},
            "side": side,
            "sha256": hashlib.sha256(middle.tobytes()).hexdigest(),
            "blocks": pooled_blocks(model, pixels),
        }


def middle_cases() -> Iterator[dict]:
    """Of a photograph cut to sizes whose halves fall between pixels."""
    photograph = Image.open(SAMPLES / "cat.jpg").convert("RGB")
    for height, width in [(64, 64), (64, 65), (67, 64), (99, 100), (150, 203), (300, 7), (5, 301), (256, 300)]:
        for side in (32, 48, 224):
            if side == 224 and (height, width) != (256, 300):
                continue
            middle = np.asarray(middle_of(photograph.crop((0, 0, width, height)), side))
            yield {"size": {"height": height, "width": width}, "side": side, "sha256": hashlib.sha256(middle.tobytes()).hexdigest()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        pooled = {"families": family_features(), "samples": list(sample_features()), "middles": list(middle_cases())}
    write_json(FIXTURES / "pooled.json", pooled)
    write_json(
        FIXTURES / "recognition.json",
        {"neighbours": neighbour_cases(), "groups": group_cases(), "probes": probe_cases()},
    )

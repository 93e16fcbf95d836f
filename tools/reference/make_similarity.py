"""Write how similar patches are and which of two photographs correspond, computed with NumPy. README.md says what each is.

    python3 tools/reference/make_similarity.py

Needs fixtures/taps.json, whose features of small networks it takes.
"""
import json
from typing import List, Tuple

import numpy as np
import torch
from PIL import Image

from make_fixtures import FIXTURES, SAMPLES, encode, load, read_embedded_model, write_json
from make_taps import decode, tokens_of
from photograph import frame_photograph, normalise, resize

PAIRS = 10
#: A choice that depends on a smaller difference of cosines depends on rounding.
LEAST_GAP = 5e-6

# The random numbers of the page (Mulberry32, started from a hash of MurmurHash3's finaliser): the clustering draws from them.

WORD = 0xFFFFFFFF


def mix(word: int) -> int:
    word &= WORD
    word = ((word ^ (word >> 16)) * 0x85EBCA6B) & WORD
    word = ((word ^ (word >> 13)) * 0xC2B2AE35) & WORD
    return word ^ (word >> 16)


class RandomStream:
    def __init__(self, *name: int) -> None:
        self.state = 0
        for word in name:
            self.state = mix(self.state ^ ((mix(word) + 0x9E3779B9) & WORD))

    def next(self) -> float:
        """:returns: a value in [0, 1)"""
        self.state = (self.state + 0x6D2B79F5) & WORD
        word = ((self.state ^ (self.state >> 15)) * (self.state | 1)) & WORD
        word ^= (word + ((word ^ (word >> 7)) * (word | 61))) & WORD
        return (word ^ (word >> 14)) / 2**32


def unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=-1, keepdims=True), 1e-12)


# Similarity


def similarity(asked: np.ndarray, features: np.ndarray) -> np.ndarray:
    """:param asked: shape [Q, C]. :param features: shape [n, C]. :returns: cosines with the mean of the directions asked, shape [n]"""
    return unit(features) @ unit(unit(asked).mean(0))


def similarities(tokens: List[np.ndarray], special: int, patches: List[int]) -> dict:
    """CLS, a patch, and several patches of the first photograph asked; of each photograph a map.
    :param tokens: of each photograph, shape [T, C]"""
    first = tokens[0]
    maps = lambda asked: [encode(similarity(asked, each[special:]).astype("<f4")) for each in tokens]
    asked = [special + patch for patch in patches]
    return {"patches": patches, "cls": maps(first[:1]), "patch": maps(first[asked[:1]]), "several": maps(first[asked])}


# Correspondences: Amir et al., "Deep ViT Features as Dense Visual Descriptors", 2022


def saliency(attention: np.ndarray) -> np.ndarray:
    """:param attention: CLS's attention on the patches in the last block, shape [H, n]"""
    mean = attention.astype(float).mean(0)
    return (mean - mean.min()) / (mean.max() - mean.min())


def nearest(cosines: np.ndarray) -> Tuple[np.ndarray, float]:
    """:returns: of each row the column of the largest value, and the least that it is larger by than the next"""
    ordered = np.sort(cosines, axis=1)
    return cosines.argmax(1), float((ordered[:, -1] - ordered[:, -2]).min())


def log_bins(features: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Two hierarchies: each patch and its 8 neighbours, and the means of 3 x 3 patches around 8 places at a distance of 3. A place outside
    is the nearest one inside; a mean at the edge is of the patches that there are.
    :param features: shape [n, C]. :returns: shape [n, 17 C]"""
    own = features.reshape(rows, columns, -1)
    mean = np.array([[own[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].mean((0, 1)) for x in range(columns)] for y in range(rows)])
    at = lambda grid, y, x: grid[min(max(y, 0), rows - 1), min(max(x, 0), columns - 1)]
    described = []
    for y in range(rows):
        for x in range(columns):
            parts = []
            for grid, step in ((own, 1), (mean, 3)):
                for i in (y - step, y, y + step):
                    for j in (x - step, x, x + step):
                        if grid is own or (i, j) != (y, x):
                            parts.append(at(grid, i, j))
            described.append(np.concatenate(parts))
    return np.array(described)


def k_means(points: np.ndarray, count: int) -> np.ndarray:
    """Lloyd's algorithm from one start by k-means++. :param points: shape [P, D]. :returns: each point's cluster"""
    random = RandomStream(len(points), count)
    squared = lambda centre: ((points - centre) ** 2).sum(1)
    chosen = [int(random.next() * len(points))]
    distances = np.full(len(points), np.inf)
    while True:
        to_last = squared(points[chosen[-1]])
        distances = np.minimum(distances, np.where(to_last < 1e-5, 0, to_last))
        if len(chosen) == count or not distances.any():
            break
        drawn = random.next() * distances.sum()
        chosen.append(int(np.argmax(np.cumsum(distances) > drawn)))
    centres, clusters = points[chosen], None
    for _ in range(301):
        to_centres = np.stack([squared(centre) for centre in centres], axis=1)
        now = to_centres.argmin(1)
        if clusters is not None and (now == clusters).all():
            break
        clusters = now
        centres = np.stack([points[clusters == at].mean(0) if (clusters == at).any() else np.full(points.shape[1], np.inf) for at in range(len(centres))])
    return clusters


def concatenated(features: List[np.ndarray], pairs: List[Tuple[int, int]]) -> np.ndarray:
    """The script does not normalise the two descriptors themselves. :returns: of length 1, shape [P, 2 D]"""
    return unit(np.concatenate([features[0][[i for i, _ in pairs]], features[1][[j for _, j in pairs]]], axis=1))


def correspondences(features: List[np.ndarray], salient: List[np.ndarray], keeps_alike: bool, threshold: float = 0.05) -> dict:
    """:param features: of both photographs, shape [n, C]. :param salient: 0..1, shape [n]"""
    first, second = (unit(each) for each in features)
    cosines = first @ second.T
    (to_second, gap), (to_first, other_gap) = nearest(cosines), nearest(cosines.T)
    mutual = [(i, int(j)) for i, j in enumerate(to_second) if to_first[j] == i]
    kept = [(i, j) for i, j in mutual if salient[0][i] > threshold and salient[1][j] > threshold]
    edges = np.abs(np.concatenate(salient) - threshold).min()
    chosen: List[int] = []
    if kept:
        together = concatenated(features, kept)
        means = np.array([(salient[0][i] + salient[1][j]) / 2 for i, j in kept])
        clusters = k_means(together, min(PAIRS, len(kept)))
        chosen = [int(max(np.nonzero(clusters == at)[0], key=lambda pair: means[pair])) for at in set(clusters.tolist())]
        chosen.sort(key=lambda pair: -means[pair])
    alike = concatenated(features, mutual) if keeps_alike else np.zeros((0, 1))
    pairs = lambda some: [[i, j, round(float(cosines[i, j]), 7)] for i, j in some]
    return {
        "gap": min(gap, other_gap, float(edges)),
        "mutual": pairs(mutual),
        "alike": encode((alike @ alike.T).astype("<f4")),
        "salient": pairs(kept),
        "chosen": pairs([kept[at] for at in chosen]),
    }


def embedded_cases() -> List[dict]:
    model = load(*read_embedded_model(None))
    patch, cases = model.architecture.patch_size, []

    def look(sample: str, side: int):
        photograph = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
        frame = frame_photograph(photograph.height, photograph.width, patch, side)
        pixels = normalise(resize(photograph, frame, patch))[0].transpose(1, 2, 0)
        return (frame.rows, frame.columns), *tokens_of(model, np.ascontiguousarray(pixels))

    for samples, side, block, facet in [
        (["cat", "dog", "dahlia"], 224, 8, "key"),
        (["raccoon", "butterfly"], 448, 6, "value"),
        (["raccoon", "butterfly"], 224, 4, "value"),
        (["dog", "pagoda"], 224, 8, "token"),
    ]:
        looks = [look(sample, side) for sample in samples]
        name = "out" if facet == "token" else facet
        tokens = [blocks[block - 1][name].double().numpy() for _, _, blocks in looks]
        salient = [saliency(attentions[-1][:, 0, 1:].numpy()) for _, attentions, _ in looks]
        patches = [len(tokens[0]) // 2, 3, 60]
        case = {"samples": samples, "side": side, "block": block, "facet": facet, **similarities(tokens, 1, patches)}
        features = [each[1:] for each in tokens[:2]]
        around = [log_bins(each, *grid) for each, (grid, _, _) in zip(features, looks)]
        matches = correspondences(features, salient[:2], False)
        cases.append({**case, "matches": matches, "around": correspondences(around, salient[:2], False)})
    return cases


def family_cases() -> List[dict]:
    """Keys of the last block of each small network; its two inputs are the two photographs."""
    cases = []
    for network in json.loads((FIXTURES / "taps.json").read_text(encoding="utf-8")):
        tokens, salient = [], []
        for case in network["cases"]:
            depth, queries, heads, count = case["attention"]["shape"]
            patches = case["rows"] * case["columns"]
            tokens.append(decode(case["blocks"][-1]["key"]).astype(float).reshape(count, -1))
            attention = decode(case["attention"]["values"]).reshape(depth, queries, heads, count)
            salient.append(saliency(attention[-1, 0, :, -patches:]))
        special = len(tokens[0]) - len(salient[0])
        asked = similarities(tokens, special, [len(salient[0]) // 2, 0, 3])
        features = [each[special:] for each in tokens]
        around = [log_bins(each, case["rows"], case["columns"]) for each, case in zip(features, network["cases"])]
        found = {"matches": correspondences(features, salient, True), "around": correspondences(around, salient, True)}
        cases.append({"network": network["network"], **asked, **found})
    return cases


def cluster_cases() -> List[dict]:
    """k-means of random points of length 1."""
    cases = []
    for seed, (points, channels, counts) in enumerate([(40, 6, [1, 4, 10]), (25, 3, [2, 25]), (7, 5, [3])]):
        values = unit(np.random.default_rng(seed).standard_normal((points, channels))).astype("<f4")
        clusters = {str(count): k_means(values.astype(float), count).tolist() for count in counts}
        cases.append({"shape": [points, channels], "values": encode(values), "clusters": clusters})
    return cases


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        described = {"embedded": embedded_cases(), "families": family_cases(), "clusters": cluster_cases()}
    for case in described["embedded"] + described["families"]:
        for name in ("matches", "around"):
            found = case[name]
            counts = [len(found[kind]) for kind in ("mutual", "salient", "chosen")]
            print(case.get("samples", case.get("network")), name, "gap", found["gap"], *counts)
            assert found["gap"] > LEAST_GAP, "rounding decides which patches are nearest"
    write_json(FIXTURES / "similarity.json", described)

"""Similarity, colours and TokenCut by NumPy and SciPy, for bench/features.ts. Eigenvectors as TokenCut's script has them (a dense
eigh), and by eigsh, which is Lanczos' method."""

import numpy as np
import scipy
from rival import serve, timed
from scipy.linalg import eigh
from scipy.ndimage import label
from scipy.sparse.linalg import LinearOperator, eigsh

CHANNELS = 384
opened = {}


def read(request):
    path = request["path"]
    if path not in opened:
        opened[path] = np.fromfile(path, "<f4").reshape(-1, CHANNELS)[1:]
    return opened[path]


def cosines(features):
    side = int(len(features) ** 0.5)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    return unit @ unit[side // 2 * (side + 1)]


def colours(features):
    centred = features - features.mean(0)
    _, axes = eigh(centred.T @ centred, subset_by_index=[CHANNELS - 4, CHANNELS - 1])
    return (centred @ axes[:, ::-1])[:, 0]


def weights(features):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    return np.where(unit @ unit.T > 0.2, 1.0, 1e-5)


def cut(vector):
    """TokenCut's mask: the part above the mean that holds the value furthest from 0."""
    side = int(len(vector) ** 0.5)
    inside, seed = vector > vector.mean(), int(np.argmax(np.abs(vector)))
    parts, _ = label((inside if inside[seed] else ~inside).reshape(side, side))
    return (parts == parts[seed // side, seed % side]).ravel()


def dense(features):
    a = weights(features)
    d = np.diag(a.sum(1))
    return cut(eigh(d - a, d, subset_by_index=[1, 1])[1][:, 0])


def lanczos(features):
    a = weights(features)
    roots = np.sqrt(a.sum(1))
    scaled = LinearOperator(a.shape, lambda x: (a @ (np.ravel(x) / roots)) / roots, dtype=a.dtype)
    _, vectors = eigsh(scaled, k=2, which="LA", tol=1e-9)
    return cut(vectors[:, 0] / roots)


WORKS = {"similarity": cosines, "colours": colours, "TokenCut, eigsh": lanczos, "TokenCut, dense eigh": dense}


def run(request):
    features, made = read(request), []
    time = timed(lambda: made.append(WORKS[request["work"]](features)))
    return {**time, "values": np.asarray(made[0], float).tolist()}


name = f"NumPy {np.__version__} and SciPy {scipy.__version__}"
serve({"open": lambda _: {"name": name}, "run": run})

"""Write small checkpoints of rare kinds: whole objects, archives that were packed anew, arrays of NumPy's. README.md says what each is.

    python3 tools/reference/make_rare.py
"""
import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from make_checkpoints import as_float32, as_tensors, describe, on_one_storage
from make_fixtures import FIXTURES, load, random_input, random_source, random_weights, run, write_json
from make_wrapped import PLAIN
from vit import VisionTransformer
from weights import Weights, round_to_float16

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
    write_scripted(load(other_eps, weights), FOLDER / "scripted.pt")
    pixels = random_input(random_source(63), 4 * 2, 5 * 2)
    with_each = [run(load(architecture, weights), pixels).attention[0] for architecture in (PLAIN, other_eps)]
    difference = float((with_each[0] - with_each[1]).abs().max())
    assert difference > 1e-3, f"the epsilon changes attention by {difference}"


def write_scripted(model: VisionTransformer, path: Path) -> None:
    """One norm of each block scripted, all else traced, since the two write an epsilon in different ways. Without TorchScript's notes on where the
    code came from, which name paths of the machine."""
    for block in model.blocks:
        block.norm1 = torch.jit.script(block.norm1)
    side = model.architecture.patch_size * model.architecture.grid[0]
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(model, torch.ones(1, 3, side, side), strict=False), file)
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if not name.endswith(".debug_pkl"):
                new.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 8, 0, 0)), old.read(name))


def pack_anew(saved: bytes, path: Path, folder: str) -> None:
    """An archive of torch.save, unpacked and packed again as macOS does: compressed, in a folder of another name, with notes beside it."""
    with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        write = lambda name, content: new.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 8, 0, 0)), content, zipfile.ZIP_DEFLATED)
        write(f"{folder}/", b"")
        write(f"__MACOSX/._{folder}", bytes(120))
        for name in old.namelist():
            inner = name.split("/", 1)[1]
            write(f"{folder}/{inner}", old.read(name))
            write(f"__MACOSX/{folder}/{inner.rpartition('/')[0]}/._{inner.rpartition('/')[2]}", bytes(120))


def write_packed(networks: list) -> None:
    tensors = as_tensors(random_weights(VisionTransformer(PLAIN), random_source(81)), torch.float16)
    networks.append(describe("packed", as_float32(tensors), PLAIN))
    shared = on_one_storage(tensors)
    networks.append(describe("packed-shared", as_float32(shared), PLAIN))
    for name, saved in (("packed", tensors), ("packed-shared", shared)):
        file = io.BytesIO()
        torch.save({"model": saved}, file)
        pack_anew(file.getvalue(), FOLDER / f"{name}.pth", "my network")


def arrays_of(weights: Weights) -> dict:
    """The same values as arrays of all kinds that weights are kept in, by turns: sizes, orders of bytes, orders of axes."""
    kinds = ["<f4", ">f4", "<f8", ">f8", "<f2", ">f2"]
    arrays = {}
    for number, (name, array) in enumerate(weights.items()):
        converted = array.astype(kinds[number % len(kinds)])
        arrays[name] = np.asfortranarray(converted) if number % 4 in (1, 2) else converted
    assert any(array.flags.f_contiguous and array.ndim == 4 for array in arrays.values())
    return arrays


def write_arrays(networks: list) -> None:
    weights = round_to_float16(random_weights(VisionTransformer(PLAIN), random_source(82)))
    networks.append(describe("arrays", weights, PLAIN))
    arrays = arrays_of(weights)
    other_types = {"head.names": np.array(["a", None], dtype=object), "head.count": np.arange(3), "head.bias": np.ones(3)}
    for protocol in (2, 4, 5):
        torch.save({"model": {**arrays, **other_types}, "epoch": 3}, FOLDER / f"arrays-{protocol}.pth", pickle_protocol=protocol)
    file = io.BytesIO()
    torch.save(arrays, file, _use_new_zipfile_serialization=False)
    # NumPy 2 has another name for the same module.
    (FOLDER / "arrays-numpy-2.pth").write_bytes(file.getvalue().replace(b"cnumpy.core.", b"cnumpy._core."))
    (FOLDER / "arrays.pkl").write_bytes(pickle.dumps({"model": arrays}, protocol=4))
    np.savez(FOLDER / "arrays.npz", **arrays)
    np.savez_compressed(FOLDER / "arrays-compressed.npz", **arrays, **{"head.names": other_types["head.names"]})


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    networks: list = []
    write_objects(networks)
    write_packed(networks)
    write_arrays(networks)
    write_json(FOLDER / "expected.json", networks)
    for path in sorted(FOLDER.glob("*.*")):
        print(f"{path.name}  {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()

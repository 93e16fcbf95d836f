"""Write what PyTorch makes of networks whose grid of patches is no square. README.md says what it is.

    python3 tools/reference/make_oblong.py
"""
import torch

from make_fixtures import FIXTURES, describe_cases, describe_model, describe_positions, load, random_source, random_weights
from make_fixtures import write_json
from vit import Architecture, VisionTransformer

# rows and columns of the grid: sizes to resample it to. The first is the grid itself. The second has as many patches in another
# shape.
GRIDS = {
    (6, 8): [(6, 8), (8, 6), (7, 7), (12, 16), (3, 5), (6, 11)],
    (5, 3): [(5, 3), (3, 5), (9, 9), (2, 1)],
    (2, 24): [(2, 24), (24, 2), (7, 7)],
}
NETWORKS = {
    "dim32-grid6x8": Architecture(32, 2, 4, patch_size=4, grid_size=(6, 8), mlp_ratio=2),
    "dim24-grid5x3-registers2": Architecture(24, 2, 2, patch_size=3, grid_size=(5, 3), num_registers=2, layer_scale=True),
}


def positions() -> list:
    channels, grids = 4, []
    for (rows, columns), sizes in GRIDS.items():
        embedding = random_source(100 * rows + columns).standard_normal((rows * columns, channels)).astype("float32")
        grids.append({"rows": rows, "columns": columns, **describe_positions(embedding, sizes, (rows, columns))})
    return grids


def networks() -> list:
    described = []
    for seed, (name, architecture) in enumerate(NETWORKS.items(), start=80):
        rng = random_source(seed)
        weights = random_weights(VisionTransformer(architecture), rng)
        model = load(architecture, weights)
        sizes = [architecture.grid, (architecture.grid[1], architecture.grid[0]), (4, 9)]
        cases = [case for case, _, _ in describe_cases(model, rng, sizes)]
        described.append({"name": name, **describe_model(model, weights, "float32"), "cases": cases})
    return described


def main() -> None:
    torch.set_num_threads(1)
    write_json(FIXTURES / "oblong.json", {"grids": positions(), "networks": networks()})


if __name__ == "__main__":
    main()

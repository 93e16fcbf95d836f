"""Write positions at the sizes of bug reports, as PyTorch makes them. README.md says what it is; docs/reports.md, whose reports.

    python3 tools/reference/make_position_sizes.py
"""
import torch

from make_fixtures import FIXTURES, describe_positions, random_source, write_json

# grid: sides in patches at which a scale factor without the official 0.1 gives one patch too few (dinov2#378):
# 546, 602, 1092, 1204, 1610 and 1722 px of 14 px patches; 976, 1840 and 1952 px of 16 px patches.
ROUNDED = {37: [39, 43, 78, 86, 115, 123], 14: [61, 115, 122]}
# Sizes that are not square, and sizes of one patch more or less than the grid (dino#8, #19, #36, dinov2#333).
OBLONG = {37: [(36, 37), (37, 36), (38, 37), (37, 38), (39, 43), (43, 39)], 14: [(13, 14), (14, 15), (15, 14), (61, 20), (20, 61)]}


def main() -> None:
    torch.set_num_threads(1)
    channels, grids = 1, []
    for grid, sides in ROUNDED.items():
        embedding = random_source(200 + grid).standard_normal((grid * grid, channels)).astype("float32")
        # Rows and columns are resampled independently, so a short other side is enough to test a long one.
        sizes = [(side, 2) for side in sides] + [(3, side) for side in sides] + OBLONG[grid]
        grids.append({"grid": grid, **describe_positions(embedding, sizes)})
    write_json(FIXTURES / "position-sizes.json", {"grids": grids})


if __name__ == "__main__":
    main()

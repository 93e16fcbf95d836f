"""Write what a network makes of photographs that are normalised in another way than ImageNet's. README.md says what each is.

    python3 tools/reference/make_normalisation.py
"""
import numpy as np
import torch

from make_checkpoints import ARCHITECTURE, FOLDER
from make_fixtures import FIXTURES, encode, random_source, run, tensor, write_json
from vit import VisionTransformer

CASES = [
    ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
    ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
]


def main() -> None:
    torch.set_num_threads(1)
    model = VisionTransformer(ARCHITECTURE)
    model.load_state_dict(torch.load(FOLDER / "dino.pth"))
    model.eval()
    levels = random_source(67).randint(0, 256, (8, 10, 3)).astype(np.uint8)
    cases = []
    for mean, std in CASES:
        values = (levels.astype(np.float32) / 255 - np.array(mean, np.float32)) / np.array(std, np.float32)
        result = run(model, values)
        attention = torch.cat([layer[:, :, 0] for layer in result.attention]).numpy()
        feature = tensor(result.cls_feature[0].numpy())
        cases.append({"mean": mean, "std": std, "clsAttention": tensor(attention), "clsFeature": feature})
    write_json(
        FIXTURES / "normalisation.json",
        {"rows": 4, "columns": 5, "height": 8, "width": 10, "levels": encode(levels, "u1"), "cases": cases},
    )


if __name__ == "__main__":
    main()

"""Write the L2 norm of every token after every block of the small networks, computed by PyTorch. README.md says what each is.

    python3 tools/reference/make_norms.py

Takes networks and inputs as make_taps.py does.
"""
import torch
from torch import Tensor

from make_fixtures import FIXTURES, tensor, write_json
from make_taps import decode, load_described, networks
from vit import VisionTransformer


def outputs_of(model: VisionTransformer, pixels: Tensor) -> Tensor:
    """:param pixels: shape [height, width, 3] :returns: each block's output before the final norm, shape [L, T, C]"""
    outputs = []
    hooks = [block.register_forward_hook(lambda _m, _i, output: outputs.append(output[0][0])) for block in model.blocks]
    model(pixels.permute(2, 0, 1)[None])
    for hook in hooks:
        hook.remove()
    return torch.stack(outputs)


def main() -> None:
    torch.set_num_threads(1)
    described_all = []
    for name, described, cases in networks():
        model = load_described(described)
        described_cases = []
        for case in cases:
            size = case["input"]
            pixels = torch.from_numpy(decode(size["values"]).copy()).reshape(size["height"], size["width"], 3)
            with torch.no_grad():
                outputs = outputs_of(model, pixels)
                after = model.norm(outputs[-1])
            described_cases.append(
                {
                    "rows": case["rows"],
                    "columns": case["columns"],
                    # [L, T], and [T] for the last block after the final norm; computed in double precision
                    "norms": tensor(outputs.double().square().sum(-1).sqrt().numpy()),
                    "normsAfterFinalNorm": tensor(after.double().square().sum(-1).sqrt().numpy()),
                }
            )
        described_all.append({"network": name, "cases": described_cases})
    write_json(FIXTURES / "norms.json", described_all)


if __name__ == "__main__":
    main()

"""What TokenCut must find, and how facets and blocks are compared."""
import sys
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cuts import FACETS, component, facets_of, fit_of_cuts, second_eigenvectors, token_cut  # noqa: E402
from example import made_up  # noqa: E402
from network import Architecture, Backbone, initialise  # noqa: E402
from photographs import find_things  # noqa: E402


def two_kinds(wanted: torch.Tensor) -> torch.Tensor:
    """Features of one kind in the object and of another kind around it. :param wanted: bool, shape [B, rows, columns]"""
    kinds = 2 * torch.eye(2, 16)
    return kinds[wanted.long()].flatten(1, 2) + 0.1 * torch.randn(len(wanted), wanted[0].numel(), 16)


class TokenCut(unittest.TestCase):
    def test_solves_the_generalised_problem(self):
        torch.manual_seed(0)
        features = torch.randn(3, 30, 6)
        vectors = second_eigenvectors(features)
        unit = torch.nn.functional.normalize(features.double(), dim=-1)
        a = torch.where(unit @ unit.transpose(1, 2) > 0.2, 1.0, 1e-5).double()
        d = torch.diag_embed(a.sum(-1))
        x = vectors[..., None]
        values = (x.transpose(1, 2) @ (d - a) @ x) / (x.transpose(1, 2) @ d @ x)
        self.assertLess(float(((d - a) @ x - values * (d @ x)).abs().max()), 1e-9)
        # It is the second one: only the eigenvalue 0 is lower.
        lower = torch.linalg.eigvals(torch.linalg.solve(d, d - a)).real
        self.assertEqual((lower < values[:, :, 0] - 1e-9).sum(-1).tolist(), [1, 1, 1])

    def test_finds_the_thing_and_only_the_part_with_the_seed(self):
        torch.manual_seed(0)
        wanted = torch.zeros(2, 8, 10, dtype=torch.bool)
        wanted[0, 2:5, 3:7] = True
        wanted[1, 1:4, 1:4] = True
        self.assertTrue(torch.equal(token_cut(two_kinds(wanted), 8), wanted))
        both = wanted.clone()
        both[:, 7, 9] = True  # a separate patch: the mask is this patch or the object, never both
        found = token_cut(two_kinds(both), 8)
        for mask, thing in zip(found, wanted):
            self.assertTrue(torch.equal(mask, thing) or int(mask.sum()) == 1)

    def test_joins_by_sides_and_not_by_corners(self):
        inside = torch.tensor([[[1, 1, 0], [0, 1, 0], [1, 0, 1]]]).bool()
        seed = torch.zeros(1, 3, 3, dtype=torch.bool)
        seed[0, 0, 0] = True
        self.assertEqual(component(inside, seed)[0].int().tolist(), [[1, 1, 0], [0, 1, 0], [0, 0, 0]])


class Facets(unittest.TestCase):
    def test_are_those_of_the_network(self):
        torch.manual_seed(0)
        network = Backbone(Architecture(24, 2, 3, 8, 4)).eval()
        initialise(network)
        pixels = torch.randn(2, 3, 24, 24)
        first, last = facets_of(network, pixels)
        self.assertEqual(set(first), set(FACETS))
        with torch.no_grad():
            x = network.blocks[0].norm1(network.embed(pixels))
            q = network.blocks[0].attn.qkv(x)[:, 1:, :24]
            v = network.blocks[0].attn.qkv(x)[:, 1:, 48:]
            tokens = network.tokens(pixels)[:, 1:]
        self.assertLess(float((first["query"] - q).abs().max()), 1e-6)
        self.assertLess(float((first["value"] - v).abs().max()), 1e-6)
        with torch.no_grad():
            self.assertLess(float((network.norm(last["token"]) - tokens).abs().max()), 1e-5)

    def test_are_compared_by_the_rule(self):
        photographs = made_up(8, 64)
        pixels = torch.full_like(photographs.pixels, 90)
        pixels[:, 16:48, 16:40] = torch.tensor([220, 60, 40], dtype=torch.uint8)
        photographs = photographs._replace(pixels=pixels, things=find_things(pixels))
        network = Backbone(Architecture(24, 2, 3, 8, 4)).eval()
        torch.manual_seed(0)
        initialise(network)
        torch.nn.init.zeros_(network.pos_embed)
        fits = fit_of_cuts(network, photographs, 64)
        # With two colours and no positions, even an untrained network separates them.
        self.assertGreater(fits[0]["token"], 0.8)
        self.assertEqual([set(block) for block in fits], [set(FACETS)] * 2)


if __name__ == "__main__":
    unittest.main()

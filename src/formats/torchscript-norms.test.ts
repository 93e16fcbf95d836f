import { expect, test } from 'vitest';
import { makeZip } from '../testing/make-zip.ts';
import { openZipArchive } from './zip-archive.ts';
import { readZipDirectory } from './zip-directory.ts';
import { withNormsOfCode } from './torchscript-norms.ts';

/** @returns what a module says of itself whose class has this code, as PyTorch 1.13 writes it */
async function settingsOf(type: string, code: string): Promise<readonly unknown[]> {
  const file = makeZip([{ name: 'vit/code/__torch__/torch/norms.py', bytes: Buffer.from(code) }]);
  const archive = openZipArchive(file, await readZipDirectory(file));
  const module = {
    name: 'norm',
    type,
    attribute: (name: string) => (name === 'training' ? false : undefined),
  };
  const [[found] = []] = (await withNormsOfCode(new Map([[new Map(), [module]]]), archive, 'vit/')).values();
  return ['eps', 'normalized_shape', 'training'].map((name) => found?.attribute(name));
}

const scripted = `class LayerNorm(Module):
  __parameters__ = ["weight", "bias", ]
  eps : Final[float] = 9.9999999999999995e-07
  def forward(self: __torch__.torch.norms.LayerNorm,
    input: Tensor) -> Tensor:
    _0 = __torch__.torch.nn.functional.layer_norm
    return _0(input, [12], self.weight, self.bias, 9.9999999999999995e-07, )
`;
const traced = (eps: string): string => `class LayerNorm(Module):
  def forward(self: __torch__.torch.norms.LayerNorm,
    argument_1: Tensor) -> Tensor:
    bias = self.bias
    weight = self.weight
    _0 = torch.layer_norm(argument_1, [12], weight, bias${eps})
    return _0
`;
const ofBatch = `class BatchNorm(Module):
  eps : Final[float] = 0.001
  def forward(self: __torch__.torch.norms.BatchNorm) -> Tensor:
    return torch.batch_norm(input)
`;
const type = '__torch__.torch.norms.LayerNorm';

test.each([
  ['a scripted layer norm', type, scripted, 1e-6],
  ['a traced one', type, traced(', 9.9999999999999995e-07'), 1e-6],
  ['a traced one with PyTorch’s own', type, traced(''), 1e-5],
  ['one beside another class', type, ofBatch + traced(', 0.001, False'), 0.001],
])('%s says its epsilon', async (_, name, code, eps) => {
  expect(await settingsOf(name, code)).toEqual([eps, [], false]);
});

test.each([
  ['a norm of batches', '__torch__.torch.norms.BatchNorm', ofBatch],
  ['a class that is not in the code', '__torch__.torch.norms.OtherNorm', scripted],
  ['a class without a file', '__torch__.torch.others.LayerNorm', scripted],
  ['a class of Python’s', 'torch.norms.LayerNorm', scripted],
])('%s says as little as before', async (_, name, code) => {
  expect(await settingsOf(name, code)).toEqual([undefined, undefined, false]);
});

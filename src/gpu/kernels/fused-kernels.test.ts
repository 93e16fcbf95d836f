import { describe, expect, test } from 'vitest';
import { parseArchitecture, type VitArchitecture } from '../../core/architecture.ts';
import { vitFixtures } from '../../testing/vit-fixtures.ts';
import selfCheck from '../../vit/self-check.json';
import { fusedKernelsSupport } from './fused-kernels.ts';
import { vitSmall16 } from '../../testing/vit-small-16.ts';

describe('the kernels take', () => {
  test.each<[string, Partial<VitArchitecture>, number]>([
    ['ViT-S/16 at 224', {}, 197],
    ['ViT-S/8 at 480', { patchSize: 8 }, 3601],
    ['ViT-B/8', { embedDim: 768, numHeads: 12, patchSize: 8 }, 785],
    ['ViT-Ti/16', { embedDim: 192, numHeads: 3 }, 197],
    ['a head of 128', { numHeads: 3 }, 197],
    ['patches of 7', { patchSize: 7 }, 197],
    ['one patch', {}, 2],
    ['as many tokens as there may be workgroups in a row', {}, 65_535],
  ])('%s', (_, change, tokens) => {
    expect(fusedKernelsSupport({ ...vitSmall16, ...change }, tokens)).toBe(true);
  });

  test.each(vitFixtures)('the network that the tests compare with PyTorch: $name', ({ architecture }) => {
    expect(fusedKernelsSupport(architecture, 10)).toBe(true);
  });

  test('the self-check, which would otherwise check the plain ops', () => {
    expect(fusedKernelsSupport(parseArchitecture(selfCheck.architecture) as VitArchitecture, 10)).toBe(true);
  });
});

describe('the kernels leave to the plain ops', () => {
  test.each<[string, Partial<VitArchitecture>, number]>([
    ['a head of 6', { embedDim: 36, numHeads: 6 }, 197],
    ['a head of 192', { numHeads: 2 }, 197],
    ['an MLP of 1074', { mlpRatio: 2.8 }, 197],
    ['more tokens than there may be workgroups in a row', {}, 65_536],
  ])('%s', (_, change, tokens) => {
    expect(fusedKernelsSupport({ ...vitSmall16, ...change }, tokens)).toBe(false);
  });
});

import { expect, test } from 'vitest';
import { epsOfModules, headsOfModules } from './settings-of-modules.ts';

const attention = (heads: unknown) => ({ _modules: { qkv: {} }, num_heads: heads });
const networkOf = (...heads: readonly unknown[]) => ({
  _modules: { blocks: { _modules: heads.map((each) => ({ _modules: { attn: attention(each) } })) } },
});

test.each<[string, unknown, number | undefined]>([
  ['every attention layer says the same', networkOf(12, 12, 12), 12],
  ['in whatever it lies', { epoch: 3, model: [networkOf(6, 6)] }, 6],
  ['an encoder and a decoder that differ', { encoder: networkOf(12, 12), decoder: networkOf(16) }, undefined],
  ['a layer beside a network that says nothing', { pool: networkOf(8), model: networkOf() }, undefined],
  ['options of a run are no layer', [{ num_heads: 12 }, { num_heads: 12 }], undefined],
  ['no number', networkOf('many', 0.5), undefined],
  ['nothing', undefined, undefined],
])('of two blocks: %s', (_, settings, heads) => {
  expect(headsOfModules(settings, 2)).toBe(heads);
});

test('what holds itself ends', () => {
  const circle: { _modules: object; num_heads: number; self?: object } = { _modules: {}, num_heads: 3 };
  circle.self = circle;
  expect(headsOfModules([circle], 1)).toBe(3);
});

const norm = (eps: unknown) => ({ _modules: {}, normalized_shape: [12], eps });

test.each<[string, unknown, number | undefined]>([
  ['all layer norms say the same', [1, 2, 3, 4, 5].map(() => norm(1e-5)), 1e-5],
  ['a head says another', [norm(1e-6), norm(1e-6), norm(1e-5), norm(1e-6), norm(1e-6)], 1e-6],
  ['fewer norms than two a block', [norm(1e-5), norm(1e-5), norm(1e-5)], undefined],
  [
    'two networks that differ',
    [1e-5, 1e-6].map((eps) => [norm(eps), norm(eps), norm(eps), norm(eps)]),
    undefined,
  ],
  ['norms of batches', [1, 2, 3, 4].map(() => ({ _modules: {}, num_features: 12, eps: 1e-5 })), undefined],
  ['no epsilon', [norm(0), norm(null), norm(1), norm('small')], undefined],
])('the epsilon of two blocks: %s', (_, settings, eps) => {
  expect(epsOfModules(settings, 2)).toBe(eps);
});

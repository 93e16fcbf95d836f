import { describe, expect, test } from 'vitest';
import { makeZip } from '../testing/make-zip.ts';
import { codeOf, instance, TensorPickler } from '../testing/make-pickle.ts';
import { openPytorch } from './pytorch.ts';
import type { TensorParts } from './pytorch-tensors.ts';
import { isTree, type TensorTree } from './tensor-file.ts';

async function open(file: Blob): Promise<TensorParts> {
  const opened = await openPytorch(file);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

const open0 = (code: string): Promise<TensorParts> =>
  open(
    makeZip([
      { name: 'a/data.pkl', bytes: Buffer.from(`${code}.`, 'latin1') },
      { name: 'a/data/0', bytes: new Uint8Array(4_000_000) },
    ]),
  );

const tensor = new TensorPickler().tensor({ shape: [2], values: Float32Array.of(1, 2) }).code;

/** Names of the tensors, those of the dictionaries around them first. */
const namesOf = (tree: TensorTree, before = ''): string[] =>
  [...tree].flatMap(([name, node]) => (isTree(node) ? namesOf(node, `${before}${name}.`) : [before + name]));

describe('data beside weights, however much it is, hides none', () => {
  test.each([
    ['a list of pairs', '(I1\nI2\nt'],
    ['a list of dictionaries', '}'],
  ])('%s', async (_, row) => {
    const rows = { code: `(${row.repeat(1_050_000)}l` };
    const { tree } = await open0(codeOf({ rows, model: { deep: { weight: { code: tensor } } } }));
    expect(namesOf(tree)).toEqual(['model.deep.weight']);
  });
});

test('a dictionary that comes before the one in which it lies, and that has its tensor, is found', async () => {
  // Both lie in the outer one; the second holds the weight, and the first holds the second.
  const inner = `}p0\nS'weight'\n${tensor}s`;
  const { tree } = await open0(`(S'first'\n(S'at'\n(S'of'\n${inner}ddS'second'\ng0\nd`);
  expect(namesOf(tree)).toEqual(['first.at.of.weight', 'second.weight']);
});

test('attributes of a hundred thousand entries that a hundred thousand objects share are looked through once', async () => {
  const entries = Array.from({ length: 100_000 }, (_, i) => `S'${i}'\n}`).join('');
  const shared = `(${entries}dp0\n0(${'cmy\nOwn\n)\x81g0\nb'.repeat(100_000)}S'end'\nl`;
  // Looked through for each object they would take hours, and the test's time would be over.
  const parts = await open0(shared);
  expect(parts.settingsNamed(new Set(['img_size']))).toEqual([]);
  expect(namesOf(parts.tree)).toEqual([]);
});

test('an object says what its modules say of themselves, by their places', async () => {
  const attention = instance('my.Attention', { num_heads: 3, weight: { code: tensor } });
  const { tree, modules } = await open0(
    codeOf({ model: instance('my.Net', { blocks: instance('my.List', { 0: attention }) }) }),
  );
  const model = tree.get('model');
  const found = model !== undefined && isTree(model) ? (modules.get(model) ?? []) : [];
  expect(found.map(({ name, type, attribute }) => [name, type, attribute('num_heads')])).toEqual([
    ['', 'my.Net', undefined],
    ['blocks', 'my.List', undefined],
    ['blocks.0', 'my.Attention', 3],
  ]);
});

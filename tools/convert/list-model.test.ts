import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { withModel, type ListedModel } from './list-model.ts';

const model: ListedModel = { id: 's16', title: 'DINO ViT-S/16', bytes: 43_000_000 };
const other = { id: 'b8', title: 'DINO ViT-B/8', bytes: 1, colour: 'green' };

describe('a model', () => {
  test.each<[string, unknown, unknown]>([
    ['begins a list', null, { models: [model] }],
    ['comes last', { models: [other] }, { models: [other, model] }],
    ['keeps its place', { models: [{ id: 's16', title: 'old' }, other] }, { models: [model, other] }],
    [
      'leaves what it does not know',
      { models: [null, 5], by: 'hand' },
      { models: [null, 5, model], by: 'hand' },
    ],
  ])('%s', (_, before, after) => {
    const text = before === null ? null : JSON.stringify(before);
    expect(JSON.parse(withModel(text, model) ?? '')).toEqual(after);
  });

  test.each(['', '[]', '{}', 'null', '{"models": {}}', '{"models": ['])(
    'leaves %j, which is no list, alone',
    (text) => {
      expect(withModel(text, model)).toBeNull();
    },
  );

  test('that is listed already changes nothing', () => {
    const once = withModel(null, model);
    expect(withModel(once, model)).toBe(once);
  });
});

test('the page’s own list is what lies in its folders', async () => {
  const folder = fileURLToPath(new URL('../../public/models', import.meta.url));
  const folders = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const expected = await Promise.all(
    folders.map(async ({ name }): Promise<ListedModel> => {
      const { userDefinedMetadata, weightsManifest } = JSON.parse(
        await readFile(join(folder, name, 'model.json'), 'utf8'),
      ) as {
        userDefinedMetadata: { dinoscope: { id: string; title: string } };
        weightsManifest: { paths: string[] }[];
      };
      const files = ['model.json', ...weightsManifest.flatMap(({ paths }) => paths)];
      const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, name, file))).size));
      const { id, title } = userDefinedMetadata.dinoscope;
      expect(id).toBe(name);
      return { id, title, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    }),
  );
  const list = JSON.parse(await readFile(join(folder, 'models.json'), 'utf8')) as { models: ListedModel[] };
  expect(list.models.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(
    expected.toSorted((a, b) => a.id.localeCompare(b.id)),
  );
});

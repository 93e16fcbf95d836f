/** The models that come with the page: what is listed is there, loads, and is of its size. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { root } from '../../src/testing/run-tool.ts';
import { tfjsModel } from '../../src/models/load-model.ts';
import { folderSource } from '../attend/folder-source.ts';
import type { ListedModel } from './list-model.ts';

const folder = join(root, 'public/models');
const { models } = JSON.parse(await readFile(join(folder, 'models.json'), 'utf8')) as {
  models: ListedModel[];
};
const load = async (id: string) => {
  const loaded = await tfjsModel(folderSource(join(folder, id)))(new AbortController().signal, () => {});
  if (!loaded.ok) throw new Error(`${id} does not load: ${loaded.error.code}`);
  return loaded.value;
};

test('the embedded model is listed first, and its twin with labels beside it', () => {
  expect(models.map(({ id }) => id)).toEqual([embeddedModelId, `${embeddedModelId}-supervised`]);
});

for (const { id, title, bytes } of models)
  test(`${id} loads, has its title and its size, at most 8 MB, and says what it is`, async () => {
    const model = await load(id);
    expect(model).toMatchObject({ id, title });
    const manifest = JSON.parse(await readFile(join(folder, id, 'model.json'), 'utf8')) as {
      weightsManifest: { paths: string[] }[];
    };
    const files = ['model.json', ...manifest.weightsManifest.flatMap(({ paths }) => paths)];
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, id, file))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
    expect(bytes).toBeLessThanOrEqual(8e6);
    expect(await readFile(join(folder, id, 'README.md'), 'utf8')).toContain(`# ${title}\n`);
  });

test('the twin is the same network with other weights', async () => {
  const [embedded, twin] = [await load(embeddedModelId), await load(`${embeddedModelId}-supervised`)];
  expect(twin.architecture).toEqual(embedded.architecture);
  const name = 'blocks.7.attn.qkv.weight';
  expect(twin.parameters.get(name)?.values).not.toEqual(embedded.parameters.get(name)?.values);
});

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { embeddedModelId } from '../core/embedded-model.ts';
import { tfjsModel } from '../models/load-model.ts';
import { folderSource } from '../../tools/attend/folder-source.ts';
import { readPhoto } from '../../tools/photographs/read-photo.ts';
import { decodeNpy } from '../formats/npy.ts';
import type { Platform } from '../engine/embedded.suite.ts';

const pathOf = (fromRoot: string): string => fileURLToPath(new URL(`../../${fromRoot}`, import.meta.url));

export const nodePlatform: Platform = {
  load: tfjsModel(folderSource(pathOf(`public/models/${embeddedModelId}`))),
  readSample: async (sample) => {
    const photo = await readPhoto(pathOf(`public/samples/${sample}.jpg`));
    if (!photo.ok) throw new Error(photo.error.code);
    return photo.value;
  },
  readExpected: async (file) =>
    decodeNpy(await readFile(pathOf(`tools/reference/fixtures/embedded/${file}`))),
};

import { embeddedModelId } from '../core/embedded-model.ts';
import { decodeNpy } from '../formats/npy.ts';
import { openPhoto } from '../media/decode-photo.ts';
import { openBrowserSource } from '../models/browser-source.ts';
import { tfjsModel } from '../models/load-model.ts';
import type { Platform } from '../engine/embedded.suite.ts';

/** Fetches a file of the repository from the test server. */
export async function fetchBlob(path: string): Promise<Blob> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.blob();
}

export async function openBrowserPlatform(): Promise<Platform> {
  return {
    load: tfjsModel(
      await openBrowserSource(new URL(`/models/${embeddedModelId}/model.json`, location.href).href),
    ),
    readSample: async (sample) => {
      const opened = await openPhoto(await fetchBlob(`/samples/${sample}.jpg`));
      if (!opened.ok) throw new Error(opened.error.code);
      const read = await opened.value.readPixels();
      if (!read.ok) throw new Error(read.error.code);
      return read.value.pixels;
    },
    readExpected: async (file) =>
      decodeNpy(
        new Uint8Array(await (await fetchBlob(`/tools/reference/fixtures/embedded/${file}`)).arrayBuffer()),
      ),
  };
}

/** One back end's forward passes over one photograph, as JSON lines; bench/main.ts starts one for each turn. */
import { readPhoto } from '../tools/attend/read-photo.ts';
import { installDawn } from '../tools/attend/dawn.ts';
import { tfjsModel } from '../src/models/load-model.ts';
import { folderSource } from '../tools/attend/folder-source.ts';
import { stopWith } from '../tools/stop-with.ts';
import { describeFailure } from '../src/core/describe-failure.ts';
import { Engine } from '../src/engine/engine.ts';

const [backend, model = '', photo = '', side = ''] = process.argv.slice(2);
if (backend !== 'wasm' && backend !== 'webgpu') stopWith('usage: pass.ts wasm|webgpu <model> <photo> <side>');
if (backend === 'webgpu') await installDawn();
const { signal } = new AbortController();
const started = await Engine.start({
  backend,
  load: tfjsModel(folderSource(model)),
  wasmAssets: null,
  signal,
  onProgress: () => {},
});
if (!started.ok) stopWith(describeFailure(started.error));
const pixels = await readPhoto(photo);
if (!pixels.ok) stopWith(describeFailure(pixels.error));
const framing = { shape: 'photograph', sidePx: Number(side) } as const;
// The first pass compiles; it is the cold one.
for (const temperature of ['cold', 'warm', 'warm'] as const) {
  const result = await started.value.attend(pixels.value, { framing, signal, onProgress: () => {} });
  if (!result.ok) stopWith(describeFailure(result.error));
  const { tokens, forwardMs } = result.value;
  console.log(JSON.stringify({ device: started.value.backend.device, temperature, tokens, forwardMs }));
}
process.exit(0);

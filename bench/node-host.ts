/** Runs a contestant in Node, with WebGPU by Dawn. Requests are messages from the bench's process. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installDawn } from '../tools/dawn.ts';
import { allowRelaxedSimd } from '../tools/relaxed-simd.ts';
import { createHost, type HostRequest } from './contestants/host.ts';
import type { openOurs } from './contestants/ours.ts';
import type { TrainingCode } from './contestants/training.ts';
import { onnxRuntimeFile, type OnnxRuntime } from './contestants/onnx.ts';

const [folder = '', runtimeFolder = '', checkout = ''] = process.argv.slice(2);
await installDawn();
/** The address of a source file in this checkout, or in another one for comparison. */
const source = (path: string): string =>
  pathToFileURL(join(checkout === '' ? fileURLToPath(new URL('..', import.meta.url)) : checkout, path)).href;
// Another checkout runs with its own settings.
if (checkout === '') allowRelaxedSimd();

// Node's binding refuses views of shared memory, and onnxruntime-web's heap is shared. With a copy it works as in a browser.
const write = GPUQueue.prototype.writeBuffer;
GPUQueue.prototype.writeBuffer = function (this: GPUQueue, buffer, bufferOffset, data, dataOffset, size) {
  const isShared = data instanceof Uint8Array && data.buffer instanceof SharedArrayBuffer;
  const given = isShared ? new Uint8Array(data) : (data as GPUAllowSharedBufferSource);
  return write.call(this, buffer, bufferOffset, given, dataOffset, size);
};
const host = createHost({
  wasmAssets: null,
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  loadTraining: async () => ({
    ...((await import(source('src/gpu/open-backend.ts'))) as Pick<TrainingCode, 'openBackend'>),
    ...((await import(source('src/train/trainer.ts'))) as Pick<TrainingCode, 'Trainer'>),
  }),
  loadOnnxRuntime: async (provider) =>
    (await import(join(runtimeFolder, onnxRuntimeFile(provider)))) as OnnxRuntime,
  loadCheckout: async (other) =>
    (await import(pathToFileURL(join(other, 'bench/contestants/ours.ts')).href)) as {
      openOurs: typeof openOurs;
    },
  loadFloats: async (file) => new Float32Array(Uint8Array.from(await readFile(join(folder, file))).buffer),
});
process.on('message', (request: HostRequest) => {
  void host(request).then(
    (ok) => process.send?.({ ok }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

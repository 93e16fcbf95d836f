/** A contestant in Node, WebGPU by Dawn: requests come as messages from the bench's process. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installDawn } from '../tools/attend/dawn.ts';
import { allowRelaxedSimd } from '../tools/relaxed-simd.ts';
import { createHost, type HostRequest } from './contestants/host.ts';
import type { openOurs } from './contestants/ours.ts';
import { onnxRuntimeFile, type OnnxRuntime } from './contestants/onnx.ts';

const [folder = '', runtimeFolder = ''] = process.argv.slice(2);
await installDawn();
allowRelaxedSimd();

// Node's binding refuses a view of shared memory, which onnxruntime-web's heap is: with a copy it runs, here as in a browser.
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

/** Runs the same network in onnxruntime-web, as an ONNX file with the same last step. */
import { writeOnnx } from './write-onnx.ts';
import type { Contestant, Task } from './contestant.ts';

interface OnnxTensor {
  getData(): Promise<unknown>;
}

/** The part of the package that the bench uses. The project does not depend on the package. */
export interface OnnxRuntime {
  readonly env: {
    logLevel: string;
    readonly wasm: { numThreads: number };
    readonly versions: { readonly web?: string };
  };
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: { readonly executionProviders: readonly string[]; readonly graphOptimizationLevel: 'all' },
    ): Promise<{
      run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
    }>;
  };
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => OnnxTensor;
}

export type OnnxProvider = 'webgpu' | 'wasm';

/** The package's file for an execution provider. */
export const onnxRuntimeFile = (provider: OnnxProvider): string => `ort.${provider}.bundle.min.mjs`;

/** shape [height, width, 3] → [3, height, width] */
function channelsFirst(input: Float32Array, pixels: number): Float32Array {
  return Float32Array.from(
    { length: 3 * pixels },
    (_, i) => input[(i % pixels) * 3 + Math.floor(i / pixels)] as number,
  );
}

export async function openOnnx(
  ort: OnnxRuntime,
  { architecture, height, width, weights, input }: Task,
  provider: OnnxProvider,
  threads: number,
): Promise<Contestant> {
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(writeOnnx(architecture, { height, width }, weights), {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
  });
  const image = channelsFirst(input, height * width);
  return {
    device: `onnxruntime-web ${ort.env.versions.web ?? ''}, ${provider}${provider === 'wasm' ? `, ${threads === 1 ? '1 thread' : `${threads} threads`}` : ''}`,
    run: async () => {
      const start = performance.now();
      const feeds = { image: new ort.Tensor('float32', image, [1, 3, height, width]) };
      const attention = (await session.run(feeds))['attention'];
      if (attention === undefined) throw new Error('no output named attention');
      const rows = (await attention.getData()) as Float32Array;
      const passMs = performance.now() - start;
      const tokens = rows.length / architecture.numHeads;
      return { maps: rows.filter((_, i) => i % tokens !== 0), passMs };
    },
  };
}

/** Measures the limits of an adapter: arithmetic alone, and a large matrix product by every variant of the networks' kernel. */
import * as tf from '@tensorflow/tfjs-core';
import { decodeFloat16, encodeFloat16 } from '../../src/core/float16.ts';
import { openBackend } from '../../src/gpu/open-backend.ts';
import { halfWeight, storageOf } from '../../src/gpu/kernels/half-weights.ts';
import { variantName } from '../../src/gpu/kernels/linear-code.ts';
import { linearKernel } from '../../src/gpu/kernels/linear.ts';
import { nullIfRefused } from '../../src/gpu/error-scope.ts';
import { linearVariants } from '../../src/gpu/kernels/variants.ts';
import { setTuning, untuned } from '../../src/gpu/kernels/tuning.ts';

export interface Ceilings {
  /** GFLOP/s of multiply-adds in registers, without memory reads. None of our programs can be faster. */
  readonly arithmeticGflops: number;
  /** The best rate among all variants of our linear kernel and tfjs's own matMul, over several shapes. */
  readonly matmulGflops: number;
  readonly matmulName: string;
}

const invocations = 64 * 256;
const steps = 4096;
/** Eight independent sums, so that no multiply-add waits for the one before it. */
const chains = Array.from({ length: 8 }, (_, i) => i);
const arithmeticCode = `
@group(0) @binding(0) var<storage, read_write> result: array<vec4<f32>>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = vec4<f32>(0.999 + f32(id.x) * 1e-9);
  ${chains.map((i) => `var sum_${i} = vec4<f32>(f32(id.x) + ${i}.0);`).join('\n')}
  for (var step = 0u; step < ${steps}u; step++) {
    ${chains.map((i) => `sum_${i} = sum_${i} * factor + factor;`).join('\n')}
  }
  result[id.x] = ${chains.map((i) => `sum_${i}`).join(' + ')};
}`;

async function measureArithmetic(device: GPUDevice): Promise<number> {
  const module = device.createShaderModule({ code: arithmeticCode });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const buffer = device.createBuffer({ size: invocations * 16, usage: GPUBufferUsage.STORAGE });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  let best = Infinity;
  // The first runs compile the shader and bring the device out of its idle state.
  for (let run = 0; run < 6; run++) {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(invocations / 64);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    best = Math.min(best, performance.now() - start);
  }
  buffer.destroy();
  return (invocations * steps * chains.length * 4 * 2) / best / 1e6;
}

const slowMs = 1000;

/** Rows, depth and columns: large products, and those of ViT-S and ViT-B at 224 px. */
const shapes = [
  [512, 512, 512],
  [1024, 1024, 1024],
  [197, 384, 1536],
  [197, 768, 3072],
] as const;

/** Measures on WebGPU only, on a device that it opens itself. */
export async function measureCeilings(): Promise<Ceilings> {
  const opened = await openBackend('webgpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const device = (tf.backend() as unknown as { device: GPUDevice }).device;
  const arithmeticGflops = await measureArithmetic(device);
  let matmulGflops = 0;
  let matmulName = '';
  for (const [rows, depth, columns] of shapes) {
    const x = tf.randomNormal<tf.Rank.R2>([rows, depth]);
    const weight = tf.randomNormal<tf.Rank.R2>([depth, columns]);
    const values = decodeFloat16(encodeFloat16((await weight.data()) as Float32Array));
    const half = halfWeight(values, [depth, columns]) ?? weight;
    const attributes = { rows, firstColumn: 0, columns, activation: 'none' } as const;
    const products = [
      { name: 'tfjs matMul', product: () => tf.matMul<tf.Tensor2D>(x, weight) },
      ...linearVariants.flatMap((variant) =>
        [weight, half].map((used) => ({
          name: `our linear kernel ${variantName(variant)}, ${storageOf(used)} weights`,
          product: () => {
            setTuning(tf.backend(), { ...untuned, linear: () => variant });
            return linearKernel.run({ x, weight: used }, attributes);
          },
        })),
      ),
    ];
    for (const { name, product } of products) {
      for (let run = 0; run < 4; run++) {
        const start = performance.now();
        const result = await nullIfRefused(async () => {
          const made = product();
          await opened.value.finish();
          return made;
        });
        // A variant that the driver refuses says nothing about the adapter.
        if (result === null) break;
        const elapsedMs = performance.now() - start;
        const rate = (2 * rows * depth * columns) / elapsedMs / 1e6;
        result.dispose();
        // The first run also compiles. After a slow first run, one more run is enough.
        const isSlow = elapsedMs > slowMs;
        if (run > 0 && rate > matmulGflops) {
          matmulGflops = rate;
          matmulName = `${name}, ${rows} × ${depth} × ${columns}`;
        }
        if (run > 0 && isSlow) break;
      }
    }
    tf.dispose([x, weight, half]);
  }
  setTuning(tf.backend(), untuned);
  return { arithmeticGflops, matmulGflops, matmulName };
}

/** Dispatches that are recorded beside tfjs's queue, since tfjs cannot express them. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly size: readonly [number, number];
}

/** So many workgroups in two dimensions, where one may not hold them. */
export const across = (groups: number): [number, number] => {
  const wide = Math.min(groups, 65_535);
  return [wide, Math.ceil(groups / wide)];
};

export class BesideQueue {
  private readonly backend: WebGPUBackend;
  private readonly dispatches: Dispatch[] = [];

  constructor(backend: WebGPUBackend) {
    this.backend = backend;
  }

  /** @param buffers in the order of their bindings */
  add(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[], size: readonly [number, number]): void {
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const layout = pipeline.getBindGroupLayout(0);
    this.dispatches.push({
      pipeline,
      group: this.backend.device.createBindGroup({ layout, entries }),
      size,
    });
  }

  /** In one pass, after all that tfjs has recorded; asking it for buffers may have recorded uploads. */
  submit(): void {
    const { device } = this.backend;
    // To be submitted, an encoder must be there, and no pass open.
    this.backend.ensureCommandEncoderReady();
    this.backend.endComputePassEncoder();
    this.backend.submitQueue();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, size } of this.dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...size);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}

/** Dispatches that are recorded outside tfjs's queue, because tfjs cannot express them. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly size: readonly [number, number, number?];
}

/** The given number of workgroups in two dimensions, since one dimension may be too small. */
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
  add(
    pipeline: GPUComputePipeline,
    buffers: readonly (GPUBuffer | GPUBufferBinding)[],
    size: readonly [number, number, number?],
  ): void {
    const entries = buffers.map((each, binding) => ({
      binding,
      resource: each instanceof GPUBuffer ? { buffer: each } : each,
    }));
    const layout = pipeline.getBindGroupLayout(0);
    this.dispatches.push({
      pipeline,
      group: this.backend.device.createBindGroup({ layout, entries }),
      size,
    });
  }

  /**
   * Submits all dispatches in one pass, after everything that tfjs has recorded. Asking tfjs for buffers may have
   * recorded uploads.
   */
  submit(): void {
    const { device } = this.backend;
    // tfjs can submit only if it has an encoder and no pass is open.
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

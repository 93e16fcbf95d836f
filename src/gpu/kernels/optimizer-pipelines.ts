import {
  centreCode,
  followCode,
  normCode,
  partialNormCode,
  updateCode,
  verdictCode,
} from './optimizer-shaders.ts';

export type Pipelines = Readonly<
  Record<'partial' | 'norm' | 'verdict' | 'update' | 'follow' | 'centre', GPUComputePipeline>
>;

export function compilePipelines(device: GPUDevice): Pipelines {
  const compile = (code: string): GPUComputePipeline =>
    device.createComputePipeline({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    });
  return {
    partial: compile(partialNormCode),
    norm: compile(normCode),
    verdict: compile(verdictCode),
    update: compile(updateCode),
    follow: compile(followCode),
    centre: compile(centreCode),
  };
}

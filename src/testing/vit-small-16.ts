import type { VitArchitecture } from '../core/architecture.ts';

/** The published DINO ViT-S/16, as a file would describe it. Tests of other sizes state only the differences. */
export const vitSmall16: VitArchitecture = {
  family: 'dino',
  embedDim: 384,
  depth: 12,
  numHeads: 6,
  patchSize: 16,
  gridSize: 14,
  mlpRatio: 4,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};

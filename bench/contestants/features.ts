/** What the lenses of features compute after a pass, from the same features for all contestants. */
import * as tf from '@tensorflow/tfjs-core';
import type { PassFacts } from '../../src/core/frame.ts';
import type { ModelDescription } from '../../src/core/model.ts';
import type { Pass } from '../../src/engine/pass.ts';
import { openBackend, type OpenBackend } from '../../src/gpu/open-backend.ts';
import type { WasmAssets } from '../../src/gpu/open-wasm.ts';
import { coloursCompute } from '../../src/lenses/colours/compute.ts';
import { coloursContract } from '../../src/lenses/colours/contract.ts';
import type { ComputeContext } from '../../src/lenses/lens-compute.ts';
import { objectsCompute } from '../../src/lenses/objects/compute.ts';
import { objectsContract } from '../../src/lenses/objects/contract.ts';
import { vitSmall16 } from '../../src/testing/vit-small-16.ts';
import { layersFor } from '../../src/vit/block-layers.ts';
import { defaultMaxScoresBytes } from '../../src/vit/forward.ts';
import type { VitParameters } from '../../src/vit/parameters.ts';
import { directionOf, readSimilarities } from '../../src/vit/patch-similarity.ts';
import { Tapped } from '../../src/vit/tapped.ts';

/** ViT-S's. */
export const channels = 384;

export const featureWorks = ['similarity', 'colours', 'TokenCut'] as const;

export type FeatureWork = (typeof featureWorks)[number];

export interface FeaturesChoice {
  /** float32, shape [1 + side², 384], CLS first. */
  readonly file: string;
  /** Rows of patches, and columns. */
  readonly side: number;
  readonly threads: number;
}

export interface FeaturesReport {
  readonly ms: number;
  /** As in `PassReport`. */
  readonly cpuMs: number | null;
  /** The lens's numbers: cosines, the first component, or the mask; shape [side, side]. */
  readonly values: Float32Array;
}

/** Features as a pass keeps them. What else a pass knows, the lenses do not ask. */
function passOf(values: Float32Array, side: number, { faults }: OpenBackend): Pass {
  const tokens = 1 + side * side;
  const architecture = { ...vitSmall16, depth: 1 };
  const tapped = new Tapped({
    parameters: { architecture } as VitParameters,
    rows: side,
    columns: side,
    tokens,
    startedAt: performance.now(),
    blocks: [{ parts: { value: tf.tensor2d(values, [tokens, channels]) }, queries: [], attention: null }],
    layers: layersFor(architecture, tokens, defaultMaxScoresBytes),
    faults,
    maxScoresBytes: defaultMaxScoresBytes,
  });
  const sizePx = { height: 480, width: 480 };
  const frame: PassFacts['frame'] = {
    rows: side,
    columns: side,
    box: { top: 0, left: 0, ...sizePx },
    photoSizePx: sizePx,
    inputSizePx: sizePx,
  };
  const model = { ...architecture, patchSizePx: 480 / side } as unknown as ModelDescription;
  return { tapped, frame, model, noteRead: () => undefined } as unknown as Pass;
}

const context: ComputeContext = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
  readPhoto: () => Promise.reject(new Error('no lens here reads the photograph')),
};

const features = { block: 1, facet: 'value' } as const;

/** Each returns the numbers that are compared. */
const works: Readonly<Record<FeatureWork, (pass: Pass) => Promise<Float32Array>>> = {
  async similarity({ tapped }) {
    const middle = 1 + Math.floor(tapped.rows / 2) * (tapped.columns + 1);
    const direction = directionOf(tapped, 0, 'value', [middle]);
    const [map] = await readSimilarities([tapped], 0, 'value', direction);
    direction.dispose();
    return map as Float32Array;
  },
  async colours(pass) {
    const made = await coloursCompute.compute(
      [pass],
      { ...coloursContract.params.defaults, ...features },
      context,
    );
    if (!made.ok) throw new Error(made.error.code);
    return made.value.components[0]?.map as Float32Array;
  },
  async TokenCut(pass) {
    const made = await objectsCompute.compute(
      [pass],
      { ...objectsContract.params.defaults, ...features },
      context,
    );
    if (!made.ok) throw new Error(made.error.code);
    return made.value.objects[0]?.mask as Float32Array;
  },
};

export interface OpenFeatures {
  readonly device: string;
  run(work: FeatureWork): Promise<Omit<FeaturesReport, 'cpuMs'>>;
}

export async function openFeatures(
  values: Float32Array,
  side: number,
  wasmAssets: WasmAssets | null,
): Promise<OpenFeatures> {
  const opened = await openBackend('wasm', wasmAssets);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const pass = passOf(values, side, opened.value);
  return {
    device: opened.value.device,
    async run(work) {
      const start = performance.now();
      const made = await works[work](pass);
      return { ms: performance.now() - start, values: made };
    },
  };
}

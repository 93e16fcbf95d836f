/** Opens one contestant and runs it on request. A browser's worker and a Node process share this part. */
import { decodeFloat16, encodeFloat16 } from '../../src/core/float16.ts';
import type { BackendName } from '../../src/core/failure.ts';
import type { WasmAssets } from '../../src/gpu/open-wasm.ts';
import type { Network } from '../networks.ts';
import { measureCeilings, type Ceilings } from './ceilings.ts';
import type { Contestant } from './contestant.ts';
import { countGpu } from './count-gpu.ts';
import {
  openFeatures,
  type FeaturesChoice,
  type FeaturesReport,
  type FeatureWork,
  type OpenFeatures,
} from './features.ts';
import { measureFmaLimit } from './fma-limit.ts';
import { openOnnx, type OnnxProvider, type OnnxRuntime } from './onnx.ts';
import { openOurs } from './ours.ts';
import { openTraining, type OpenTraining, type TrainingChoice, type TrainingCode } from './training.ts';

export interface ContestantChoice {
  readonly engine:
    | 'ours'
    | 'ours, float16 weights'
    | 'plain ops'
    | 'onnxruntime-web'
    | 'rows of all blocks'
    | 'rollout'
    | 'another checkout';
  /** Folder of the other checkout, if `engine` is one. */
  readonly checkout?: string;
  readonly backend: Exclude<BackendName, 'cpu'>;
  readonly threads: number;
}

export type HostRequest =
  | { readonly kind: 'open'; readonly choice: ContestantChoice; readonly network: Network }
  | { readonly kind: 'run'; readonly wantsMaps: boolean }
  | { readonly kind: 'open-training'; readonly choice: TrainingChoice; readonly threads: number }
  | { readonly kind: 'step' }
  | { readonly kind: 'open-features'; readonly choice: FeaturesChoice }
  | { readonly kind: 'run-features'; readonly work: FeatureWork }
  | { readonly kind: 'fma-limit' }
  | { readonly kind: 'ceilings' };

export interface PassReport {
  readonly passMs: number;
  /** Time of JavaScript's work until the read-back is requested; null on wasm. */
  readonly encodeMs: number | null;
  /** CPU time; in a browser, of all its processes. Other jobs change it less than wall time. Null if it is not known. */
  readonly cpuMs: number | null;
  readonly dispatches: number;
  readonly submits: number;
  /** The largest number of bytes in WebGPU buffers that this contestant held at one time. */
  readonly peakBytes: number;
  readonly maps: readonly number[] | null;
}

export interface StepTime {
  readonly ms: number;
  /** As in `PassReport`. */
  readonly cpuMs: number | null;
}

export interface HostReplies {
  readonly open: { readonly device: string; readonly openMs: number };
  readonly run: PassReport;
  readonly 'open-training': { readonly device: string };
  readonly step: StepTime;
  readonly 'open-features': { readonly device: string };
  readonly 'run-features': FeaturesReport;
  readonly 'fma-limit': number;
  readonly ceilings: Ceilings;
}

export interface Platform {
  readonly wasmAssets: WasmAssets | null;
  /** CPU time of the process so far; null if it is not available. */
  cpuMs(): number | null;
  loadTraining(): Promise<TrainingCode>;
  loadOnnxRuntime(provider: OnnxProvider): Promise<OnnxRuntime>;
  /** Loads bench/contestants/ours.ts of another checkout of this repository, with its imports. */
  loadCheckout(folder: string): Promise<{ readonly openOurs: typeof openOurs }>;
  /** `<network>.weights` or `<network>.input` */
  loadFloats(file: string): Promise<Float32Array<ArrayBuffer>>;
}

/** Sets the number of cores that our engine sees. Node 20 has no navigator, and our engine uses no threads there. */
function tellCores(threads: number): void {
  if ('navigator' in globalThis)
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: threads, configurable: true });
}

export function createHost(
  platform: Platform,
): (request: HostRequest) => Promise<HostReplies[HostRequest['kind']]> {
  const counts = countGpu();
  let contestant: Contestant | null = null;
  let training: OpenTraining | null = null;
  let features: OpenFeatures | null = null;

  async function open(
    { engine, backend, threads, checkout }: ContestantChoice,
    network: Network,
  ): Promise<Contestant> {
    const { id, architecture, height, width } = network;
    const [weights, input] = await Promise.all([
      platform.loadFloats(`${id}.weights`),
      platform.loadFloats(`${id}.input`),
    ]);
    const task = { architecture, height, width, weights, input };
    if (engine === 'onnxruntime-web')
      return openOnnx(await platform.loadOnnxRuntime(backend), task, backend, threads);
    tellCores(threads);
    // The values that a float16 file of the same network would contain.
    const given =
      engine === 'ours, float16 weights' ? { ...task, weights: decodeFloat16(encodeFloat16(weights)) } : task;
    if (checkout !== undefined) {
      const before = await platform.loadCheckout(checkout);
      return before.openOurs(given, backend, true, platform.wasmAssets);
    }
    const work = engine === 'rollout' || engine === 'rows of all blocks' ? engine : 'heads';
    return openOurs(given, backend, engine !== 'plain ops', platform.wasmAssets, work);
  }

  return async (request) => {
    switch (request.kind) {
      case 'open': {
        const start = performance.now();
        contestant = await open(request.choice, request.network);
        return { device: contestant.device, openMs: performance.now() - start };
      }
      case 'run': {
        if (contestant === null) throw new Error('run before open');
        const { dispatches, submits } = counts;
        counts.firstMapAt = null;
        const start = performance.now();
        const cpuStart = platform.cpuMs();
        const { maps, passMs } = await contestant.run();
        const cpuEnd = platform.cpuMs();
        return {
          passMs,
          encodeMs: counts.firstMapAt === null ? null : counts.firstMapAt - start,
          cpuMs: cpuStart === null || cpuEnd === null ? null : cpuEnd - cpuStart,
          dispatches: counts.dispatches - dispatches,
          submits: counts.submits - submits,
          peakBytes: counts.peakBytes,
          maps: request.wantsMaps ? [...maps] : null,
        };
      }
      case 'open-training':
        tellCores(request.threads);
        training = await openTraining(request.choice, await platform.loadTraining(), platform.wasmAssets);
        return { device: training.device };
      case 'step': {
        if (training === null) throw new Error('step before open-training');
        const start = performance.now();
        const cpuStart = platform.cpuMs();
        await training.step();
        const cpuEnd = platform.cpuMs();
        const cpuMs = cpuStart === null || cpuEnd === null ? null : cpuEnd - cpuStart;
        return { ms: performance.now() - start, cpuMs };
      }
      case 'open-features': {
        const { file, side, threads } = request.choice;
        tellCores(threads);
        features = await openFeatures(await platform.loadFloats(file), side, platform.wasmAssets);
        return { device: features.device };
      }
      case 'run-features': {
        if (features === null) throw new Error('run-features before open-features');
        const cpuStart = platform.cpuMs();
        const made = await features.run(request.work);
        const cpuEnd = platform.cpuMs();
        return { ...made, cpuMs: cpuStart === null || cpuEnd === null ? null : cpuEnd - cpuStart };
      }
      case 'fma-limit':
        return measureFmaLimit();
      case 'ceilings':
        return measureCeilings();
    }
  };
}

/** Starts an engine: opens and checks a back end while the model downloads, then loads the model onto it. */
import type { VitArchitecture } from '../core/architecture.ts';
import type { BackendChoice } from '../core/backend.ts';
import type { BackendName, Failure } from '../core/failure.ts';
import type { StartProgress } from '../core/progress.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { WasmAssets } from '../gpu/open-wasm.ts';
import type { ModelLoader } from '../models/loaded-model.ts';
import { chooseBackend, type ChosenBackend } from './choose-backend.ts';
import { compileAhead } from './compile-ahead.ts';
import { Engine, type EngineLimits } from './engine.ts';
import { failWith } from './out-of-memory.ts';
import { doWithoutThreads, recallThreads, tuneThreads, type TimingStore } from './tune-backend.ts';

export interface EngineOptions {
  readonly backend: BackendChoice;
  /** The model that comes first. */
  readonly model: { readonly key: string; readonly load: ModelLoader };
  readonly wasmAssets: WasmAssets | null;
  /** See `ChooseOptions`. */
  readonly silent?: readonly BackendName[];
  /** Remembers which kernels are fastest on WebGPU, and how many threads on wasm. Without it the defaults run. */
  readonly timings?: TimingStore;
  /** Of the device's memory, where they are not the usual ones. */
  readonly limits?: EngineLimits;
  readonly signal: AbortSignal;
  onProgress(progress: StartProgress): void;
}

/** After the model has come, since other work would distort the timings. */
async function settleThreads({ silent = [] }: EngineOptions, timings: TimingStore): Promise<void> {
  if (silent.includes('wasm')) await doWithoutThreads(timings);
  else if ((await recallThreads(timings)) === null) await tuneThreads(timings);
}

/**
 * @param architecture null where it did not become known
 * @param isWanted whether there is still time to compile
 * @param onNone called at once where no back end opened
 */
async function openAndCompile(
  { backend, wasmAssets, timings, silent = [], onProgress }: EngineOptions,
  architecture: Promise<VitArchitecture | null>,
  isWanted: () => boolean,
  onNone: () => void,
): Promise<Result<ChosenBackend, Failure>> {
  const working = (name: BackendName | null): void => onProgress({ stage: 'working', backend: name });
  const onSelfCheck = (): void => onProgress({ stage: 'self-check' });
  const threads = timings === undefined ? Promise.resolve(null) : recallThreads(timings);
  const chosen = await chooseBackend(backend, { wasmAssets, threads, silent, onTry: working, onSelfCheck });
  working(null);
  if (!chosen.ok) {
    onNone();
    return chosen;
  }
  const known = await architecture;
  try {
    const goesOn = (): boolean => {
      working(chosen.value.backend.name);
      return isWanted();
    };
    if (known !== null) await compileAhead(chosen.value.backend, known, timings, goesOn);
    working(null);
    return chosen;
  } catch (error) {
    return failWith(error);
  }
}

/** @returns an engine that has its first model; whoever calls disposes it */
export async function startEngine(options: EngineOptions): Promise<Result<Engine, Failure>> {
  const { model, timings, limits, signal, onProgress } = options;
  onProgress({ stage: 'backend' });
  let isLoading = true;
  const stop = new AbortController();
  if (signal.aborted) stop.abort();
  signal.addEventListener('abort', () => stop.abort(), { once: true });
  let tell: (architecture: VitArchitecture | null) => void = () => {};
  const architecture = new Promise<VitArchitecture | null>((resolve) => (tell = resolve));
  let hasBackend = true;
  const onNone = (): void => {
    // Without a back end the model is of no use: stop its download.
    hasBackend = false;
    stop.abort();
  };
  // Begins first: it mostly waits, and the model's bytes are checked and decoded meanwhile.
  const opening = openAndCompile(options, architecture, () => isLoading && !signal.aborted, onNone);
  const loading = model
    .load(stop.signal, (progress) => onProgress({ stage: 'download', ...progress }), tell)
    .finally(() => {
      isLoading = false;
      tell(null);
    });
  // Both are awaited even if one fails, so that nothing goes on compiling on a device that has another owner by then.
  await Promise.allSettled([opening, loading]);
  const [chosen, loaded] = [await opening, await loading];
  if (!chosen.ok && !hasBackend && !signal.aborted) return chosen;
  if (!loaded.ok) return loaded;
  if (!chosen.ok) return chosen;
  // Compiling may have gone on for longer than the download.
  if (signal.aborted) return fail({ code: 'cancelled' });
  try {
    if (timings !== undefined && chosen.value.backend.name === 'wasm') await settleThreads(options, timings);
  } catch (error) {
    return failWith(error);
  }
  const engine = new Engine(chosen.value, timings, limits);
  const { name } = engine.backend;
  const onStep = (): void => onProgress({ stage: 'working', backend: name });
  const added = await engine.addModel(model.key, loaded.value, signal, onStep);
  if (added.ok) return succeed(engine);
  engine.dispose();
  return added;
}

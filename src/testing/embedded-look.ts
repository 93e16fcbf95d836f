/** Looks at sample photographs through a lens, with a real engine and the embedded model. */
import type { FramingOptions } from '../core/photo.ts';
import type { Failure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import type { Engine, Source } from '../engine/engine.ts';
import { startEngine } from '../engine/start-engine.ts';
import type { LensId, ParamsOf, ResultOf } from '../lenses/contracts.ts';
import type { LookAnswer } from '../lenses/lens-contract.ts';
import { answerLook, runLook } from '../lenses/run-look.ts';
import { nodePlatform } from './node-platform.ts';

const { signal } = new AbortController();

/** @returns an engine on wasm that has the embedded model as `model` */
export async function startEmbedded(): Promise<Engine> {
  const started = await startEngine({
    backend: 'wasm',
    model: { key: 'model', load: nodePlatform.load },
    wasmAssets: null,
    signal,
    onProgress: () => {},
  });
  if (!started.ok) throw new Error(JSON.stringify(started.error));
  return started.value;
}

const sourceOf = (sample: string): Source => ({
  id: sample,
  read: async () => succeed({ pixels: await nodePlatform.readSample(sample), notices: [] }),
});

/** @returns the lens's answer for several samples together */
export const lookTogether = <L extends LensId>(
  engine: Engine,
  lens: L,
  params: ParamsOf<L>,
  sources: readonly (string | Source)[],
  framing: FramingOptions,
): Promise<Result<LookAnswer<ResultOf<L>>, Failure>> =>
  answerLook(engine, {
    lens,
    params,
    models: ['model'],
    sources: sources.map((source) => (typeof source === 'string' ? sourceOf(source) : source)),
    framing,
    signal,
    onProgress: () => {},
  });

/** @returns what the lens makes of a sample photograph @throws Error where it fails */
export async function lookAtSample<L extends LensId>(
  engine: Engine,
  lens: L,
  params: ParamsOf<L>,
  sample: string,
  framing: FramingOptions,
): Promise<ResultOf<L>> {
  const looked = await runLook(engine, {
    lens,
    params,
    models: ['model'],
    sources: [sourceOf(sample)],
    framing,
    signal,
    onProgress: () => {},
  });
  if (!looked.ok) throw new Error(JSON.stringify(looked.error));
  return looked.value.result;
}

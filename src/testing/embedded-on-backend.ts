/** Looks at several sample photographs with a real engine and the embedded model, on any back end. */
import type { BackendName } from '../core/failure.ts';
import type { FramingOptions } from '../core/photo.ts';
import type { Platform } from '../engine/embedded.suite.ts';
import type { Engine } from '../engine/engine.ts';
import { startEngine } from '../engine/start-engine.ts';
import type { LensId, ParamsOf, ResultOf } from '../lenses/contracts.ts';
import { answerLook } from '../lenses/run-look.ts';
import type { LookResult } from '../lenses/lens-contract.ts';

const { signal } = new AbortController();
const onProgress = (): void => undefined;

/** @returns an engine that has the embedded model as `model` */
export async function startOn(backend: BackendName, { load }: Platform): Promise<Engine> {
  const started = await startEngine({
    backend,
    model: { key: 'model', load },
    wasmAssets: null,
    signal,
    onProgress,
  });
  if (!started.ok) throw new Error(JSON.stringify(started.error));
  return started.value;
}

/** @returns the answer for each photograph, or the one for all @throws Error where one failed */
export async function lookOn<L extends LensId>(
  engine: Engine,
  { readSample }: Platform,
  lens: L,
  params: ParamsOf<L>,
  samples: readonly string[],
  framing: FramingOptions,
): Promise<readonly LookResult<ResultOf<L>>[]> {
  const answer = await answerLook(engine, {
    lens,
    params,
    models: ['model'],
    sources: samples.map((sample) => ({
      id: sample,
      read: async () => ({ ok: true, value: { pixels: await readSample(sample), notices: [] } }),
    })),
    framing,
    signal,
    onProgress,
  });
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value.map((each) => {
    if (!each.ok) throw new Error(JSON.stringify(each.error));
    return each.value;
  });
}

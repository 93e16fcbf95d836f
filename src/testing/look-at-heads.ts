import type { Failure } from '../core/failure.ts';
import type { PatchPosition } from '../core/geometry.ts';
import type { FramingOptions } from '../core/photo.ts';
import type { LookProgress } from '../core/progress.ts';
import type { Result } from '../core/result.ts';
import type { Engine } from '../engine/engine.ts';
import { headsContract, type HeadsResult } from '../lenses/heads/contract.ts';
import type { LookResult } from '../lenses/lens-contract.ts';
import { runLook } from '../lenses/run-look.ts';
import type { PixelGrid } from '../media/resample.ts';

export interface HeadsLook {
  readonly framing: FramingOptions;
  readonly id?: string;
  readonly model?: string;
  readonly patch?: PatchPosition;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LookProgress) => void;
  /** Called when the photograph has to be read, because its pass is not cached. */
  readonly onRead?: () => void;
}

/** Requests the last block's heads as the page does. */
export const lookAtHeads = (
  engine: Engine,
  pixels: PixelGrid,
  {
    framing,
    id = 'photo',
    model = 'model',
    patch,
    signal = new AbortController().signal,
    onProgress = () => {},
    onRead = () => {},
  }: HeadsLook,
): Promise<Result<LookResult<HeadsResult>, Failure>> =>
  runLook(engine, {
    lens: 'heads',
    params: { ...headsContract.params.defaults, patch: patch ?? null },
    models: [model],
    sources: [
      {
        id,
        read: () => {
          onRead();
          return Promise.resolve({ ok: true, value: { pixels, notices: [] } });
        },
      },
    ],
    framing,
    signal,
    onProgress,
  });

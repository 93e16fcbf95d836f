/** What can be compiled for a model of which only the sizes are known yet. */
import type { VitArchitecture } from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { framePhotograph } from '../media/framing.ts';
import { compilePass } from '../vit/compile-pass.ts';
import { compileVariants, recallTuning, type TimingStore } from './tune-backend.ts';
import { probeSize } from './upload-model.ts';

/** The official scripts' two input sizes, for training and for looking: where nothing was timed, the number of tokens decides. */
const sidesPx = [224, 480];

/** Images of a few tokens, some and many: what most photographs run, one of them runs. */
function sizesFor(architecture: VitArchitecture): Size[] {
  const probe = probeSize(architecture);
  const squares = sidesPx.map(
    (sidePx) => framePhotograph(probe, { shape: 'square', sidePx }, architecture.patchSize).inputSizePx,
  );
  return [probe, ...squares];
}

/**
 * Compiles the kernels of a model's passes on the current back end, those that are not there yet.
 * @throws FailureError where the device is lost on the way
 */
export const compilePasses = (backend: OpenBackend, architecture: VitArchitecture): Promise<void> =>
  compilePass(backend, architecture, sizesFor(architecture));

/**
 * Compiles while a model is on its way, for as long as it is: its passes, or where it has yet to be timed which kernels they will have,
 * the candidates, and what its first computation runs, which is too small for any choice.
 * @param isWanted whether the model is still on its way; what has begun is awaited
 * @returns whether the passes are compiled, and nothing is left to time
 * @throws FailureError where the device is lost on the way
 */
export async function compileAhead(
  backend: OpenBackend,
  architecture: VitArchitecture,
  timings: TimingStore | undefined,
  isWanted: () => boolean,
): Promise<boolean> {
  if (backend.name !== 'webgpu' || !isWanted()) return false;
  const isChosen = timings === undefined || (await recallTuning(backend, architecture, timings));
  if (isChosen) await compilePasses(backend, architecture);
  else {
    await compilePass(backend, architecture, [probeSize(architecture)]);
    await compileVariants(backend, architecture, timings, isWanted);
  }
  return isChosen;
}

/** What can be compiled for a model of which only the sizes are known yet. */
import type { VitArchitecture } from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { framePhotograph } from '../media/framing.ts';
import { compilePass } from '../vit/compile-pass.ts';
import { compileVariants, recallTuning, type TimingStore } from './tune-backend.ts';
import { probeSize } from './device-model.ts';

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
 * Compiles while a model is on its way, and no longer, since then whoever runs a kernel has it compiled: its passes, or where it has yet to
 * be timed which kernels they will have, the candidates, and what its first computation runs, which is too small for any choice.
 * @param isWanted whether the model is still on its way, asked before each few kernels; what has begun is awaited
 * @throws FailureError where the device is lost on the way
 */
export async function compileAhead(
  backend: OpenBackend,
  architecture: VitArchitecture,
  timings: TimingStore | undefined,
  isWanted: () => boolean,
): Promise<void> {
  if (backend.name !== 'webgpu' || !isWanted()) return;
  const isChosen = timings === undefined || (await recallTuning(backend, architecture, timings));
  const sizes = isChosen ? sizesFor(architecture) : [probeSize(architecture)];
  for (const size of sizes) if (isWanted()) await compilePass(backend, architecture, size);
  if (!isChosen && isWanted()) await compileVariants(backend, architecture, timings, isWanted);
}

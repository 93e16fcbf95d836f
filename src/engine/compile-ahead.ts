/** Compiles kernels for a model while only its sizes are known. */
import type { VitArchitecture } from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { framePhotograph } from '../media/framing.ts';
import { compilePass } from '../vit/compile-pass.ts';
import { compileVariants, recallTuning, type TimingStore } from './tune-backend.ts';
import { probeSize } from './device-model.ts';

/** The two input sizes of the official scripts. Without timings the number of tokens decides which kernels run. */
const sidesPx = [224, 480];

/** Images with few, some and many tokens: together they use the kernels that most photographs use. */
function sizesFor(architecture: VitArchitecture): Size[] {
  const probe = probeSize(architecture);
  const squares = sidesPx.map(
    (sidePx) => framePhotograph(probe, { shape: 'square', sidePx }, architecture.patchSize).inputSizePx,
  );
  return [probe, ...squares];
}

/**
 * Compiles while a model is loading; after that, running a kernel compiles it anyway. Compiles the kernels of its
 * passes, or all candidates where they are not timed yet, and those of its first computation, for which there is no
 * choice.
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

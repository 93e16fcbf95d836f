/**
 * Fuzz targets for all external data that is read. A new parser must be added here; a new lens is included automatically.
 * Node only.
 */
import { checkpointTargets } from './checkpoint-targets.ts';
import { codecTargets } from './codec-targets.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { imageTargets } from './image-targets.ts';
import { runArchiveTargets } from './run-archive-targets.ts';
import { textTargets } from './text-targets.ts';

export const fuzzTargets = async (): Promise<readonly FuzzTarget[]> => [
  ...(await checkpointTargets()),
  ...(await runArchiveTargets()),
  ...imageTargets(),
  ...textTargets,
  ...codecTargets(),
];

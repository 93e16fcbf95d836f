/** Everything of other people's making that is read. A new parser gets its line here; a new lens is here by itself. Node only. */
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

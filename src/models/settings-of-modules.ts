/** The head count of a network that was saved as an object: its attention layers know it, where a state dict does not. */

/** More than any network has. */
const maxParts = 100_000;

/**
 * @param settings what a checkpoint holds beside its tensors
 * @param depth of the network
 * @returns the count of all modules that have one, or undefined where they differ, or are fewer than blocks: another layer's then
 */
export function headsOfModules(settings: unknown, depth: number): number | undefined {
  const counts: number[] = [];
  const opened = new Set<object>();
  const pending = [settings];
  for (let next = 0; next < pending.length && next < maxParts; next++) {
    const part = pending[next];
    if (typeof part !== 'object' || part === null || opened.has(part)) continue;
    opened.add(part);
    // PyTorch's modules have this; options of a run, as of a decoder, have not.
    if ('_modules' in part && 'num_heads' in part && Number.isSafeInteger(part.num_heads))
      counts.push(Number(part.num_heads));
    for (const inner of Object.values(part)) pending.push(inner);
  }
  const [count] = counts;
  return counts.length >= depth && counts.every((each) => each === count) ? count : undefined;
}

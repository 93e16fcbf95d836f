/** What a network that was saved as an object says of itself, where a state dict does not: its modules' own settings. */

/** More than any network has. */
const maxParts = 100_000;

/** @returns the modules of PyTorch, at any depth; options of a run, as of a decoder, are none */
function* modulesIn(settings: unknown): Generator<Readonly<Record<string, unknown>>> {
  const opened = new Set<object>();
  const pending = [settings];
  for (let next = 0; next < pending.length && next < maxParts; next++) {
    const part = pending[next];
    if (typeof part !== 'object' || part === null || opened.has(part)) continue;
    opened.add(part);
    if ('_modules' in part) yield part as Readonly<Record<string, unknown>>;
    for (const inner of Object.values(part)) pending.push(inner);
  }
}

/**
 * @param settings what a checkpoint holds beside its tensors
 * @param depth of the network
 * @returns the head count of all modules that have one, or undefined where they differ, or are fewer than blocks: another layer's then
 */
export function headsOfModules(settings: unknown, depth: number): number | undefined {
  const counts: number[] = [];
  for (const { num_heads: count } of modulesIn(settings))
    if (typeof count === 'number' && Number.isSafeInteger(count)) counts.push(count);
  const [count] = counts;
  return counts.length >= depth && counts.every((each) => each === count) ? count : undefined;
}

/** Each block has two. */
const normsOfBlock = 2;

/**
 * @returns the epsilon of its layer norms, or undefined where none or more than one is in as many layers as the blocks have: a head's
 * norm may have another
 */
export function epsOfModules(settings: unknown, depth: number): number | undefined {
  const counts = new Map<number, number>();
  for (const module of modulesIn(settings)) {
    const { eps } = module;
    // A layer norm has this, others, as of a batch, have not.
    if ('normalized_shape' in module && typeof eps === 'number' && eps > 0 && eps < 1)
      counts.set(eps, (counts.get(eps) ?? 0) + 1);
  }
  const usual = [...counts].filter(([, count]) => count >= normsOfBlock * depth);
  return usual.length === 1 ? usual[0]?.[0] : undefined;
}

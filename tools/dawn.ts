/** WebGPU in Node, by Dawn. */

/** So long a wait is asked about in every turn of the event loop, ms: a graphics card answers soon. */
const eagerMs = 1;
/** After that, once in so long, ms. */
const patientMs = 1;

type SetImmediate = typeof globalThis.setImmediate;
type ClearImmediate = typeof globalThis.clearImmediate;

/**
 * While Dawn's binding waits for a device, it asks for its progress in each turn of the event loop, by the global `setImmediate`: each call
 * is made by the one before. That keeps a core busy, which a device that computes on the processor needs.
 * @returns both functions so that a long chain of calls goes on once in a millisecond
 */
export function patiently(
  everyTurn: SetImmediate,
  clear: ClearImmediate,
): { setImmediate: SetImmediate; clearImmediate: ClearImmediate } {
  const timers = new WeakSet<object>();
  let isInChain = false;
  let begun = -Infinity;
  const patient = (...call: Parameters<SetImmediate>): NodeJS.Immediate | NodeJS.Timeout => {
    const now = performance.now();
    if (!isInChain) begun = now;
    const [then, ...values] = call;
    const turn = (): void => {
      isInChain = true;
      try {
        then(...values);
      } finally {
        isInChain = false;
      }
    };
    if (now - begun < eagerMs) return everyTurn(turn);
    const timer = setTimeout(turn, patientMs);
    timers.add(timer);
    return timer;
  };
  return {
    setImmediate: Object.assign(patient, everyTurn) as SetImmediate,
    clearImmediate: (handle) => {
      if (handle !== undefined && timers.has(handle)) clearTimeout(handle as unknown as NodeJS.Timeout);
      else clear(handle);
    },
  };
}

/** Gives `navigator.gpu`, as a browser does. */
export async function installDawn(): Promise<void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  Object.assign(globalThis, patiently(globalThis.setImmediate, globalThis.clearImmediate));
  const gpu = create([]);
  if ('navigator' in globalThis)
    Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
}

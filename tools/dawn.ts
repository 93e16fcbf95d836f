/** WebGPU in Node, by Dawn. */

/** So long a wait is asked about in every turn of the event loop, as a graphics card answers soon, ms. */
const eagerMs = 1;
/** After it, once in so long, ms. */
const patientMs = 1;
/** A call that comes later than this after the one before it begins another wait, ms. */
const pauseMs = 10;

/**
 * While Dawn's binding waits for a device, it asks for its progress in each turn of the event loop, by the global `setImmediate`, which keeps
 * a core busy. A device that computes on the processor needs that core. Node's own code does not use the global.
 * @returns `setImmediate` that lets a long wait go by in steps of a millisecond
 */
export function patiently(everyTurn: typeof setImmediate): typeof setImmediate {
  let begun = -Infinity;
  let last = -Infinity;
  const patient = (...call: Parameters<typeof setImmediate>): NodeJS.Immediate | NodeJS.Timeout => {
    const now = performance.now();
    if (now - last > pauseMs) begun = now;
    last = now;
    const [then, ...values] = call;
    return now - begun < eagerMs ? everyTurn(then, ...values) : setTimeout(then, patientMs, ...values);
  };
  return Object.assign(patient, everyTurn) as typeof setImmediate;
}

/** Gives `navigator.gpu`, as a browser does. */
export async function installDawn(): Promise<void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  globalThis.setImmediate = patiently(globalThis.setImmediate);
  const gpu = create([]);
  if ('navigator' in globalThis)
    Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
}

/** WebGPU in Node, by Dawn: gives `navigator.gpu`, as a browser does. */

/** So long the device is asked in each turn of the event loop, as a graphics card answers soon, ms. */
const eagerMs = 1;
/** After it, once in so long, ms. */
const patientMs = 1;

/**
 * While Dawn's binding waits for a device, it asks for its progress in each turn of the event loop (by the global `setImmediate`), which
 * keeps a core busy. A device that computes on the processor needs that core, so the turns are made longer. Node's own code does not use
 * the global.
 */
function waitPatiently(): void {
  const everyTurn = globalThis.setImmediate;
  let begun = -Infinity;
  let last = -Infinity;
  const patient = (...call: Parameters<typeof everyTurn>): NodeJS.Immediate | NodeJS.Timeout => {
    const now = performance.now();
    if (now - last > eagerMs + 2 * patientMs) begun = now;
    last = now;
    const [then, ...values] = call;
    return now - begun < eagerMs ? everyTurn(then, ...values) : setTimeout(then, patientMs, ...values);
  };
  globalThis.setImmediate = Object.assign(patient, everyTurn) as typeof everyTurn;
}

export async function installDawn(): Promise<void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  waitPatiently();
  const gpu = create([]);
  if ('navigator' in globalThis)
    Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
}

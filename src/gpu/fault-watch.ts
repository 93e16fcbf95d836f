/**
 * Faults that do not throw. A shader error, a binding over the limit, a lost device: tfjs goes on and returns stale values
 * or zeros (FACTS of tfjs 4.22), so whoever runs an operation asks here before believing its result.
 */
import { FailureError, type Failure } from '../core/failure.ts';

export interface FaultWatch {
  /** Throws the first fault since the watch began as a `FailureError`; a fault is final. */
  check(): void;
  /** Settles never, unless a fault comes: then it rejects with it. For racing against work that would hang. */
  readonly faulted: Promise<never>;
}

/** For back ends whose errors all throw. */
export const noFaults: FaultWatch = { check: () => {}, faulted: new Promise<never>(() => {}) };

function failureFromGpuError(error: GPUError): Failure {
  if (error instanceof GPUOutOfMemoryError) return { code: 'out-of-memory', tokens: null };
  const firstLine = error.message.split('\n', 1)[0] ?? '';
  return { code: 'gpu-error', message: firstLine.slice(0, 200) };
}

/** Listens from now until the device is gone. */
export function watchDevice(device: GPUDevice): FaultWatch {
  let fault: Failure | null = null;
  let reject: (error: FailureError) => void = () => {};
  const promise = new Promise<never>((_, rejectPromise) => (reject = rejectPromise));
  promise.catch(() => {}); // whoever does not race it is not told twice
  const report = (failure: Failure): void => {
    if (fault !== null) return;
    fault = failure;
    reject(new FailureError(failure));
  };
  device.addEventListener('uncapturederror', (event) => report(failureFromGpuError(event.error)));
  void device.lost.then((info) => report({ code: 'device-lost', message: info.message.slice(0, 200) }));
  return {
    check: () => {
      if (fault !== null) throw new FailureError(fault);
    },
    faulted: promise,
  };
}

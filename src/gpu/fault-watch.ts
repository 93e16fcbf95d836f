/**
 * Faults that do not throw. A shader error, a binding over the limit, a lost device: tfjs goes on and returns stale values
 * or zeros (tfjs 4.22), so whoever runs an operation asks here before believing its result.
 */
import { FailureError, type Failure } from '../core/failure.ts';

export interface FaultWatch {
  /** Throws the first fault since the watch began as a `FailureError`; a fault is final. */
  check(): void;
  /** Awaits `work`, unless a fault comes first: then it rejects with it. A lost device may leave a read-back waiting for ever. */
  race<T>(work: Promise<T>): Promise<T>;
}

/** A shader error is reported after the read-back that it spoiled; one more turn lets it arrive, to be asked for by `check`. */
export const afterReadBack = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** For back ends whose errors all throw. */
export const noFaults: FaultWatch = { check: () => {}, race: (work) => work };

function failureFromGpuError(error: GPUError): Failure {
  if (error instanceof GPUOutOfMemoryError) return { code: 'out-of-memory', tokens: null };
  const firstLine = error.message.split('\n', 1)[0] ?? '';
  return { code: 'gpu-error', message: firstLine.slice(0, 200) };
}

/** Listens from now until the device is gone. */
export function watchDevice(device: GPUDevice): FaultWatch {
  let fault: Failure | null = null;
  // Not one promise that never settles: everything that was ever raced against it would stay in memory.
  const waiting = new Set<(error: FailureError) => void>();
  const report = (failure: Failure): void => {
    if (fault !== null) return;
    fault = failure;
    for (const reject of waiting) reject(new FailureError(failure));
    waiting.clear();
  };
  device.addEventListener('uncapturederror', (event) => report(failureFromGpuError(event.error)));
  void device.lost.then((info) => report({ code: 'device-lost', message: info.message.slice(0, 200) }));
  const check = (): void => {
    if (fault !== null) throw new FailureError(fault);
  };
  return {
    check,
    race: async <T>(work: Promise<T>): Promise<T> => {
      work.catch(() => {}); // where the fault wins, nobody else hears of the work's own failure
      check();
      let reject: (error: FailureError) => void = () => {};
      const faulted = new Promise<never>((_, rejectPromise) => (reject = rejectPromise));
      waiting.add(reject);
      try {
        return await Promise.race([work, faulted]);
      } finally {
        waiting.delete(reject);
      }
    },
  };
}

/**
 * Faults that do not throw: a shader error, a binding over the limit, a lost device. After one, tfjs continues and
 * returns stale values or zeros (tfjs 4.22). So code that runs an operation must call `check` before it trusts the
 * result.
 */
import { FailureError, type Failure } from '../core/failure.ts';
import { yieldToEventLoop } from '../core/yield-to-event-loop.ts';

export interface FaultWatch {
  /** Throws the first fault since the watch began, as a `FailureError`. A fault is final. */
  check(): void;
  /**
   * Awaits `work`, or rejects with a fault if one comes first. After the device is lost, a read-back may never settle.
   */
  race<T>(work: Promise<T>): Promise<T>;
  /**
   * To be awaited after values were read back: a shader error is reported only after the read-back that it affects. Also lets
   * the messages in that have come meanwhile.
   * @throws FailureError the fault, where there was one
   */
  settle(): Promise<void>;
}

/** For back ends whose errors all throw. */
export const noFaults: FaultWatch = { check: () => {}, race: (work) => work, settle: yieldToEventLoop };

function failureFromGpuError(error: GPUError): Failure {
  if (error instanceof GPUOutOfMemoryError) return { code: 'out-of-memory', tokens: null };
  const firstLine = error.message.split('\n', 1)[0] ?? '';
  return { code: 'gpu-error', message: firstLine.slice(0, 200) };
}

/** Listens until the device is lost. */
export function watchDevice(device: GPUDevice): FaultWatch {
  let fault: Failure | null = null;
  // A single promise that never settles would not do: everything raced against it would stay in memory.
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
      work.catch(() => {}); // if the fault comes first, the failure of `work` itself is ignored
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
    settle: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      check();
    },
  };
}

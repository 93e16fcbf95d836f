import { yieldToEventLoop } from '../core/yield-to-event-loop.ts';
import { throwIfAborted } from '../vit/forward.ts';

/** Lets other work of the thread go on, between steps of a long computation. @throws FailureError 'cancelled' */
export const afterStepOf = (signal: AbortSignal) => async (): Promise<void> => {
  await yieldToEventLoop();
  throwIfAborted(signal);
};

import { describeFailure, type Failure } from '../../src/core/failure.ts';

/** @returns the sentence for a failed look. The command line cancels nothing: a lens does, when the grid does not have the asked patch. */
export const describeLookFailure = (failure: Failure): string =>
  failure.code === 'cancelled' ? 'The photograph’s grid has no such patch.' : describeFailure(failure);

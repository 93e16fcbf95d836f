import { describeFailure, type Failure } from '../../src/core/failure.ts';
import type { Size } from '../../src/core/geometry.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import { framePhotograph } from '../../src/media/framing.ts';

/** From 0, as a person names patches. */
export const describeGrid = ({
  rows,
  columns,
}: {
  readonly rows: number;
  readonly columns: number;
}): string => `the patches go from 0,0 to ${rows - 1},${columns - 1}`;

/**
 * @param photo the one whose patch may have been asked
 * @returns the sentence for a failed look. The command line cancels nothing: a lens does, when the grid does not have the asked patch.
 */
export function describeLookFailure(
  failure: Failure,
  photo: Size | undefined,
  framing: FramingOptions,
  { patchSizePx }: { readonly patchSizePx: number },
): string {
  if (failure.code !== 'cancelled') return describeFailure(failure);
  const range = photo === undefined ? '' : `: ${describeGrid(framePhotograph(photo, framing, patchSizePx))}`;
  return `The photograph’s grid has no such patch${range}.`;
}

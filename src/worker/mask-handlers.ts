/** Answers the page's questions about masks. */
import type { Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { readPngValues } from '../media/png-values.ts';
import { readUprightSize } from '../media/upright-size.ts';
import type { MaskContract, MaskFacts } from '../rpc/mask-contract.ts';
import type { Handlers } from '../rpc/serve-calls.ts';
import { countCells, haveSameShape } from '../score/fit.ts';
import { borderShare, boxesOfObjects, findObjects, type Objects } from '../score/objects.ts';
import type { Size } from '../core/geometry.ts';

type ReadMask = MaskContract['readMask'];

/** Cells along the long side of the outline: finer than a screen shows a line, and quick to trace. */
const outlineCells = 256;

function outlineOf(objects: Objects): MaskFacts['outline'] {
  const { height, width } = objects;
  const scale = Math.min(1, outlineCells / Math.max(height, width));
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
  const box = { top: 0, left: 0, height, width };
  const { cells, count } = countCells(objects, { rows, columns, box, photoSizePx: { height, width } });
  const values = Float32Array.from({ length: rows * columns }, (_, cell) => {
    const [background = 0, ...labels] = cells.subarray(cell * (count + 1), (cell + 1) * (count + 1));
    return labels.reduce((sum, value) => sum + value, 0) > background ? 1 : 0;
  });
  return { rows, columns, values };
}

const factsOf = (objects: Objects, photoPx: Size): MaskFacts => ({
  count: objects.count,
  borderShare: borderShare(objects),
  boxes: boxesOfObjects(objects, photoPx),
  outline: outlineOf(objects),
});

/** @returns the objects, or a phrase that says why it is no mask; null where the file cannot be read any more */
async function readObjects(mask: Blob): Promise<Objects | string | null> {
  const bytes = await mask.arrayBuffer().then(
    (buffer) => new Uint8Array(buffer),
    () => null,
  );
  if (bytes === null) return null;
  const values = await readPngValues(bytes);
  if (values === null) return 'it is no PNG that can be decoded';
  const objects = findObjects(values);
  return typeof objects !== 'string' && objects.count === 0 ? 'it is all black' : objects;
}

async function readMask({
  mask,
  photo,
  isGuess,
}: ReadMask['request']): Promise<Result<ReadMask['result'], Failure>> {
  const objects = await readObjects(mask);
  if (objects === null) return fail({ code: 'unreadable-file' });
  if (typeof objects === 'string') return succeed({ kind: 'no-mask', problem: objects });
  const photoPx = await readUprightSize(photo);
  if (!photoPx.ok) return photoPx;
  const { height, width } = objects;
  if (!haveSameShape(objects, photoPx.value))
    return succeed({ kind: 'other-shape', maskPx: { height, width }, photoPx: photoPx.value });
  // A drawing of few colours that has a photograph's name.
  if (isGuess && !objects.labels.includes(0))
    return succeed({ kind: 'no-mask', problem: 'no pixel of it is black, so it has no background' });
  return succeed({ kind: 'mask', facts: factsOf(objects, photoPx.value) });
}

/** Whether a picture that has a photograph's name is its mask. */
export async function isMask(picture: Blob, photograph: Blob): Promise<boolean> {
  const read = await readMask({ mask: picture, photo: photograph, isGuess: true });
  return read.ok && read.value.kind === 'mask';
}

export function createMaskHandlers(): Handlers<MaskContract> {
  /** A mask is asked for again at once, for the grid of the lens in use. */
  let last: { readonly id: string; readonly objects: Objects } | null = null;
  return {
    readMask,

    async countCells({ id, mask, grid }) {
      const objects = last?.id === id ? last.objects : await readObjects(mask);
      // It was a mask when it was read first, so the file has changed.
      if (objects === null || typeof objects === 'string') return fail({ code: 'unreadable-file' });
      last = { id, objects };
      return succeed(countCells(objects, grid));
    },
  };
}

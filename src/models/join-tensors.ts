import { FailureError } from '../core/failure.ts';
import type { StoredTensor } from '../formats/tensor-file.ts';

/**
 * One tensor of several, one after the other along their first axis: Hugging Face keeps apart what the official
 * checkpoints keep as qkv. Nothing is read before it is needed.
 * @throws FailureError 'checkpoint-invalid' where a part is missing or they do not fit
 */
export function joinTensors(name: string, parts: readonly (StoredTensor | undefined)[]): StoredTensor {
  const invalid = (problem: string): FailureError =>
    new FailureError({ code: 'checkpoint-invalid', problem });
  const present = parts.filter((part) => part !== undefined);
  const [first] = present;
  if (first === undefined || present.length < parts.length)
    throw invalid(`of ${name}, query, key and value are not all there`);
  const [, ...inner] = first.shape;
  for (const { shape } of present)
    if (shape.length !== first.shape.length || inner.some((side, axis) => side !== shape[axis + 1]))
      throw invalid(`of ${name}, the parts [${first.shape.join(', ')}] and [${shape.join(', ')}] do not fit`);
  return {
    name,
    shape: [present.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0), ...inner],
    storedType: first.storedType,
    read: async () => {
      const pieces = await Promise.all(present.map((part) => part.read()));
      const values = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let offset = 0;
      for (const piece of pieces) {
        values.set(piece, offset);
        offset += piece.length;
      }
      return values;
    },
  };
}

/**
 * timm's networks with registers and DeiT III keep no position for CLS: where the official file has one, it is already part of their
 * `cls_token`. A row of zeros in its place changes nothing.
 * @param positions `pos_embed`, shape [1, count, channels]
 * @returns shape [1, 1 + count, channels]
 */
export function addClsPosition(positions: StoredTensor): StoredTensor {
  const [, count = 0, channels = 0] = positions.shape;
  return {
    ...positions,
    shape: [1, 1 + count, channels],
    read: async () => {
      const values = new Float32Array((1 + count) * channels);
      values.set(await positions.read(), channels);
      return values;
    },
  };
}

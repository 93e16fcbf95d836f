/** PyTorch's files made by hand, for tests of their reader. */
import { openPytorch } from '../formats/pytorch.ts';
import type { TensorParts } from '../formats/pytorch-tensors.ts';
import { makeZip } from './make-zip.ts';

export async function openTensorParts(file: Blob): Promise<TensorParts> {
  const opened = await openPytorch(file);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

/** A pickle in text, as protocol 0 writes it: {name: tensor} with one storage, whose key is 0. */
export const tensorPickle = ({
  shape = [2],
  strides = [1],
  offset = 0,
  elements = 2,
  type = 'FloatStorage',
}: {
  shape?: readonly number[];
  strides?: readonly number[];
  offset?: number | string;
  elements?: number;
  type?: string;
} = {}): Buffer => {
  const tuple = (sides: readonly number[]): string => `(${sides.map((side) => `I${side}\n`).join('')}t`;
  return Buffer.from(
    `}S'weight'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\n${type}\nS'0'\nS'cpu'\nI${elements}\ntQ` +
      `I${offset}\n${tuple(shape)}${tuple(strides)}I00\nNtRs.`,
  );
};

export const storage = Buffer.from(Float32Array.of(1.5, -2).buffer);
export const zipOf = (pickle: Uint8Array, data: Uint8Array = storage): Blob =>
  makeZip([
    { name: 'archive/data.pkl', bytes: pickle },
    { name: 'archive/data/0', bytes: data },
  ]);

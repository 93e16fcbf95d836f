import { describe, expect, it } from 'vitest';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts } from '../../testing/looks.ts';
import { objectsContract, type FoundObject } from './contract.ts';
import { objectsView } from './view.tsx';

const frame = frameOfGrid(1, 4);
const object = (mask: number[], left: number): FoundObject => ({
  mask: Float32Array.from(mask),
  seed: mask.indexOf(1),
  box: { top: 0, left, height: 60, width: 30 },
});
const [first, second] = [object([0, 1, 0, 0], 30), object([1, 0, 0, 0], 0)];

const found = (objects: readonly FoundObject[], view: 'objects' | number) =>
  objectsView.found?.({
    looked: {
      passes: [passFacts(frame)],
      result: { features: { block: 4, facet: 'value' }, rows: 1, columns: 4, objects, steps: [] },
    },
    params: objectsContract.params.defaults,
    drawing: { ...objectsContract.drawing.defaults, view },
    shared: sharedDrawing.defaults,
  });

describe('the masks that it hands on', () => {
  it('are those of the objects in the order in which they were found', () => {
    expect(found([first, second], 'objects')).toEqual([
      { title: 'Object 1', grid: frame, values: first.mask, box: first.box },
      { title: 'Object 2', grid: frame, values: second.mask, box: second.box },
    ]);
  });

  it('are the same beside a step', () => {
    expect(found([first], 0)?.map(({ title }) => title)).toEqual(['Object']);
  });

  it('are none where no object was found', () => {
    expect(found([], 'objects')).toEqual([]);
  });
});

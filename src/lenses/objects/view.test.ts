import { describe, expect, it } from 'vitest';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts } from '../../testing/looks.ts';
import { objectsContract, type FoundObject, type ObjectsResult } from './contract.ts';
import { objectsView } from './view.tsx';

const frame = frameOfGrid(1, 4);
const object = (mask: number[], left: number): FoundObject => ({
  mask: Float32Array.from(mask),
  seed: mask.indexOf(1),
  refined: null,
  box: { top: 0, left, height: 60, width: 30 },
});
const [first, second] = [object([0, 1, 0, 0], 30), object([1, 0, 0, 0], 0)];

const sceneOf = (
  objects: readonly FoundObject[],
  view: 'objects' | number,
  fineGrid: ObjectsResult['fineGrid'] = null,
) => ({
  looked: {
    passes: [passFacts(frame)],
    result: {
      features: { block: 4, facet: 'value' } as const,
      rows: 1,
      columns: 4,
      fineGrid,
      objects,
      steps: [{ name: 'Eigenvector', meaning: 'A map.', map: Float32Array.of(1, 2, 3, 4) }],
    },
  },
  params: objectsContract.params.defaults,
  drawing: { ...objectsContract.drawing.defaults, view },
  shared: sharedDrawing.defaults,
});

const found = (...scene: Parameters<typeof sceneOf>) => objectsView.found?.(sceneOf(...scene));

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

describe('a refined mask', () => {
  const fineGrid = { rows: 2, columns: 8 };
  const mask = Float32Array.of(0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0);
  const refined = { ...first, refined: { mask, isAsGiven: false } };
  const fine = { ...frame, ...fineGrid };

  it('is handed on in place of the mask of patches', () => {
    expect(found([refined], 'objects', fineGrid)).toEqual([
      { title: 'Object', grid: fine, values: mask, box: first.box },
    ]);
  });

  it('is drawn on its own grid, not smoothed; a step is drawn on that of the patches', () => {
    const layers = objectsView.layers(sceneOf([refined], 'objects', fineGrid));
    expect(layers.map(({ kind }) => kind)).toEqual(['veil', 'outline', 'box']);
    expect(layers.slice(0, 2)).toMatchObject([
      { frame: fine, map: mask, smooth: false },
      { frame: fine, map: mask, smooth: false },
    ]);
    expect(objectsView.layers(sceneOf([refined], 0, fineGrid))).toMatchObject([
      { kind: 'scalar', frame, smooth: true },
      { kind: 'outline', frame: fine, smooth: false },
    ]);
  });

  it('is counted, and is not where it was left out', () => {
    const factOf = (isAsGiven: boolean) => {
      const scene = sceneOf([{ ...first, refined: { mask, isAsGiven } }], 'objects', fineGrid);
      return objectsView.facts(scene).find(([name]) => name === 'Refined')?.[1];
    };
    expect(factOf(false)).toBe('1 of 1, at 8 × 2\u00a0px');
    expect(factOf(true)).toBe('0 of 1, at 8 × 2\u00a0px');
    expect(objectsView.facts(sceneOf([first], 'objects')).some(([name]) => name === 'Refined')).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts } from '../../testing/looks.ts';
import type { Scene } from '../lens-view.ts';
import {
  similarityContract,
  type SimilarityDrawing,
  type SimilarityParams,
  type SimilarityResult,
} from './contract.ts';
import { similarityView } from './view.tsx';

const frame = frameOfGrid(2, 3);
const map = Float32Array.of(1, 0.75, -0.25, 0.5, 0.25, 0.6);

const sceneWith = (
  drawing: Partial<SimilarityDrawing> = {},
  result: Partial<SimilarityResult> = {},
): Scene<SimilarityParams, SimilarityDrawing, SimilarityResult> => ({
  looked: {
    passes: [passFacts(frame)],
    result: {
      features: { block: 4, facet: 'value' },
      query: { token: 0, patch: { row: 0, column: 0 } },
      asked: [{ row: 0, column: 0 }],
      isAsked: true,
      rows: 2,
      columns: 3,
      map,
      range: { min: -0.25, max: 1 },
      askedRange: { min: -0.25, max: 1 },
      best: { patch: { row: 0, column: 1 }, cosine: 0.75 },
      ...result,
    },
  },
  params: { ...similarityContract.params.defaults, patch: { row: 0, column: 0 } },
  drawing: { ...similarityContract.drawing.defaults, ...drawing },
  shared: sharedDrawing.defaults,
});

describe('the colours', () => {
  const other = { isAsked: false, range: { min: 0.1, max: 0.4 } };

  it.each<[SimilarityDrawing['scale'], { min: number; max: number }]>([
    ['asked', { min: -0.25, max: 1 }],
    ['own', { min: 0.1, max: 0.4 }],
    ['fixed', { min: 0, max: 1 }],
  ])('run over %s', (scale, range) => {
    const layers = similarityView.layers(sceneWith({ scale }, other));
    expect(layers).toMatchObject([{ kind: 'scalar', map, range }]);
  });
});

describe('the mask', () => {
  it('keeps what is more alike, is the same array each time, and is told to others', () => {
    const scene = sceneWith({ style: 'mask', above: 50 });
    const [veil, outline] = similarityView.layers(scene);
    expect(veil).toMatchObject({ kind: 'veil', share: 1, map: Float32Array.of(1, 1, 0, 0, 0, 1) });
    expect(outline).toMatchObject({ kind: 'outline' });
    const [again] = similarityView.layers(scene);
    expect(again?.kind === 'veil' && veil?.kind === 'veil' && again.map === veil.map).toBe(true);
    const [found] = similarityView.found?.(scene) ?? [];
    expect(Array.from(found?.values ?? [])).toEqual([1, 1, 0, 0, 0, 1]);
    // The largest part: the two patches of the first row. A patch is 40 × 30 px.
    expect(found?.box).toEqual({ left: 0, top: 0, width: 80, height: 30 });
  });

  it('is not told where the map is drawn', () => {
    expect(similarityView.found?.(sceneWith())).toEqual([]);
  });
});

describe('the words', () => {
  it('name what is asked, and of which photograph', () => {
    expect(similarityView.describe(sceneWith())).toBe(
      'How alike the patches are to patch (row 1, column 1): cosines of values of block 4.',
    );
    expect(similarityView.describe(sceneWith({ style: 'mask', above: 20 }, { isAsked: false }))).toBe(
      'How alike the patches are to patch (row 1, column 1) of another photograph: cosines of values of block 4. ' +
        '5 of 6 patches are above 0.20.',
    );
    const asked = [0, 1].map((column) => ({ row: 1, column }));
    const several = sceneWith({}, { asked, query: { token: 0, patch: null } });
    expect(similarityView.describe(several)).toContain('2 patches together');
    // Several asked patches are outlined, on the photograph that they are of.
    expect(similarityView.layers(several).at(-1)).toMatchObject({
      kind: 'outline',
      map: Float32Array.of(0, 0, 0, 1, 1, 0),
    });
  });
});

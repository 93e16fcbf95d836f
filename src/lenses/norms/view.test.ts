import { describe, expect, it, vi } from 'vitest';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts, someModel } from '../../testing/looks.ts';
import type { PanelProps, Scene } from '../lens-view.ts';
import { normsContract, type NormsDrawing, type NormsParams, type NormsResult } from './contract.ts';
import { normsView } from './view.tsx';

const frame = frameOfGrid(1, 4);
const map = Float32Array.of(10, 12, 11, 120.4);

const sceneWith = (result: Partial<NormsResult> = {}): Scene<NormsParams, NormsDrawing, NormsResult> => ({
  looked: {
    passes: [passFacts(frame)],
    result: {
      block: 2,
      depth: 3,
      isAfterFinalNorm: false,
      rows: 1,
      columns: 4,
      map,
      specialNorms: Float32Array.of(25.04),
      min: 10,
      median: 11.5,
      max: 120.4,
      outliers: 1,
      ...result,
    },
  },
  params: normsContract.params.defaults,
  drawing: normsContract.drawing.defaults,
  shared: sharedDrawing.defaults,
});

describe('words', () => {
  it('say which tokens, and how many are outliers', () => {
    expect(normsView.describe(sceneWith())).toBe(
      'The L2 norm of each patch’s token after block 3, before the final norm. ' +
        '1 of 4 patches (25\u00a0%) are longer than 2 times the median, 11.5.',
    );
  });

  it.each([
    [{}, 'Block 3, before the final norm'],
    [{ isAfterFinalNorm: true }, 'Block 3, after the final norm'],
    [{ block: 0 }, 'Block 1'],
  ])('call the picture of %o %s', (result, title) => {
    expect(normsView.title(sceneWith(result))).toBe(title);
  });

  it('give the numbers, and those of registers where there are some', () => {
    const numbers = (result: Partial<NormsResult> = {}) =>
      normsView.facts(sceneWith(result)).map(([name, value]) => `${name} ${value}`);
    const ofPatches = ['Smallest norm 10', 'Median norm 11.5', 'Largest norm 120', 'Outliers 25\u00a0%'];
    expect(numbers()).toEqual([...ofPatches, 'Norm of CLS 25']);
    expect(numbers({ specialNorms: Float32Array.of(25.04, 3, 4) })).toEqual([
      ...ofPatches,
      'Norm of CLS 25',
      'Norms of registers 3, 4',
    ]);
  });
});

it('is drawn in colours over the photograph, patch by patch, between its own smallest and largest value', () => {
  expect(normsView.layers(sceneWith())).toEqual([
    { kind: 'scalar', frame, map, colours: 'inferno', range: null, smooth: false, opacity: 0.75 },
  ]);
});

describe('keys', () => {
  const press = (key: string, params: Partial<NormsParams>): unknown => {
    const changeParams = vi.fn<(change: Partial<NormsParams>) => void>();
    const props: PanelProps<NormsParams, NormsDrawing, NormsResult> = {
      scene: null,
      params: { ...normsContract.params.defaults, ...params },
      drawing: normsContract.drawing.defaults,
      shared: sharedDrawing.defaults,
      model: { ...someModel, depth: 3 },
      changeParams,
      changeDrawing: () => expect.unreachable('a key asks for other tokens'),
      changeShared: () => expect.unreachable('a key asks for other tokens'),
    };
    const command = normsView.commands.find(({ keys }) => keys.includes(key));
    (command ?? expect.unreachable(`nothing on ${key}`)).run(key, props);
    return changeParams.mock.calls.at(-1)?.[0];
  };

  it.each<[string, Partial<NormsParams>, Partial<NormsParams>]>([
    [',', {}, { block: 2 }],
    [',', { block: 1 }, { block: 1 }],
    ['.', { block: 1 }, { block: 2 }],
    ['.', { block: 2 }, { block: 'last' }],
    ['.', {}, { block: 'last' }],
    ['n', {}, { finalNorm: 'after' }],
    ['n', { finalNorm: 'after' }, { finalNorm: 'before' }],
  ])('%s with %o asks for %o', (key, params, change) => {
    expect(press(key, params)).toEqual(change);
  });
});

import { describe, expect, it } from 'vitest';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts } from '../../testing/looks.ts';
import type { Scene } from '../lens-view.ts';
import {
  correspondencesContract,
  type CorrespondencesDrawing,
  type CorrespondencesParams,
  type CorrespondencesResult,
} from './contract.ts';
import { correspondencesView } from './view.tsx';

const [first, second] = [frameOfGrid(2, 3), frameOfGrid(3, 4)];

const pairs = [0, 1].map((column) => ({
  first: { row: 0, column, x: 20 + 40 * column, y: 15 },
  second: { row: 2, column, x: 15 + 30 * column, y: 50 },
  cosine: 0.5 + column / 4,
  saliency: 0.9 - column / 2,
}));

const sceneWith = (
  result: Partial<CorrespondencesResult> = {},
  drawing: Partial<CorrespondencesDrawing> = {},
  photographs = 2,
): Scene<CorrespondencesParams, CorrespondencesDrawing, CorrespondencesResult> => ({
  looked: {
    passes: [passFacts(first), passFacts(second)].slice(0, photographs),
    result: {
      features: { block: 4, facet: 'value' },
      found: { mutual: 5, salient: 3 },
      pairs,
      ...result,
    },
  },
  params: correspondencesContract.params.defaults,
  drawing: { ...correspondencesContract.drawing.defaults, ...drawing },
  shared: sharedDrawing.defaults,
});

const alone = sceneWith({ found: null, pairs: [] }, {}, 1);

describe('the second photograph', () => {
  it('is shown with numbered ends in colours of their own', () => {
    const beside = correspondencesView.beside?.(sceneWith()) ?? expect.unreachable('there are two');
    expect(beside.frame).toBe(second);
    expect(beside.links.map(({ label }) => label)).toEqual(['1', '2']);
    expect(beside.links.map((link) => link.first)).toMatchObject([
      { x: 20, y: 15 },
      { x: 60, y: 15 },
    ]);
    expect(beside.links.map((link) => link.second)).toMatchObject([
      { x: 15, y: 50 },
      { x: 45, y: 50 },
    ]);
    expect(beside.links[0]?.colour).not.toEqual(beside.links[1]?.colour);
    expect(beside.lineOpacity).toBe(sharedDrawing.defaults.opacityPercent / 100);
    expect(correspondencesView.beside?.(sceneWith({}, { lines: false }))?.lineOpacity).toBe(0);
  });

  it('is missing where there is none', () => {
    expect(correspondencesView.beside?.(alone)).toBeNull();
    expect(correspondencesView.describe(alone)).toBe('It takes a second photograph: add one.');
  });
});

describe('the words', () => {
  it('say how many pairs there are and how many are shown', () => {
    expect(correspondencesView.title(sceneWith())).toBe('2 pairs');
    expect(correspondencesView.describe(sceneWith())).toBe(
      '5 pairs of patches are each other’s nearest by the values of block 4, 3 of them where CLS looks in both ' +
        '(above 5\u00a0% of its attention’s range). 2 pairs shown.',
    );
    expect(correspondencesView.facts(sceneWith())).toContainEqual(['Mean cosine', '0.63', 'Of those shown.']);
    expect(correspondencesView.describe(sceneWith({ pairs: [] }))).toMatch(/None is shown\.$/);
  });
});

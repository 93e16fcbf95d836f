import { expect, test } from 'vitest';
import { firstLens } from '../../lenses/contracts.ts';
import { hashOfScreen, readAddress, screenOfHash } from './address.ts';

const read = (query: string, hash = '') => readAddress(new URLSearchParams(query), hash);

test('an address that says nothing opens the first lens as it is otherwise', () => {
  const { lens, params } = read('');
  expect(lens).toBe(firstLens);
  expect(params.rollout).toMatchObject({ fusion: 'mean', discard: 0 });
});

test('names a lens and tells it its parameters, and no other lens', () => {
  const { lens, params } = read('lens=rollout&fusion=max&discard=0.5&block=3');
  expect(lens).toBe('rollout');
  expect(params.rollout).toMatchObject({ fusion: 'max', discard: 0.5 });
  expect(params.heads).toMatchObject({ block: 'last' });
});

test('what is no lens, or no value, is passed over', () => {
  expect(read('lens=nonsense').lens).toBe(firstLens);
  expect(read('lens=rollout&fusion=median&discard=7').params.rollout).toMatchObject({
    fusion: 'mean',
    discard: 0,
  });
});

test('the screen "Recognise" is in the address; another hash says nothing about the screen', () => {
  expect(read('', '#recognise').screen).toBe('recognise');
  expect(read('', '#content').screen).toBe('viewer');
  expect(screenOfHash('#content')).toBeNull();
  expect(screenOfHash('')).toBe('viewer');
  expect((['viewer', 'training', 'recognise'] as const).map(hashOfScreen)).toEqual(['', '', '#recognise']);
});

import { expect, test } from 'vitest';
import { embeddedModelId } from '../../core/embedded-model.ts';
import { parseServedModels } from './served-models.ts';

test('what a models.json lists is offered; what is no entry, a path, or the embedded model is passed over', () => {
  const good = { id: 'dino-s16', title: 'DINO', bytes: 43_331_328 };
  expect(
    parseServedModels({
      models: [
        good,
        { id: 'no-size', title: 'Of unknown size' },
        { ...good, id: '../elsewhere' },
        { ...good, id: embeddedModelId },
        { id: 'untitled' },
        'text',
        null,
      ],
    }),
  ).toEqual([
    { id: 'dino-s16', title: 'DINO', byteLength: 43_331_328 },
    { id: 'no-size', title: 'Of unknown size', byteLength: null },
  ]);
  for (const nothing of [null, [], 'text', {}, { models: 'text' }])
    expect(parseServedModels(nothing)).toEqual([]);
});

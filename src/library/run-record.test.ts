import { expect, test } from 'vitest';
import { officialConfiguration } from '../core/hyper-parameters.ts';
import { parseRunRecord } from './run-record.ts';

const intervals = { saveEvery: 25, mapsEvery: 5 };
const record = {
  version: 1,
  generation: 3,
  title: 'Collapse in a minute',
  modelTitle: 'from scratch',
  configuration: officialConfiguration,
  step: 7,
  photographs: [{ name: 'a.jpg', height: 1, width: 2 }],
  pinned: 0,
  switches: [{ step: 1, centring: true, sharpening: true }],
  startedAt: '2026-11-23T08:00:00.000Z',
  savedAt: '2026-11-23T09:00:00.000Z',
  mapShape: [3, 4, 5],
  files: { 'state.safetensors': 100 },
};

test('a record is read field by field', () => {
  expect(parseRunRecord({ ...record, intervals })).toEqual({ ...record, intervals });
});

test('a record with the earlier name of its intervals is read, too', () => {
  expect(parseRunRecord({ ...record, rhythm: intervals })).toEqual({ ...record, intervals });
});

test.each([undefined, null, {}, { saveEvery: 0, mapsEvery: 5 }, { saveEvery: 25, mapsEvery: 1.5 }])(
  'intervals that cannot be are refused: %o',
  (wrong) => {
    expect(parseRunRecord({ ...record, intervals: wrong })).toBeNull();
  },
);

import { expect, it } from 'vitest';
import { shallow } from 'zustand/shallow';
import { frameOfGrid, lookedAtHeads, someBackend, someModel } from '../../testing/looks.ts';
import { keyOfGrid } from '../engine/masks.ts';
import { createAppStore } from '../state/app-store.ts';
import { plainLook } from '../state/looks.ts';
import { chosenModel } from '../state/model-choice.ts';
import type { PhotoMask } from '../state/photo.ts';
import { parseSettings } from '../state/settings.ts';
import {
  csvOf,
  describeSettings,
  meansOf,
  scoreRowsOf,
  scoreStateOf,
  settingsInWords,
} from './score-rows.ts';

const frame = frameOfGrid(1, 2);

/** Half of the photograph is the object: the right patch, of 10 pixels each. */
const mask = (name: string, isCounted: boolean): PhotoMask => ({
  id: name,
  name,
  blob: new Blob(),
  facts: {
    count: 1,
    borderShare: 0.25,
    boxes: [{ top: 0, left: 60, height: 60, width: 60 }],
    outline: { rows: 1, columns: 1, values: Float32Array.of(1) },
  },
  counts: isCounted
    ? new Map([
        [
          keyOfGrid(frame),
          { rows: 1, columns: 2, count: 1, cells: Uint16Array.of(10, 0, 0, 10), sizes: [10, 10] },
        ],
      ])
    : new Map(),
});

/** Four photographs; the first three have masks, and of these two were looked at, one of which is counted. */
function setUp() {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 96 });
  const { addPhotos, setMask, setUsedModel, addOutcomes, changeDrawing } = store.getState();
  const used = chosenModel({ kind: 'served', id: 'nano' }, { kind: 'tfjs', url: 'model.json' });
  setUsedModel({ ...used, description: someModel });
  addPhotos(
    ['a, "b".jpg', 'c.jpg', 'd.jpg', 'e.jpg'].map((name) => ({
      name,
      alt: null,
      credit: null,
      blob: new Blob(),
    })),
    true,
  );
  const [first = '', second = '', third = ''] = store.getState().order;
  setMask(first, mask('a.png', true));
  setMask(second, mask('c.png', false));
  setMask(third, mask('d.png', true));
  for (const id of [first, second]) {
    const photo = store.getState().photos[id] ?? expect.unreachable('no photograph');
    const look = plainLook(store.getState(), photo) ?? expect.unreachable('no look');
    const looked = lookedAtHeads({ rows: 1, columns: 2 });
    addOutcomes([{ look, looked, model: someModel, backend: someBackend, byteLength: 1 }]);
  }
  changeDrawing({ mass: 50 });
  return store;
}

it('rows have scores, or what is missing; photographs without a mask have none', () => {
  const rows = scoreRowsOf(setUp().getState());
  expect(rows.map(({ photograph, comparison }) => [photograph, comparison?.status ?? null])).toEqual([
    ['a, "b".jpg', 'scored'],
    ['c.jpg', 'counting'],
    ['d.jpg', null],
  ]);
  // Maps of 0.001, 0.002 and 0.003, 0.004: half of the mass is in the right patch of both heads.
  expect(rows[0]?.comparison).toEqual({
    status: 'scored',
    scores: {
      masks: 2,
      first: { title: 'Head 1', jaccard: 1, overlap: 1 },
      best: { title: 'Head 1', jaccard: 1, overlap: 1 },
    },
  });
  expect(meansOf(rows)).toEqual({
    scored: 1,
    bestJaccard: 1,
    firstJaccard: 1,
    overlap: 1,
    found: 1,
    border: 0.25,
  });
  expect(meansOf(rows.slice(1))).toBeNull();
});

it('a heat map has no mask to score', () => {
  const store = setUp();
  store.getState().changeDrawing({ view: 0, style: 'heat' });
  expect(scoreRowsOf(store.getState())[0]?.comparison).toEqual({ status: 'no-mask' });
});

it('settings that differ are another look', () => {
  const store = setUp();
  store.getState().changeParams({ block: 1 });
  expect(scoreRowsOf(store.getState())[0]?.comparison).toBeNull();
  expect(describeSettings(store.getState())).toBe('block 1, token 0, mass 50');
  store.getState().changeDrawing({ mass: 60 });
  expect(describeSettings(store.getState())).toBe('block 1, token 0, mass 60');
  store.getState().setLens('objects');
  expect(describeSettings(store.getState())).toMatch(
    /^method tokencut, block best, facet best, threshold 0\.2/,
  );
});

it('the head of the table says the settings in words, and only what is not usual', () => {
  const store = setUp();
  const words = () => settingsInWords(store.getState());
  expect(words()).toBe('masks keep 50 %');
  store.getState().changeParams({ block: 1 });
  store.getState().setFraming({ ...store.getState().framing, overlap: 2 });
  expect(words()).toBe('block 1, masks keep 50 %, patches overlap by a half');
  store.getState().setLens('objects');
  expect(words()).toBe('patches overlap by a half');
});

it('what has nothing to do with the scores redraws no row', () => {
  const store = setUp();
  const before = scoreStateOf(store.getState());
  const { announce, say, setPointed, setDetailsOpen } = store.getState();
  announce('x');
  say('y');
  setPointed({ photo: 'photo-1', point: { x: 0, y: 0 } });
  setDetailsOpen(true);
  expect(shallow(scoreStateOf(store.getState()), before)).toBe(true);
  store.getState().changeDrawing({ mass: 61 });
  expect(shallow(scoreStateOf(store.getState()), before)).toBe(false);
});

it('the file has every row, with quotes where names need them', () => {
  const store = setUp();
  const source = { lens: 'Heads', settings: 'block last, mass 50', model: 'Nano', look: store.getState() };
  expect(csvOf(scoreRowsOf(store.getState()), source).split('\r\n')).toEqual([
    'photograph,mask,lens,settings,model,side_px,masks,best_mask,best_jaccard,first_mask,first_jaccard,first_box_iou,border_share',
    '"a, ""b"".jpg",a.png,Heads,"block last, mass 50",Nano,96,2,Head 1,1.000000,Head 1,1.000000,1.000000,0.250000',
    'c.jpg,c.png,Heads,"block last, mass 50",Nano,96,,,,,,,0.250000',
    'd.jpg,d.png,Heads,"block last, mass 50",Nano,96,,,,,,,0.250000',
    '',
  ]);
});

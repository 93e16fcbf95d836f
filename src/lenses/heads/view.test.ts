import { describe, expect, it, vi } from 'vitest';
import { headColours } from '../../render/head-colours.ts';
import { headLayers, type HeadDrawing } from '../../render/head-layers.ts';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { frameOfGrid, passFacts, someModel } from '../../testing/looks.ts';
import type { PanelProps, Scene } from '../lens-view.ts';
import { headsContract, type HeadsParams, type HeadsResult } from './contract.ts';
import { headsView } from './view.tsx';

type HeadsScene = Scene<HeadsParams, HeadDrawing, HeadsResult>;

const frame = frameOfGrid(1, 4);
// 80 % of head 1 lies on two patches, 60 % of head 2 on one; the mean's two largest hold 0.5 of 0.9.
const maps = Float32Array.of(0.5, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5);

const sceneWith = (
  change: Partial<HeadDrawing> = {},
  result: Partial<HeadsResult> = {},
  params: Partial<HeadsParams> = {},
): HeadsScene => ({
  looked: {
    passes: [passFacts(frame)],
    result: {
      block: 1,
      query: { token: 0, patch: null },
      numHeads: 2,
      numRegisters: 0,
      rows: 1,
      columns: 4,
      maps,
      specialShares: Float32Array.of(0.02, 0.3),
      lookMs: 1,
      ...result,
    },
  },
  params: { ...headsContract.params.defaults, ...params },
  drawing: { ...headsContract.drawing.defaults, ...change },
  shared: sharedDrawing.defaults,
});

const withRegister = { numRegisters: 1, specialShares: Float32Array.of(0.1, 0.2, 0.3, 0.4) };

describe('the sentence', () => {
  it.each<[string, HeadsScene, string]>([
    ['all heads', sceneWith(), 'Each colour is a head, where 60\u00a0% of its attention lies.'],
    [
      'some heads, patch by patch',
      sceneWith({ hidden: [1, 7], smooth: false }),
      'Each colour is a head, where 60\u00a0% of its attention lies. 1 of 2 heads are shown.',
    ],
    ['a head', sceneWith({ view: 0 }), 'Head 1: 60\u00a0% of its attention lies on 2 of 4 patches.'],
    [
      'a head’s mask',
      sceneWith({ view: 1, style: 'mask', mass: 50 }),
      'Head 2: 50\u00a0% of its attention lies on 1 of 4 patches.',
    ],
    [
      'the mean',
      sceneWith({ view: 'mean', mass: 20 }),
      'The mean over 2 heads: 20\u00a0% of its attention lies on 1 of 4 patches.',
    ],
    [
      'CLS beside registers',
      sceneWith({ view: 0 }, withRegister),
      'What CLS looks at. Head 1: 60\u00a0% of its attention lies on 2 of 4 patches.',
    ],
    [
      'a register',
      sceneWith({ view: 0 }, { ...withRegister, query: { token: 1, patch: null } }),
      'What register 1 looks at. Head 1: 60\u00a0% of its attention lies on 2 of 4 patches.',
    ],
    [
      'a patch in a block that was chosen',
      sceneWith({ view: 0 }, { query: { token: 0, patch: { row: 0, column: 2 } }, block: 0 }, { block: 1 }),
      'What patch (row 1, column 3) looks at in block 1. Head 1: 60\u00a0% of its attention lies on 2 of 4 patches.',
    ],
    [
      'a head that this network has not',
      sceneWith({ view: 5, smooth: false }),
      'Each colour is a head, where 60\u00a0% of its attention lies.',
    ],
  ])('of %s', (_, scene, sentence) => {
    expect(headsView.describe(scene)).toBe(sentence);
  });
});

describe('the facts', () => {
  it('say what CLS gives to itself, in all and in each head', () => {
    expect(headsView.facts(sceneWith())).toEqual([
      [
        'Attention on itself',
        '16\u00a0%',
        'The share of CLS’s attention that is on no map. Head 1: 2.0\u00a0%, Head 2: 30\u00a0%',
      ],
    ]);
  });

  it('say what goes to CLS and to registers', () => {
    const patch = { ...withRegister, query: { token: 0, patch: { row: 0, column: 1 } } };
    expect(headsView.facts(sceneWith({}, patch))).toEqual([
      [
        'Attention on CLS',
        '20\u00a0%',
        'The share of the patch’s attention that is on no map. Head 1: 10\u00a0%, Head 2: 30\u00a0%',
      ],
      [
        'Attention on registers',
        '30\u00a0%',
        'The share of the patch’s attention that is on no map. Head 1: 20\u00a0%, Head 2: 40\u00a0%',
      ],
    ]);
    const register = { ...withRegister, query: { token: 1, patch: null } };
    expect(
      headsView.facts(sceneWith({}, register)).map(([name, , why]) => [name, why?.slice(0, 29)]),
    ).toEqual([
      ['Attention on CLS', 'The share of the register’s a'],
      ['Attention on registers', 'The share of the register’s a'],
    ]);
  });
});

describe('the title', () => {
  it.each([
    ['all', 'All heads'],
    ['mean', 'Mean'],
    [1, 'Head 2'],
    // The network does not have this head.
    [2, 'All heads'],
  ] as const)('of %s is %s', (view, title) => {
    expect(headsView.title(sceneWith({ view }))).toBe(title);
  });
});

describe('the tiles', () => {
  const shown = (scene: HeadsScene | null, drawing: HeadDrawing, numHeads = 3) =>
    headsView.tiles(scene, drawing, { numHeads, depth: 2 });

  it('are all heads, their mean, and each of them as it would be drawn', () => {
    const scene = sceneWith({ view: 1, style: 'mask' });
    const tiles = shown(scene, scene.drawing);
    expect(tiles.map(({ id, title, change, isShown }) => ({ id, title, change, isShown }))).toEqual([
      { id: 'all', title: 'All heads', change: { view: 'all' }, isShown: false },
      { id: 'mean', title: 'Mean', change: { view: 'mean' }, isShown: false },
      { id: '0', title: 'Head 1', change: { view: 0 }, isShown: false },
      { id: '1', title: 'Head 2', change: { view: 1 }, isShown: true },
    ]);
    expect(tiles.map(({ chip }) => chip)).toEqual([
      headColours(2),
      [[255, 255, 255]],
      ...headColours(2).map((colour) => [colour]),
    ]);
    for (const { change, layers } of tiles)
      expect(layers).toEqual(headsView.layers({ ...scene, drawing: { ...scene.drawing, ...change } }));
  });

  it('have no picture until there is a result, and as many heads as the model', () => {
    const tiles = shown(null, sceneWith({ view: 2 }).drawing);
    expect(tiles.map(({ title, isShown }) => [title, isShown])).toEqual([
      ['All heads', false],
      ['Mean', false],
      ['Head 1', false],
      ['Head 2', false],
      ['Head 3', true],
    ]);
    expect(tiles.every(({ layers }) => layers.length === 0)).toBe(true);
  });

  it('show all heads where one was chosen that the result has not', () => {
    const scene = sceneWith({ view: 2 });
    expect(shown(scene, scene.drawing).find(({ isShown }) => isShown)?.id).toBe('all');
  });
});

it('draws the heads on the frame of its photograph', () => {
  const scene = sceneWith({ view: 0, heatContour: true });
  expect(headsView.layers(scene)).toEqual(
    headLayers(frame, scene.looked.result, scene.drawing, scene.shared),
  );
  expect(headsView.layers(scene)).toHaveLength(2);
});

describe('the masks that it hands on', () => {
  const found = (change: Partial<HeadDrawing>) =>
    headsView
      .found?.(sceneWith(change))
      .map(({ title, values, box }) => ({ title, values: Array.from(values), box }));
  // Each patch is 30 px wide and 60 px high.
  const first = { title: 'Head 1', values: [1, 1, 0, 0], box: { top: 0, left: 0, height: 60, width: 60 } };
  const second = { title: 'Head 2', values: [0, 0, 0, 1], box: { top: 0, left: 90, height: 60, width: 30 } };

  it('are those of the shown heads, patch by patch', () => {
    expect(found({})).toEqual([first, second]);
    expect(found({ hidden: [0] })).toEqual([second]);
    expect(found({ view: 0, style: 'mask' })).toEqual([first]);
    expect(found({ view: 1, heatContour: true })).toEqual([second]);
  });

  it('are none on a heat map without its edge', () => {
    expect(found({ view: 0 })).toEqual([]);
  });

  it('have the box of their largest part', () => {
    // The mean is 0.3, 0.2, 0.1, 0.3: 80 % of it are the first two and the last.
    expect(found({ view: 'mean', style: 'mask', mass: 80 })).toEqual([
      { title: 'Mean', values: [1, 1, 0, 1], box: { top: 0, left: 0, height: 60, width: 60 } },
    ]);
  });
});

describe('the keys', () => {
  const press = (key: string, drawing: Partial<HeadDrawing> = {}): unknown => {
    const changeDrawing = vi.fn<(change: Partial<HeadDrawing>) => void>();
    const scene = sceneWith(drawing);
    const props: PanelProps<HeadsParams, HeadDrawing, HeadsResult> = {
      scene,
      params: scene.params,
      drawing: scene.drawing,
      shared: scene.shared,
      model: someModel,
      changeParams: () => expect.unreachable('a key only draws differently'),
      changeDrawing,
      changeShared: () => expect.unreachable('a key draws this lens differently'),
    };
    const command = headsView.commands.find(({ keys }) => keys.includes(key));
    (command ?? expect.unreachable(`nothing on ${key}`)).run(key, props);
    return changeDrawing.mock.calls.at(-1)?.[0];
  };

  it.each<[string, Partial<HeadDrawing>, Partial<HeadDrawing> | undefined]>([
    ['0', {}, { view: 'all' }],
    ['a', {}, { view: 'all' }],
    ['e', {}, { view: 'mean' }],
    ['1', {}, { view: 0 }],
    ['2', {}, { view: 1 }],
    // The model has two heads.
    ['3', {}, undefined],
    ['h', {}, { style: 'heat' }],
    ['k', {}, { style: 'mask' }],
    ['[', {}, { mass: 55 }],
    [']', {}, { mass: 65 }],
    ['[', { mass: 3 }, { mass: 1 }],
    [']', { mass: 97 }, { mass: 99 }],
  ])('%s with %o changes %o', (key, drawing, change) => {
    expect(press(key, drawing)).toEqual(change);
  });
});

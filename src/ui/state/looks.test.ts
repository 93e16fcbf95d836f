import { describe, expect, it } from 'vitest';
import { contractOf } from '../../lenses/contracts.ts';
import type { Query } from '../../lenses/lens-contract.ts';
import { frameOfGrid, lookedAtHeads, someBackend, someModel } from '../../testing/looks.ts';
import { createAppStore } from './app-store.ts';
import {
  bytesIn,
  keyOfLook,
  otherSide,
  plainLook,
  shownOutcome,
  requestedLook,
  withOutcomes,
  type Look,
  type Outcome,
  type Outcomes,
} from './looks.ts';
import { chosenModel } from './model-choice.ts';
import { outlineOfPatches, pickedWithin, pointOf } from './photo-point.ts';
import { parseSettings } from './settings.ts';

const framing = { shape: 'photograph', sidePx: 320 } as const;
const grid = frameOfGrid(6, 12);

const look: Look = {
  lens: 'heads',
  params: { ...contractOf('heads').params.defaults },
  photo: 'photo-1',
  of: [],
  model: 'nano',
  framing,
};

const outcomeOf = (of: Look, byteLength = 1000, on = grid): Outcome => ({
  look: of,
  looked: lookedAtHeads(on),
  model: someModel,
  backend: someBackend,
  byteLength,
});

const usedModel = (id: string) => ({
  ...chosenModel({ kind: 'served', id }, { kind: 'tfjs', url: `models/${id}/model.json` }),
  description: { ...someModel, id },
});

/** A page with `photographs` photographs, the first one selected, and a model. */
function setUp(photographs = 1) {
  const store = createAppStore(parseSettings(null), framing);
  const actions = store.getState();
  actions.setUsedModel(usedModel('nano'));
  actions.addPhotos(
    Array.from({ length: photographs }, (_, i) => ({
      name: `p${i}`,
      alt: null,
      credit: null,
      blob: new Blob(),
    })),
    true,
  );
  const photo = (id = 'photo-1') => store.getState().photos[id] ?? expect.unreachable('it is gone');
  const requested = () => requestedLook(store.getState(), photo());
  return {
    store,
    actions,
    photo,
    requested,
    shown: () => shownOutcome(store.getState(), photo()),
    isOpen: () => {
      const open = requested();
      return open !== null && !store.getState().outcomes.has(keyOfLook(open));
    },
    /** Answers the requested look. */
    answer: (on = grid) => {
      const outcome = outcomeOf(requested() ?? expect.unreachable('nothing is requested'), 1000, on);
      actions.addOutcomes([outcome]);
      return outcome;
    },
  };
}

describe('the key of a look', () => {
  it.each<[string, Partial<Look>]>([
    ['photograph', { photo: 'photo-2' }],
    ['model', { model: 'other' }],
    ['size', { framing: { ...framing, sidePx: 480 } }],
    ['overlap', { framing: { ...framing, overlap: 2 } }],
    ['shape', { framing: { ...framing, shape: 'square' } }],
    ['block', { params: { ...look.params, block: 1 } }],
    ['register', { params: { ...look.params, token: 1 } }],
    ['patch', { params: { ...look.params, patch: { row: 1, column: 2 } } }],
  ])('is another for another %s', (_, change) => {
    expect(keyOfLook({ ...look, ...change })).not.toBe(keyOfLook(look));
  });

  it('is the same for the same, however it was written down', () => {
    const params = { patch: { column: 2, row: 1 }, token: 0, block: 'last' };
    const same = {
      framing: { overlap: 1, sidePx: 320, shape: 'photograph' },
      model: 'nano',
      photo: 'photo-1',
      of: [],
      params,
    };
    expect(keyOfLook({ ...same, lens: 'heads' } as Look)).toBe(
      keyOfLook({ ...look, params: { ...look.params, patch: { row: 1, column: 2 } } }),
    );
  });
});

describe('what is requested', () => {
  it('is nothing while there is no model', () => {
    const store = createAppStore(parseSettings(null), framing);
    store.getState().addPhotos([{ name: 'a', alt: null, credit: null, blob: new Blob() }], true);
    const [photo] = Object.values(store.getState().photos);
    if (photo === undefined) expect.unreachable('it was added');
    expect(plainLook(store.getState(), photo)).toBeNull();
    expect(requestedLook(store.getState(), photo)).toBeNull();
  });

  it('is the lens, its parameters, the token, the model and the framing of now', () => {
    const { actions, requested } = setUp();
    expect(requested()).toEqual({ ...look, model: usedModel('nano').key });
    actions.changeParams({ block: 2 });
    actions.setToken(1);
    actions.setFraming({ shape: 'square', sidePx: 96 });
    actions.setUsedModel(usedModel('other'));
    expect(requested()).toEqual({
      lens: 'heads',
      params: { block: 2, token: 1, patch: null },
      of: [],
      photo: 'photo-1',
      model: usedModel('other').key,
      framing: { shape: 'square', sidePx: 96 },
    });
  });

  it('has patches overlap as far as the model’s can be divided, and farther with another model', () => {
    const { actions, requested, answer } = setUp();
    const ofSide = (id: string, patchSizePx: number) => {
      const used = usedModel(id);
      return { ...used, description: { ...used.description, patchSizePx } };
    };
    actions.setFraming({ ...framing, overlap: 4 });
    actions.setUsedModel(ofSide('fourteen', 14));
    expect(requested()?.framing).toEqual({ ...framing, overlap: 2 });
    answer();
    actions.pickPoint('photo-1', pointOf({ row: 3, column: 6 }, grid));
    expect(requested()?.params).toMatchObject({ patch: { row: 3, column: 6 } });
    actions.pickPoint('photo-1', null);
    actions.setUsedModel(ofSide('seven', 7));
    expect(requested()?.framing).toEqual({ ...framing, overlap: 1 });
    actions.setUsedModel(ofSide('sixteen', 16));
    expect(requested()?.framing).toEqual({ ...framing, overlap: 4 });
  });

  it('is the patch under the picked point, once it is known where the patches lie', () => {
    const { actions, store, photo, requested, answer } = setUp();
    actions.pickPoint('photo-1', pointOf({ row: 3, column: 6 }, grid));
    expect(requested()).toBeNull();
    actions.addOutcomes([outcomeOf(plainLook(store.getState(), photo()) ?? expect.unreachable('no model'))]);
    expect(requested()?.params).toMatchObject({ patch: { row: 3, column: 6 } });
    answer();
    // With another size or model the patches of the last result no longer apply.
    actions.setFraming({ ...framing, sidePx: 640 });
    expect(requested()).toBeNull();
    actions.setFraming({ ...framing });
    expect(requested()).not.toBeNull();
    actions.setUsedModel(usedModel('other'));
    expect(requested()).toBeNull();
  });

  it('keeps its place on a grid that is twice as fine', () => {
    const { actions, store, photo, requested, answer } = setUp();
    answer();
    actions.pickPoint('photo-1', pointOf({ row: 3, column: 6 }, grid));
    actions.setFraming({ ...framing, sidePx: 640 });
    const plain = plainLook(store.getState(), photo()) ?? expect.unreachable('no model');
    actions.addOutcomes([outcomeOf(plain, 1000, frameOfGrid(12, 24))]);
    expect(requested()?.params).toMatchObject({ patch: { row: 7, column: 13 } });
  });

  it('is a special token’s again where one is chosen while a patch is asked', () => {
    const { actions, requested, photo, answer } = setUp();
    answer();
    actions.pickPoint('photo-1', { x: 0.5, y: 0.5 });
    actions.setToken(2);
    expect(photo().point).toBeNull();
    expect(requested()?.params).toMatchObject({ token: 2, patch: null });
  });
});

describe('what is requested of a lens that asks all photographs', () => {
  function setUpSimilarity() {
    const all = setUp(3);
    const { actions, store, photo } = all;
    actions.setLens('similarity');
    for (const id of ['photo-1', 'photo-2', 'photo-3'])
      actions.addOutcomes([
        outcomeOf(plainLook(store.getState(), photo(id)) ?? expect.unreachable('no model')),
      ]);
    const of = (id: string) => requestedLook(store.getState(), photo(id));
    return { ...all, of };
  }

  it('is each one’s own CLS, until a patch is picked on one of them: then that patch, on all', () => {
    const { actions, of } = setUpSimilarity();
    expect(of('photo-2')).toMatchObject({ params: { patch: null, patches: [] }, of: [] });
    actions.pickPoint('photo-1', pointOf({ row: 3, column: 6 }, grid));
    for (const id of ['photo-1', 'photo-2', 'photo-3'])
      expect(of(id)).toMatchObject({ params: { patch: { row: 3, column: 6 } }, photo: id, of: ['photo-1'] });
    // The last one counts.
    actions.pickPoint('photo-3', pointOf({ row: 0, column: 1 }, grid));
    expect(of('photo-1')).toMatchObject({ params: { patch: { row: 0, column: 1 } }, of: ['photo-3'] });
    actions.pickPoint('photo-3', null);
    expect(of('photo-1')).toMatchObject({ params: { patch: null }, of: [] });
  });

  it('is the patch under the pointer, but not while one is picked', () => {
    const { actions, of } = setUpSimilarity();
    actions.setPointed({ photo: 'photo-2', point: pointOf({ row: 5, column: 0 }, grid) });
    expect(of('photo-1')).toMatchObject({ params: { patch: { row: 5, column: 0 } }, of: ['photo-2'] });
    actions.pickPoint('photo-1', pointOf({ row: 1, column: 1 }, grid));
    expect(of('photo-2')).toMatchObject({ params: { patch: { row: 1, column: 1 } }, of: ['photo-1'] });
    actions.setLens('heads');
    expect(of('photo-2')).toMatchObject({ params: { patch: null } });
  });

  it('is all patches within an outline, and through a lens that asks one the patch in its middle', () => {
    const { actions, of } = setUpSimilarity();
    const picked = pickedWithin(outlineOfPatches({ row: 2, column: 3 }, { row: 2, column: 5 }, grid));
    actions.pickPoint('photo-1', picked);
    const patches = [3, 4, 5].map((column) => ({ row: 2, column }));
    expect(of('photo-2')).toMatchObject({ params: { patch: null, patches }, of: ['photo-1'] });
    // It holds no middle of a patch.
    actions.pickPoint('photo-1', { x: 0.5, y: 0.5, outline: [{ x: 0.5, y: 0.5 }] });
    expect(of('photo-2')).toMatchObject({ params: { patch: { row: 3, column: 6 }, patches: [] } });
    actions.pickPoint('photo-1', picked);
    actions.setLens('heads');
    expect(of('photo-1')?.params).toEqual({
      ...contractOf('heads').params.defaults,
      patch: { row: 2, column: 4 },
    });
  });
});

describe('what is requested of a lens that looks at a pair', () => {
  it('is the photograph and the next one, or the one that was chosen', () => {
    const { actions, store, photo } = setUp(3);
    actions.setLens('correspondences');
    const of = (id: string) => requestedLook(store.getState(), photo(id))?.of;
    expect(of('photo-1')).toEqual(['photo-2']);
    expect(of('photo-3')).toEqual(['photo-1']);
    actions.choosePartner('photo-3');
    expect(of('photo-1')).toEqual(['photo-3']);
    // Not with itself.
    expect(of('photo-3')).toEqual(['photo-1']);
  });
});

describe('what is on view', () => {
  it('is nothing until something has been seen, then that, and while a new one is awaited still that', () => {
    const { actions, shown, isOpen, answer } = setUp();
    expect(shown()).toBeNull();
    expect(isOpen()).toBe(true);
    const first = answer();
    expect(shown()).toBe(first);
    expect(isOpen()).toBe(false);
    actions.changeParams({ block: 1 });
    expect(shown()).toBe(first);
    expect(isOpen()).toBe(true);
    const second = answer();
    expect(shown()).toBe(second);
    expect(isOpen()).toBe(false);
  });

  it('is the patch once it has answered, and the special token until then', () => {
    const { actions, shown, answer } = setUp();
    const plain = answer();
    actions.pickPoint('photo-1', { x: 0, y: 0.5 });
    expect(shown()).toBe(plain);
    const asked = answer();
    expect(shown()).toBe(asked);
    expect((asked.look.params as Query).patch).toEqual({ row: 3, column: 0 });
  });

  it('is at once what was seen before, where somebody goes back to it', () => {
    const { actions, shown, isOpen, answer } = setUp();
    const plain = answer();
    const goTo = [
      () => actions.changeParams({ block: 1 }),
      () => actions.pickPoint('photo-1', { x: 0.1, y: 0.1 }),
      () => actions.pickPoint('photo-1', { x: 0.9, y: 0.9 }),
    ];
    const seen = goTo.map((go) => {
      go();
      return answer();
    });
    actions.pickPoint('photo-1', { x: 0.1, y: 0.1 });
    expect(shown()).toBe(seen[1]);
    actions.pickPoint('photo-1', null);
    expect(shown()).toBe(seen[0]);
    actions.changeParams({ block: 'last' });
    expect(shown()).toBe(plain);
    actions.setUsedModel(usedModel('other'));
    // The other model's result is awaited.
    expect(isOpen()).toBe(true);
    const others = answer();
    expect(shown()).toBe(others);
    actions.setUsedModel(usedModel('nano'));
    expect(shown()).toBe(plain);
    expect(isOpen()).toBe(false);
  });

  it('is not what was seen of another photograph', () => {
    const { store, photo, answer } = setUp(2);
    answer();
    expect(shownOutcome(store.getState(), photo('photo-2'))).toBeNull();
  });
});

describe('what is kept', () => {
  const mebibytes = 1024 * 1024;
  const of = (photo: string, byteLength = 50 * mebibytes): Outcome =>
    outcomeOf({ ...look, photo }, byteLength);
  const keysOf = (outcomes: ReadonlyMap<string, Outcome>): string[] =>
    [...outcomes.values()].map(({ look: { photo } }) => photo);
  const kept = (added: readonly Outcome[], keep: readonly string[] = []): string[] => {
    const keys = new Set(keep.map((photo) => keyOfLook({ ...look, photo })));
    return keysOf(added.reduce<Outcomes>((outcomes, one) => withOutcomes(outcomes, [one], keys), new Map()));
  };

  it('is all, up to a number of bytes; then the oldest goes first', () => {
    expect(kept([of('a'), of('b')])).toEqual(['a', 'b']);
    expect(kept([of('a'), of('b'), of('c')])).toEqual(['b', 'c']);
    // An outcome that is added again counts as the newest.
    expect(kept([of('a'), of('b'), of('a'), of('c')])).toEqual(['a', 'c']);
  });

  it('is always what is on view, and what has just come, whatever it takes', () => {
    expect(kept([of('a'), of('b'), of('c')], ['a'])).toEqual(['a', 'c']);
    expect(kept([of('a'), of('b'), of('c')], ['a', 'b'])).toEqual(['a', 'b', 'c']);
    expect(kept([of('a'), of('b', 500 * mebibytes)])).toEqual(['b']);
  });

  it('is a list of its own: the one before stays as it was', () => {
    const before = withOutcomes(new Map(), [of('a')], new Set());
    withOutcomes(before, [of('b', 500 * mebibytes)], new Set());
    expect(keysOf(before)).toEqual(['a']);
  });

  it('is what the selected photograph shows while others are looked at, even an answer older than its last', () => {
    const { actions, store, shown, requested } = setUp(4);
    const ask = (x: number): Outcome => {
      actions.pickPoint('photo-1', { x, y: 0.1 });
      const outcome = outcomeOf(requested() ?? expect.unreachable('nothing is requested'), 40 * mebibytes);
      actions.addOutcomes([outcome]);
      return outcome;
    };
    actions.addOutcomes([outcomeOf(requested() ?? expect.unreachable('nothing is requested'))]);
    const older = ask(0.1);
    ask(0.9);
    actions.pickPoint('photo-1', { x: 0.1, y: 0.1 });
    expect(shown()).toBe(older);
    for (const id of ['photo-2', 'photo-3', 'photo-4'])
      actions.addOutcomes([outcomeOf({ ...look, photo: id, model: usedModel('nano').key }, 40 * mebibytes)]);
    expect(shown()).toBe(older);
    expect(keysOf(store.getState().outcomes)).toEqual(['photo-1', 'photo-1', 'photo-4']);
  });

  it('goes with its photograph, and what comes of one that is gone is nobody’s', () => {
    const { actions, store, answer } = setUp();
    const outcome = answer();
    actions.removePhotos(['photo-1']);
    expect(store.getState().outcomes.size).toBe(0);
    actions.addOutcomes([outcome]);
    expect(store.getState().outcomes.size).toBe(0);
  });
});

it.each([
  [new Float32Array(5), 20],
  [{ maps: new Float32Array(5), more: [new Uint8Array(3), { deep: new Float64Array(1) }], name: 'x' }, 31],
  [null, 0],
  [7, 0],
])('a result’s typed arrays are counted in bytes: case %#', (value, bytes) => {
  expect(bytesIn(value)).toBe(bytes);
});

describe('the other side of a comparison', () => {
  it('is none beside a pair of photographs', () => {
    const { store, actions } = setUp(2);
    actions.setAgainst({ model: usedModel('twin'), look: null });
    expect(otherSide(store.getState())?.models.used?.description.id).toBe('twin');
    actions.setLens('correspondences');
    expect(otherSide(store.getState())).toBeNull();
  });

  it('is none where its model has become the one in use', () => {
    const { store, actions } = setUp();
    actions.setAgainst({ model: usedModel('twin'), look: null });
    actions.setUsedModel(usedModel('other'));
    expect(store.getState().against).not.toBeNull();
    actions.setUsedModel(usedModel('twin'));
    expect(store.getState().against).toBeNull();
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { lensIds } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import { lookedAtHeads, someBackend, someModel } from '../../testing/looks.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { EngineSession } from '../engine/session.ts';
import { createAppStore, type AppStore } from '../state/app-store.ts';
import { wholePicture } from '../../render/picture-view.ts';
import { plainLook, requestedLook } from '../state/looks.ts';
import { chosenModel } from '../state/model-choice.ts';
import { parseSettings } from '../state/settings.ts';
import type { StoredCollection } from '../../rpc/recognise-contract.ts';
import { FilesAtHand } from '../recognise/files-at-hand.ts';
import { createClasses } from '../engine/classes.ts';
import { createRecogniseSession } from '../recognise/recognise-session.ts';
import { createRecogniseStore } from '../recognise/recognise-state.ts';
import { SmallPictures } from '../recognise/small-pictures.ts';
import { commandsOf, runCommand } from './commands.ts';
import { allKey, sheetKey, viewShown } from '../state/zoom.ts';
import { zoomKeyOf } from './zoom-key-of.ts';
import { belongsToField } from './use-commands.ts';
import { whatKeyDid } from './what-a-key-did.ts';

const lens = 'heads';

/** Nothing answers. */
const silentClient = { call: () => new Promise(() => undefined) } as unknown as EngineClient;

const recogniseOf = (app: AppStore) =>
  createRecogniseSession(
    silentClient,
    app,
    { add: () => undefined },
    createClasses(silentClient, app),
    createRecogniseStore(),
  );

/** A page with three finished photographs, the second one selected. */
function setUp() {
  const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 320 });
  const actions = store.getState();
  const nano = chosenModel({ kind: 'served', id: 'nano' }, { kind: 'tfjs', url: 'models/nano/model.json' });
  actions.setUsedModel({ ...nano, description: someModel });
  actions.addPhotos(
    ['a', 'b', 'c'].map((name) => ({ name, alt: null, credit: null, blob: new Blob() })),
    true,
  );
  for (const photo of Object.values(store.getState().photos)) {
    const look = plainLook(store.getState(), photo);
    if (look === null) expect.unreachable('there is a model');
    const looked = lookedAtHeads({ rows: 3, columns: 5 });
    actions.addOutcomes([{ look, looked, model: someModel, backend: someBackend, byteLength: 1 }]);
    actions.setPhotoState(photo.id, () => ({ status: 'done' }));
  }
  actions.select('photo-2');
  const recognise = recogniseOf(store);
  const removed: string[] = [];
  const session = {
    remove: (id: string) => {
      removed.push(id);
      store.getState().removePhotos([id]);
    },
  } as unknown as EngineSession;
  return {
    store,
    actions,
    removed,
    press: (key: string) =>
      runCommand(key, {
        state: store.getState(),
        session,
        hasCurves: false,
        recognise,
        leaveFigure: () => false,
      }),
    drawing: () => store.getState().drawings[lens],
    selected: () => store.getState().selectedId,
  };
}

/** Everything in the state that a key may change, without the functions. */
const stateOf = (store: ReturnType<typeof setUp>['store']): string => JSON.stringify(store.getState());

afterEach(() => void vi.unstubAllGlobals());

describe('the help', () => {
  const { store } = setUp();
  const commands = commandsOf(store.getState());
  const inHelp = commands.filter(({ does }) => does !== '');

  it('has every command: what has no line of its own shares its keys with one that has', () => {
    const named = new Set(inHelp.flatMap(({ keys }) => keys));
    for (const { keys } of commands) for (const key of keys) expect(named).toContain(key);
  });

  it('says something else of each, and names keys for each', () => {
    expect(new Set(inHelp.map(({ does }) => does)).size).toBe(inHelp.length);
    for (const { keys, shownKeys = keys } of inHelp) expect(shownKeys.length).toBeGreaterThan(0);
  });

  it('and the keys know a lens’s commands first', () => {
    const own = viewOf(lens).commands.map(({ does }) => does);
    const named = commands.map(({ does }) => does).filter((does) => does !== '');
    expect(named.slice(0, own.length)).toEqual(own);
    expect(commands.length).toBeGreaterThan(own.length);
  });
});

it('L goes through the lenses, also while presenting, and with Shift the other way', () => {
  const { store, press } = setUp();
  const seen = lensIds.map(() => {
    press('l');
    return store.getState().lens;
  });
  expect(seen).toEqual([...lensIds.slice(1), lensIds[0]]);
  store.getState().setPresenting(true);
  press('Shift+L');
  expect(store.getState().lens).toBe(lensIds.at(-1));
});

describe('what a screen reader is told of a key', () => {
  it.each([
    ['arrowright', 'c, 3 of 3.'],
    ['arrowleft', 'a, 1 of 3.'],
    ['delete', 'b removed. c, 2 of 2.'],
    [',', 'Opacity 70 %.'],
    ['t', 'The light theme.'],
    ['f', 'Presenting. Escape ends it.'],
    ['2', /^Head 2: 60\u00a0% of its attention lies on \d+ of 15 patches\.$/],
    ['k', /^Each colour is a head/],
    ['m', null],
  ])('%s', (key, told) => {
    const { store, press } = setUp();
    const before = store.getState();
    expect(press(key)).toBe(true);
    const said = whatKeyDid(before, store.getState());
    if (told instanceof RegExp) expect(said).toMatch(told);
    else expect(said).toBe(told);
  });
});

describe('a key on a photograph', () => {
  it.each([
    ['e', { view: 'mean' }],
    ['2', { view: 1 }],
    ['K', { style: 'mask' }],
    [']', { mass: 65 }],
  ])('of the lens: %s changes what is drawn to %o', (key, change) => {
    const { press, drawing } = setUp();
    expect(press(key)).toBe(true);
    expect(drawing()).toMatchObject(change);
  });

  it.each([
    ['ArrowRight', 'photo-3'],
    ['PageDown', 'photo-3'],
    ['ArrowLeft', 'photo-1'],
    ['PageUp', 'photo-1'],
  ])('%s turns to the photograph beside it', (key, id) => {
    const { press, selected } = setUp();
    expect(press(key)).toBe(true);
    expect(selected()).toBe(id);
    // There is no further photograph in this direction.
    expect(press(key)).toBe(true);
    expect(selected()).toBe(id);
  });

  it('G says why nothing happens where the answer is about one photograph', () => {
    const { press, store } = setUp();
    expect(press('g')).toBe(false);
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      expect.stringContaining('about one photograph'),
    ]);
  });

  it.each(['Delete', 'Backspace'])('%s removes it, and no photograph that is presented', (key) => {
    const { press, actions, removed, selected } = setUp();
    actions.setPresenting(true);
    expect(press(key)).toBe(false);
    expect(removed).toEqual([]);
    actions.setPresenting(false);
    expect(press(key)).toBe(true);
    expect(removed).toEqual(['photo-2']);
    expect(selected()).toBe('photo-3');
  });

  it('+ and − zoom around the picked patch, 0 goes back before it means anything to a lens', () => {
    const { press, store, drawing } = setUp();
    const view = () => viewShown(store.getState(), 'photo-2');
    expect(press('-')).toBe(true);
    expect(view()).toBe(wholePicture);
    store.getState().pickPoint('photo-2', { x: 1, y: 0 });
    expect(press('+')).toBe(true);
    expect(press('=')).toBe(true);
    expect(view().scale).toBeCloseTo(2.25, 12);
    expect([view().left, view().top]).toEqual([1 - 1 / 2.25, 0]);
    expect(store.getState().announcement.text).toBe('Zoomed to 225 per cent.');
    press('shift+ArrowLeft');
    press('shift+ArrowDown');
    expect([view().left, view().top].map((share) => share * 2.25)).toEqual([
      expect.closeTo(1.25 - 0.2, 9),
      expect.closeTo(0.2, 9),
    ]);
    press('2');
    expect(press('0')).toBe(true);
    expect(view()).toBe(wholePicture);
    expect(drawing()).toMatchObject({ view: 1 });
    expect(press('0')).toBe(true);
    expect(drawing()).toMatchObject({ view: 'all' });
    expect(press('shift+ArrowLeft')).toBe(false);
  });

  it('a photograph, its sheet of small pictures, and all photographs together are each zoomed by themselves', () => {
    const { press, store } = setUp();
    const { setLens } = store.getState();
    expect(zoomKeyOf(store.getState())).toBe('photo-2');
    setLens('layers');
    // Nothing has been looked at with it yet.
    expect(zoomKeyOf(store.getState())).toBe('photo-2');
    press('+');
    expect(viewShown(store.getState(), 'photo-2').scale).toBe(1.5);
    expect(viewShown(store.getState(), sheetKey('photo-2'))).toBe(wholePicture);
    expect(viewShown(store.getState(), allKey)).toBe(wholePicture);
  });

  it('another photograph is shown whole', () => {
    const { press, store } = setUp();
    press('+');
    press('ArrowRight');
    expect(viewShown(store.getState(), 'photo-3')).toBe(wholePicture);
  });

  it.each([
    [',', 70],
    ['.', 80],
  ])('%s makes the opacity %i per cent', (key, opacityPercent) => {
    const { press, store } = setUp();
    expect(press(key)).toBe(true);
    expect(store.getState().shared.opacityPercent).toBe(opacityPercent);
    for (let times = 0; times < 30; times++) press(key);
    expect(store.getState().shared.opacityPercent).toBe(key === ',' ? 0 : 100);
  });

  it('q asks the patch in the middle, puts the focus there, and goes back', () => {
    const focus = vi.fn<() => void>();
    const getElementById = vi.fn<(id: string) => object>(() => ({ focus }));
    vi.stubGlobal('document', { getElementById });
    const { press, store } = setUp();
    const requested = () => {
      const photo = store.getState().photos['photo-2'] ?? expect.unreachable('it is gone');
      return requestedLook(store.getState(), photo)?.params;
    };
    expect(press('q')).toBe(true);
    expect(requested()).toMatchObject({ patch: { row: 1, column: 2 } });
    expect(getElementById).toHaveBeenCalledWith('patches');
    expect(focus).toHaveBeenCalledOnce();
    expect(press('Q')).toBe(true);
    expect(requested()).toMatchObject({ patch: null });
    expect(focus).toHaveBeenCalledOnce();
  });

  it('Escape goes back one step at a time: from a patch, from presenting', () => {
    const { press, actions, store } = setUp();
    actions.setPresenting(true);
    actions.pickPoint('photo-2', { x: 0.1, y: 0.1 });
    expect(press('Escape')).toBe(true);
    expect(store.getState()).toMatchObject({ presenting: true, photos: { 'photo-2': { point: null } } });
    expect(press('Escape')).toBe(true);
    expect(store.getState().presenting).toBe(false);
    expect(press('Escape')).toBe(false);
  });

  it.each(['f', 'p'])('%s presents, and goes back', (key) => {
    const { press, store } = setUp();
    press(key);
    expect(store.getState().presenting).toBe(true);
    press(key);
    expect(store.getState().presenting).toBe(false);
  });
});

describe('without photographs', () => {
  it('only what concerns the page means something', () => {
    const store = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 320 });
    const [session, recognise] = [{} as EngineSession, recogniseOf(store)];
    const press = (key: string) =>
      runCommand(key, {
        state: store.getState(),
        session,
        hasCurves: false,
        recognise,
        leaveFigure: () => false,
      });
    for (const key of ['1', 'e', 'k', '+', 'Delete', 'ArrowLeft', 'q', 'f', 'Escape', 'x'])
      expect([key, press(key)]).toEqual([key, false]);
    for (const key of ['m', 't', '?', 'r']) expect([key, press(key)]).toEqual([key, true]);
    expect(store.getState()).toMatchObject({ dialog: 'help', theme: 'light', screen: 'training' });
  });
});

describe('in the training view', () => {
  it('F presents curves where there are some; Escape ends that first, closes the figure, and then leaves the view', () => {
    const { actions, store } = setUp();
    actions.setScreen('training');
    const [session, recognise] = [{} as EngineSession, recogniseOf(store)];
    let figures = 1;
    const leaveFigure = (): boolean => figures-- > 0;
    const press = (key: string, hasCurves: boolean) =>
      runCommand(key, { state: store.getState(), session, hasCurves, recognise, leaveFigure });
    expect(press('f', false)).toBe(false);
    expect(store.getState().presenting).toBe(false);
    expect(press('f', true)).toBe(true);
    expect(store.getState()).toMatchObject({ presenting: true, screen: 'training' });
    press('Escape', true);
    expect(store.getState()).toMatchObject({ presenting: false, screen: 'training' });
    press('Escape', true);
    expect(figures).toBe(0);
    expect(store.getState().screen).toBe('training');
    press('Escape', true);
    expect(store.getState().screen).toBe('viewer');
  });

  it('no key of the viewer or of a lens does anything', () => {
    const { press, actions, store, removed } = setUp();
    actions.setScreen('training');
    const before = stateOf(store);
    const keys = new Set(
      commandsOf(store.getState()).flatMap(({ keys: some, where }) => (where === 'viewer' ? some : [])),
    );
    keys.delete('escape');
    expect(keys.size).toBeGreaterThan(20);
    for (const key of keys) expect([key, press(key)]).toEqual([key, false]);
    expect(stateOf(store)).toBe(before);
    expect(removed).toEqual([]);
  });

  it.each(['Escape', 'r'])('%s goes back to the viewer, and leaves the patch that is asked there', (key) => {
    const { press, actions, store } = setUp();
    actions.pickPoint('photo-2', { x: 0.1, y: 0.1 });
    expect(press('r')).toBe(true);
    expect(store.getState().screen).toBe('training');
    expect(press(key)).toBe(true);
    expect(store.getState()).toMatchObject({
      screen: 'viewer',
      photos: { 'photo-2': { point: { x: 0.1, y: 0.1 } } },
    });
  });

  it('models, theme and help are there too', () => {
    const { press, actions, store } = setUp();
    actions.setScreen('training');
    for (const key of ['m', 't', '?']) expect(press(key)).toBe(true);
    expect(store.getState()).toMatchObject({ dialog: 'help', theme: 'light', screen: 'training' });
  });
});

describe('what has the focus', () => {
  class FakeElement {
    readonly isContentEditable: boolean;
    constructor(isContentEditable = false) {
      this.isContentEditable = isContentEditable;
    }
  }
  class FakeInput extends FakeElement {
    readonly type: string;
    constructor(type: string) {
      super();
      this.type = type;
    }
  }
  class FakeTextArea extends FakeElement {}
  class FakeSelect extends FakeElement {}

  const belongs = (element: object | null, key: string): boolean => {
    vi.stubGlobal('HTMLElement', FakeElement);
    vi.stubGlobal('HTMLInputElement', FakeInput);
    vi.stubGlobal('HTMLTextAreaElement', FakeTextArea);
    vi.stubGlobal('HTMLSelectElement', FakeSelect);
    return belongsToField(element as EventTarget | null, key);
  };

  it.each<[string, object | null]>([
    ['nothing', null],
    ['a button, or a photograph in the strip', new FakeElement()],
    ['a switch', new FakeInput('checkbox')],
    ['a file to choose', new FakeInput('file')],
  ])('%s leaves Delete and the arrows to the page', (_, element) => {
    for (const key of ['Delete', 'Backspace', 'ArrowLeft', 'ArrowRight', 'PageUp', 'e', '1'])
      expect([key, belongs(element, key)]).toEqual([key, false]);
  });

  it('one of several choices keeps the arrows, a slider the page keys too; both leave Delete', () => {
    for (const key of ['ArrowLeft', 'ArrowRight']) expect(belongs(new FakeInput('radio'), key)).toBe(true);
    for (const key of ['ArrowLeft', 'PageDown']) expect(belongs(new FakeInput('range'), key)).toBe(true);
    expect(belongs(new FakeInput('radio'), 'PageDown')).toBe(false);
    for (const type of ['radio', 'range'])
      for (const key of ['Delete', '1', 'e']) expect(belongs(new FakeInput(type), key)).toBe(false);
  });

  it.each<[string, object]>([
    ['a line of text', new FakeInput('text')],
    ['a number', new FakeInput('number')],
    ['a text', new FakeTextArea()],
    ['a list', new FakeSelect()],
    ['something that can be written in', new FakeElement(true)],
  ])('%s keeps every key', (_, element) => {
    for (const key of ['Delete', 'Backspace', 'ArrowLeft', 'e', '1', '?'])
      expect([key, belongs(element, key)]).toEqual([key, true]);
  });
});

describe('on the screen "Recognise"', () => {
  const setUpScreen = () => {
    const { store, actions } = setUp();
    actions.setScreen('recognise');
    const recognise = recogniseOf(store);
    const kept = { id: 'c', title: 'c', classNames: ['mugs', 'pots'] } as unknown as StoredCollection;
    const items = ['a', 'b'].map((name, index) => ({
      index,
      path: name,
      byteLength: 1,
      lastModified: 0,
      name,
      className: null,
      failure: null,
    }));
    recognise.store.setState({
      open: {
        kept,
        items,
        pictures: new SmallPictures(),
        files: new FilesAtHand(),
        classNames: kept.classNames,
      },
      arranged: [0, 1],
    });
    const session = {} as EngineSession;
    const press = (key: string) =>
      runCommand(key, {
        state: store.getState(),
        session,
        hasCurves: false,
        recognise,
        leaveFigure: () => false,
      });
    return { store, press, shown: () => recognise.store.getState() };
  };

  it('digits give the selected photograph to a class, 0 takes it out, Z undoes', () => {
    const { press, shown } = setUpScreen();
    const classNames = () => shown().open?.items.map(({ className }) => className);
    expect(press('2')).toBe(false);
    press('ArrowRight');
    press('2');
    expect(classNames()).toEqual(['pots', null]);
    press('0');
    expect(classNames()).toEqual([null, null]);
    press('z');
    expect(classNames()).toEqual(['pots', null]);
    expect(press('3')).toBe(false);
  });

  it('Escape leaves presenting, then the selection, then the screen; C comes back', () => {
    const { press, store, shown } = setUpScreen();
    press('ArrowRight');
    press('f');
    expect(store.getState().presenting).toBe(true);
    press('Escape');
    expect(store.getState()).toMatchObject({ presenting: false, screen: 'recognise' });
    expect(shown().cursor).toBe(0);
    press('Escape');
    expect(shown().cursor).toBeNull();
    press('Escape');
    expect(store.getState().screen).toBe('viewer');
    press('c');
    expect(store.getState().screen).toBe('recognise');
  });
});

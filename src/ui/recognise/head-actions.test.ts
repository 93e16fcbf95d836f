/** Which photographs a linear classifier is asked about, in which order, and when what it told is forgotten. */
import { beforeEach, expect, test, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, succeed } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import { someBackend, someModel } from '../../testing/looks.ts';
import { createClasses, type Classes } from '../engine/classes.ts';
import { createAppStore, type AppStore } from '../state/app-store.ts';
import { chosenModel } from '../state/model-choice.ts';
import { parseSettings } from '../state/settings.ts';
import { likelyClassesToCsv } from './collection-csv.ts';
import { FilesAtHand } from './files-at-hand.ts';
import { createHeadActions, frequentClasses, type HeadActions } from './head-actions.ts';
import { createRecogniseStore, type OpenCollection, type RecogniseStore } from './recognise-state.ts';
import { SmallPictures } from './small-pictures.ts';

const model = chosenModel({ kind: 'served', id: 'nano' }, { kind: 'tfjs', url: 'models/nano/model.json' });
const classifier = (name: string) => ({ name, file: { kind: 'file', file: new Blob([name]) } as const });

let app: AppStore;
let store: RecogniseStore;
let classes: Classes;
let head: HeadActions;
/** Calls that wait for their answer. */
let asked: { photo: string; signal: AbortSignal; answer(name: string | Failure): Promise<void> }[];

const settle = () => vi.waitFor(() => expect(asked.length).toBeGreaterThan(0));

/** Photographs 0 to 3; the file of the last one is not at hand. */
async function collection(): Promise<OpenCollection> {
  const paths = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'];
  const named = paths.map((path) => ({ path, blob: new File([path], path, { lastModified: 1 }) }));
  return {
    kept: {
      id: 'c1',
      title: 'four',
      modelKey: model.key,
      modelHash: null,
      modelTitle: 'Nano',
      settings: { block: 2, framing: 'official', sidePx: 16 },
      savedAt: '',
      byteLength: 1,
      items: 4,
      failed: 0,
      classNames: [],
    },
    items: named.map(({ path, blob }, index) => ({
      index,
      path,
      name: path,
      byteLength: blob.size,
      lastModified: 1,
      className: null,
      failure: null,
    })),
    pictures: new SmallPictures(),
    files: await new FilesAtHand().with(named.slice(0, 3)),
    classNames: [],
  };
}

beforeEach(async () => {
  app = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 64 });
  app.getState().setUsedModel({ ...model, description: someModel });
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  asked = [];
  const call = (_: string, { source }: { source: { photo: File } }, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve) => {
      const each = {
        photo: source.photo.name,
        signal,
        answer: async (name: string | Failure) => {
          asked.splice(asked.indexOf(each), 1);
          if (typeof name !== 'string') resolve(fail(name));
          else {
            const likely = [{ index: 3, name, probability: 0.75 }];
            resolve(succeed({ classes: likely, classCount: 9, madeOf: null }));
          }
          for (let turn = 0; turn < 8; turn++) await Promise.resolve();
        },
      };
      asked.push(each);
    });
  const client = { call } as unknown as EngineClient;
  store = createRecogniseStore();
  classes = createClasses(client, app);
  head = createHeadActions({ client, app, store }, classes);
  store.setState({ open: await collection(), tab: 'head' });
});

const names = () => [...store.getState().head.told].map(([index, [first]]) => `${index} ${first?.name}`);

test('those at hand are asked one after the other; one that is asked for meanwhile comes first', async () => {
  head.askHead([0, 1, 2, 3]);
  expect(asked).toHaveLength(0); // There is no classifier yet.
  classes.choose(model, classifier('one'));
  head.askHead([0, 1, 2, 3]);
  expect(store.getState().head.asking).toEqual({ done: 0, total: 3 });
  head.askHead([2]);
  head.askHead([0]);
  await asked[0]?.answer('mug');
  await asked[0]?.answer('pot');
  await settle();
  await asked[0]?.answer('mug');
  expect(asked).toHaveLength(0);
  expect(names()).toEqual(['0 mug', '2 pot', '1 mug']);
  expect(store.getState().head).toMatchObject({ asking: null, failure: null, origin: { madeOf: null } });
  expect(frequentClasses(store.getState().head.told)).toEqual([
    { name: 'mug', indices: [0, 1] },
    { name: 'pot', indices: [2] },
  ]);
  const csv = likelyClassesToCsv(await collection(), store.getState().head.told);
  expect(await csv.text()).toBe(
    'path,class,rank,told,probability\r\na.jpg,,1,mug,0.750000\r\nb.jpg,,1,mug,0.750000\r\nc.jpg,,1,pot,0.750000\r\n',
  );
  head.askHead([0, 1, 2]);
  expect(asked).toHaveLength(0);
});

test('a photograph that cannot be read costs only itself; a classifier of another network ends it', async () => {
  classes.choose(model, classifier('one'));
  head.askHead([0, 1, 2]);
  await asked[0]?.answer({ code: 'not-an-image' });
  await asked[0]?.answer({ code: 'checkpoint-invalid', problem: 'of another network' });
  expect(asked).toHaveLength(0);
  const { failed, failure, asking } = store.getState().head;
  expect([...failed]).toEqual([[0, { code: 'not-an-image' }]]);
  expect(failure).toMatchObject({ code: 'checkpoint-invalid' });
  expect(asking).toBeNull();
  head.askHead([1]);
  expect(asked.map(({ photo }) => photo)).toEqual(['b.jpg']);
});

test('what was told stays after a cancel, and is forgotten with the classifier and the collection', async () => {
  classes.choose(model, classifier('one'));
  head.askHead([0, 1]);
  await asked[0]?.answer('mug');
  const late = asked[0];
  head.cancelHead();
  expect(late?.signal.aborted).toBe(true);
  await late?.answer('late');
  expect(names()).toEqual(['0 mug']);
  expect(store.getState().head.asking).toBeNull();

  const second = classifier('two');
  classes.choose(model, second);
  expect(store.getState().head).toMatchObject({ by: second, told: new Map() });
  head.askHead([0]);
  await asked[0]?.answer('pot');
  expect(names()).toEqual(['0 pot']);
  store.setState({ open: await collection() });
  expect(names()).toEqual([]);
});

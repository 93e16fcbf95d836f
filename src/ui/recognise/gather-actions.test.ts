/** Photographs on their way into a collection, and engines that are lost meanwhile. */
import { expect, test, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, succeed } from '../../core/result.ts';
import type { CollectionItem, GatherProgress } from '../../rpc/recognise-contract.ts';
import { someBackend, someModel } from '../../testing/looks.ts';
import {
  item,
  kept,
  model,
  photograph,
  settled,
  setUp,
  votesOf,
  type OpenCall,
} from '../../testing/recognise-session.ts';
import { foldersWithoutPhotographs } from './recognise-state.ts';

test('photographs come in: shown as they come, the bad ones named, then all are voted on', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  void session.gatherFiles([
    photograph('mugs/a.jpg'),
    photograph('pots/b.jpg'),
    photograph('pots/notes.txt'),
  ]);
  await settled();
  const gather = find('gatherFeatures');
  expect(gather.request).toMatchObject({
    into: { kind: 'new', title: 'mugs, pots', settings: { framing: 'official', block: someModel.depth } },
    model: { key: model.key },
    photographs: [
      { path: 'mugs/a.jpg', className: 'mugs' },
      { path: 'pots/b.jpg', className: 'pots' },
      { path: 'pots/notes.txt', className: 'pots' },
    ],
  });
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const notImage: Failure = { code: 'not-an-image' };
  gather.tell({
    stage: 'photographs',
    done: 3,
    total: 3,
    known: 0,
    failed: 1,
    perSecond: 4,
    added: [0, 1].map((at) => ({ item: item(at, at === 0 ? 'mugs' : 'pots'), thumbnail: new Blob(['x']) })),
  } satisfies GatherProgress);
  expect(state().open?.items).toEqual([]);
  vi.advanceTimersByTime(300);
  expect(state().gathering?.progress).toMatchObject({ done: 3, failed: 1, perSecond: 4 });
  expect(state().arranged).toEqual([0, 1]);
  gather.tell({
    stage: 'photographs',
    done: 3,
    total: 3,
    known: 0,
    failed: 1,
    perSecond: 4,
    added: [{ item: item(2, 'pots', notImage), thumbnail: null }],
  } satisfies GatherProgress);
  await gather.answer(succeed({ how: 'finished', collection: kept({ items: 3, failed: 1 }) }));
  expect(state()).toMatchObject({ gathering: null, open: { kept: { items: 3 } } });
  expect(state().open?.items[2]?.failure).toEqual(notImage);
  // Of what could not be read there is nothing to show.
  expect(state().arranged).toEqual([0, 1]);
  expect(find('vote').request).toMatchObject({ id: 'c1' });
});

test('a PNG that may be the mask of a photograph beside it goes with that photograph, also when all is computed anew', async () => {
  const { session, state, find } = setUp();
  const [cat, mask] = [photograph('mugs/a.jpg'), photograph('mugs/a.png')];
  void session.gatherFiles([cat, mask]);
  await settled();
  const guessed = {
    photographs: [
      { path: 'mugs/a.jpg', blob: cat },
      { path: 'mugs/a.png', mayBeMaskOf: { name: 'a.jpg', blob: cat } },
    ],
  };
  expect(find('gatherFeatures').request).toMatchObject(guessed);
  find('gatherFeatures').tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const added = [cat, mask].map(({ name, size }, at) => ({
    item: { ...item(at, 'mugs'), path: `mugs/${name}`, name, byteLength: size },
    thumbnail: null,
  }));
  const counts = { done: 2, total: 2, known: 0, failed: 0, perSecond: null };
  find('gatherFeatures').tell({ stage: 'photographs', ...counts, added } satisfies GatherProgress);
  await find('gatherFeatures').answer(succeed({ how: 'finished', collection: kept({ items: 2 }) }));
  void session.computeAnew(state().settings ?? expect.unreachable('no settings'));
  await settled();
  expect(find('gatherFeatures').request).toMatchObject(guessed);
});

test('after a lost engine it goes on in the same collection as soon as there is another one', async () => {
  const { session, state, find, app } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  find('gatherFeatures').tell({ stage: 'begun', collection: kept() } satisfies GatherProgress);
  const lost: Failure = { code: 'device-lost', message: '' };
  app.getState().setEngine({ status: 'starting', progress: null, recoversFrom: lost });
  await find('gatherFeatures').answer(fail(lost));
  expect(state().gathering).toMatchObject({ waitsForEngine: true });
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  await settled();
  expect(find('gatherFeatures').request).toMatchObject({ into: { kind: 'kept', id: 'c1' } });
  expect(state().gathering).toMatchObject({ waitsForEngine: false });
});

test('an engine that is lost again and again without a further photograph ends it, with the reason', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  const lost: Failure = { code: 'device-lost', message: '' };
  for (let attempt = 0; attempt < 3; attempt++) await find('gatherFeatures').answer(fail(lost));
  await settled();
  expect(state()).toMatchObject({ gathering: null, failure: lost });
});

const outOfMemory: Failure = { code: 'out-of-memory', tokens: 5 };

test('what is too large for a fresh engine too is left out, and the rest goes on', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg'), photograph('mugs/b.jpg'), photograph('mugs/c.jpg')]);
  await settled();
  const counts = { stage: 'photographs', total: 3, perSecond: null } as const;
  const tell = (progress: Omit<Extract<GatherProgress, { stage: 'photographs' }>, keyof typeof counts>) =>
    find('gatherFeatures').tell({ ...counts, ...progress } satisfies GatherProgress);
  find('gatherFeatures').tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  tell({ done: 1, known: 0, failed: 0, added: [{ item: item(0, 'mugs'), thumbnail: null }] });
  expect(find('gatherFeatures').request).toMatchObject({ leavesOutTooLarge: false });
  await find('gatherFeatures').answer(fail(outOfMemory));
  expect(find('gatherFeatures').request).toMatchObject({ leavesOutTooLarge: true });
  const left = { item: item(1, 'mugs', outOfMemory), thumbnail: null };
  tell({ done: 2, known: 1, failed: 1, added: [left] });
  await find('gatherFeatures').answer(fail(outOfMemory));
  tell({ done: 3, known: 2, failed: 1, added: [{ item: item(2, 'mugs'), thumbnail: null }] });
  await find('gatherFeatures').answer(
    succeed({ how: 'finished', collection: kept({ items: 3, failed: 1 }) }),
  );
  expect(state()).toMatchObject({ gathering: null, failure: null, arranged: [0, 2] });
  expect(state().open?.items[1]?.failure).toEqual(outOfMemory);
});

test('where one photograph after the other is too large it ends, with the reason', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles(['a', 'b', 'c', 'd'].map((name) => photograph(`mugs/${name}.jpg`)));
  await settled();
  const tell = (done: number): void =>
    find('gatherFeatures').tell({
      stage: 'photographs',
      total: 4,
      perSecond: null,
      done,
      known: 0,
      failed: done,
      added: [],
    } satisfies GatherProgress);
  for (let done = 0; done < 3; done++) {
    tell(done);
    await find('gatherFeatures').answer(fail(outOfMemory));
  }
  expect(state()).toMatchObject({ gathering: null, failure: outOfMemory });
});

test('cancelled: what has come stays, and is voted on', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg'), photograph('mugs/b.jpg')]);
  await settled();
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept() } satisfies GatherProgress);
  session.cancelGathering();
  expect(gather.signal?.aborted).toBe(true);
  await gather.answer(succeed({ how: 'cancelled', collection: kept({ items: 0 }) }));
  expect(state()).toMatchObject({ gathering: null, failure: null, open: { kept: { items: 0 } } });
  expect(find('vote')).toBeDefined();
});

test('while photographs come, those that are there are voted on now and then, and can be taught', async () => {
  vi.useFakeTimers();
  const { session, state, find, calls } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg'), photograph('pots/b.jpg')]);
  await settled();
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const tellOne = (index: number): void =>
    gather.tell({
      stage: 'photographs',
      done: index + 1,
      total: 9,
      known: 0,
      failed: 0,
      perSecond: 1,
      added: [{ item: item(index, 'mugs'), thumbnail: null }],
    } satisfies GatherProgress);
  tellOne(0);
  vi.advanceTimersByTime(300);
  expect(calls.map(({ method }) => method)).toEqual(['gatherFeatures']);
  vi.advanceTimersByTime(4000);
  tellOne(1);
  vi.advanceTimersByTime(300);
  await find('vote').answer(succeed(votesOf(0, 1)));
  expect(state().votes).toMatchObject({ status: 'done' });
  session.teach('pots', [1]);
  expect(state().open?.items[1]?.className).toBe('pots');
  await settled();
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 1, className: 'pots' }] });
});

test('many photographs are sent a few hundred after the other, and counted together', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  const files = Array.from({ length: 250 }, (_, at) => photograph(`mugs/${String(at).padStart(3, '0')}.jpg`));
  void session.gatherFiles(files);
  await vi.waitFor(() => find('gatherFeatures'));
  const first = find('gatherFeatures');
  expect((first.request as { photographs: unknown[] }).photographs).toHaveLength(200);
  first.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const tell = (call: OpenCall, done: number, failed: number, perSecond: number | null): void => {
    call.tell({
      stage: 'photographs',
      done,
      total: 200,
      known: 1,
      failed,
      perSecond,
      added: [],
    } satisfies GatherProgress);
    vi.advanceTimersByTime(300);
  };
  tell(first, 200, 3, 20);
  await first.answer(succeed({ how: 'finished', collection: kept() }));
  const second = find('gatherFeatures');
  expect(second.request).toMatchObject({ into: { kind: 'kept', id: 'c1' } });
  expect((second.request as { photographs: unknown[] }).photographs).toHaveLength(50);
  tell(second, 10, 1, null);
  expect(state().gathering?.progress).toEqual({
    stage: 'photographs',
    done: 210,
    total: 250,
    known: 2,
    failed: 4,
    perSecond: 20,
  });
  await second.answer(succeed({ how: 'cancelled', collection: kept() }));
  expect(state().gathering).toBeNull();
});

test('a title that was made of the classes follows them; one that the person gave stays', async () => {
  const { session, find, calls, openFour } = setUp();
  await openFour();
  const add = async (path: string, added: CollectionItem, title: string): Promise<void> => {
    void session.gatherFiles([photograph(path)]);
    await settled();
    const gather = find('gatherFeatures');
    gather.tell({ stage: 'begun', collection: kept({ title }) } satisfies GatherProgress);
    gather.tell({
      stage: 'photographs',
      done: 1,
      total: 1,
      known: 0,
      failed: 0,
      perSecond: null,
      added: [{ item: added, thumbnail: null }],
    } satisfies GatherProgress);
    await gather.answer(succeed({ how: 'finished', collection: kept({ title }) }));
    await find('vote').answer(succeed(votesOf(0, 1, 1, 0, 0)));
    await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  };
  await add('bowls/5.jpg', item(4, 'bowls'), 'mugs, pots');
  expect(find('renameCollection').request).toEqual({ id: 'c1', title: 'bowls, mugs, pots' });
  await find('renameCollection').answer(succeed({ collection: kept({ title: 'My kitchen' }) }));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  await add('jars/6.jpg', item(5, 'jars'), 'My kitchen');
  expect(calls).toEqual([]);
});

test('a folder of which no file could be used is no class, and gives the collection no name', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles(['mugs/0.jpg', 'mugs/1.jpg', 'pots/2.jpg'].map(photograph));
  await settled();
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const items = [item(0, 'mugs'), item(1, 'mugs'), item(2, 'pots', { code: 'not-an-image' })];
  gather.tell({
    stage: 'photographs',
    done: 3,
    total: 3,
    known: 0,
    failed: 1,
    perSecond: 4,
    added: items.map((each) => ({ item: each, thumbnail: null })),
  } satisfies GatherProgress);
  await gather.answer(succeed({ how: 'finished', collection: kept({ items: 3, failed: 1 }) }));
  expect(state().open?.classNames).toEqual(['mugs']);
  expect(foldersWithoutPhotographs(items)).toEqual(['pots']);
  await find('vote').answer(succeed(votesOf(0, 0, -1)));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  expect(find('renameCollection').request).toEqual({ id: 'c1', title: 'mugs' });
});

test('a photograph that was kept and not told, as an engine was lost just then, is read', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const counts = { stage: 'photographs', total: 2, known: 1, failed: 0, perSecond: null } as const;
  const added = [{ item: item(1, 'pots'), thumbnail: null }];
  gather.tell({ ...counts, done: 2, added } satisfies GatherProgress);
  vi.advanceTimersByTime(300);
  // There is no gap among the photographs that are shown.
  expect(state().open?.items).toEqual([]);
  const items = [item(0, 'mugs'), item(1, 'pots')];
  await find('openCollection').answer(
    succeed({ collection: kept(), items, thumbnails: new Blob([]), thumbnailEnds: new Uint32Array(2) }),
  );
  expect(state()).toMatchObject({ open: { items }, arranged: [0, 1] });
});

/** Which classifier is asked of which photograph, and what becomes of its answers. */
import { beforeEach, expect, test } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, succeed } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import { createAppStore, type AppStore } from '../state/app-store.ts';
import { servedModel } from '../state/model-choice.ts';
import { parseSettings } from '../state/settings.ts';
import { createClasses, type Classes } from './classes.ts';

const description = {
  id: 'tiny',
  title: 'Tiny',
  embedDim: 8,
  depth: 2,
  numHeads: 2,
  patchSizePx: 4,
  numRegisters: 0,
  parameterCount: 1,
};
const tabby = { index: 281, name: 'tabby', probability: 0.7 };
const head = (name: string) => ({ name, file: { kind: 'file', file: new Blob([name]) } as const });

let app: AppStore;
let classes: Classes;
/** Calls that wait for their answer. */
let asked: { request: { readonly source: { readonly id: string } }; answer(failure?: Failure): void }[];
let key: string;

beforeEach(() => {
  Object.defineProperty(globalThis, 'document', {
    value: { baseURI: 'http://localhost/' },
    configurable: true,
  });
  app = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 96 });
  app.getState().addPhotos(
    ['a.jpg', 'b.jpg'].map((name) => ({ name, alt: null, credit: null, blob: new Blob([name]) })),
    true,
  );
  const used = servedModel('tiny');
  ({ key } = used);
  app.getState().setUsedModel({ ...used, description });
  asked = [];
  const call = (_: string, request: never) =>
    new Promise((resolve) => {
      const answer = (failure?: Failure): void =>
        resolve(failure === undefined ? succeed({ classes: [tabby], classCount: 1000 }) : fail(failure));
      asked.push({ request, answer });
    });
  classes = createClasses({ call } as unknown as EngineClient, app);
});

const answerOf = (id: string): unknown => classes.store.getState().answers[key]?.[id];

test('a photograph is asked once, each by itself', async () => {
  const [a = '', b = ''] = app.getState().order;
  await classes.ask(a);
  expect(asked).toHaveLength(0); // No classifier.
  classes.choose(key, head('one'));
  const first = classes.ask(a);
  await classes.ask(a);
  expect(answerOf(a)).toEqual({ status: 'asking' });
  asked[0]?.answer();
  await first;
  expect(answerOf(a)).toEqual({ status: 'told', classes: [tabby], classCount: 1000 });
  await classes.ask(a);
  const second = classes.ask(b);
  asked[1]?.answer();
  await second;
  expect(asked.map(({ request }) => request.source.id)).toEqual([a, b]);
});

test('a failure is told, and can be tried again', async () => {
  const [a = ''] = app.getState().order;
  classes.choose(key, head('one'));
  const first = classes.ask(a);
  const failure: Failure = { code: 'checkpoint-invalid', problem: 'nothing' };
  asked[0]?.answer(failure);
  await first;
  expect(answerOf(a)).toEqual({ status: 'failed', failure });
  const again = classes.ask(a);
  asked[1]?.answer();
  await again;
  expect(answerOf(a)).toMatchObject({ status: 'told' });
});

test('what another classifier told is forgotten, also where it answers late', async () => {
  const [a = ''] = app.getState().order;
  classes.choose(key, head('one'));
  const late = classes.ask(a);
  classes.choose(key, head('two'));
  expect(answerOf(a)).toBeUndefined();
  asked[0]?.answer();
  await late;
  expect(answerOf(a)).toBeUndefined();
});

/** Which classifier is asked of which photograph, and what becomes of its answers. */
import { beforeEach, expect, test, vi } from 'vitest';
import { catalogue } from '../../catalogue/catalogue.ts';
import type { Failure } from '../../core/failure.ts';
import { fail, succeed } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import { createAppStore, type AppStore } from '../state/app-store.ts';
import { chosenModel, servedModel, type ChosenModel } from '../state/model-choice.ts';
import { parseSettings } from '../state/settings.ts';
import { createClasses, publishedClassifier, publishedFor, type Classes } from './classes.ts';

const description = {
  id: 'tiny',
  title: 'Tiny',
  hash: 'tiny',
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
let used: ChosenModel;

beforeEach(() => {
  vi.stubGlobal('document', { baseURI: 'http://localhost/' });
  app = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 96 });
  app.getState().addPhotos(
    ['a.jpg', 'b.jpg'].map((name) => ({ name, alt: null, credit: null, blob: new Blob([name]) })),
    true,
  );
  used = servedModel('tiny');
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
  classes.choose(used, head('one'));
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
  classes.choose(used, head('one'));
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
  classes.choose(used, head('one'));
  const late = classes.ask(a);
  classes.choose(used, head('two'));
  expect(answerOf(a)).toBeUndefined();
  asked[0]?.answer();
  await late;
  expect(answerOf(a)).toBeUndefined();
});

test('a published classifier is chosen at the next visit too, for the network that it was chosen for', async () => {
  const [vits16, vits8] = catalogue.models.map(({ id }) =>
    chosenModel({ kind: 'stored', id }, { kind: 'tfjs', url: `models/${id}/model.json` }),
  );
  if (vits16 === undefined || vits8 === undefined) return expect.unreachable();
  const [published] = publishedFor(vits16);
  if (published === undefined) return expect.unreachable();
  classes.choose(vits16, publishedClassifier(published));
  classes.choose(used, head('a file'));
  const { heads } = app.getState();
  expect(heads).toEqual({ 'dino-vits16': published.url });

  const settings = parseSettings(
    JSON.parse(JSON.stringify({ heads: { ...heads, 'dino-vits8': 'https://x/' } })),
  );
  const next = createAppStore(settings, { shape: 'photograph', sidePx: 96 });
  const nextClasses = createClasses({ call: expect.unreachable } as unknown as EngineClient, next);
  for (const model of [vits16, vits8]) next.getState().setUsedModel({ ...model, description });
  expect(nextClasses.store.getState().classifiers).toEqual({ [vits16.key]: publishedClassifier(published) });
});

import { expect, test } from 'vitest';
import { ByteCursor } from './byte-cursor.ts';
import { readPickle, type PickleHost } from './pickle.ts';
import { readSettings } from './pickle-settings.ts';

const host: PickleHost = { call: () => null, findPersistent: () => null };

/** @param text a pickle, a letter a byte */
async function settingsOf(text: string): Promise<unknown> {
  const file = new Blob([Uint8Array.from(Buffer.from(text, 'latin1'))]);
  const read = await readPickle(new ByteCursor(file, 0, file.size), host);
  if (!read.ok) throw new Error('the pickle ends too early');
  return readSettings(read.value);
}

const object = (name: string, state: string): string => `c${name.replace('.', '\n')}\n)\x81${state}b`;

test.each<[string, string, unknown]>([
  ['plain values', "}S'lr'\nF0.5\nsS'name'\nS'a'\nsS'on'\n\x88s.", { lr: 0.5, name: 'a', on: true }],
  ['tuples and lists', "}S'img_size'\n(I4\nI8\ntsS'all'\n]I1\nas.", { img_size: [4, 8], all: [1] }],
  ['an object as its attributes', `${object('argparse.Namespace', "}S'img_size'\nI4\ns")}.`, { img_size: 4 }],
  ['an object with slots', `${object('a.B', "(}S'x'\nI1\ns}S'y'\nI2\nst")}.`, { x: 1 }],
  [
    'what OmegaConf wraps',
    `${object('omegaconf.DictConfig', `}S'_content'\n}S'img_size'\n${object('omegaconf.AnyNode', "}S'_val'\nI4\ns")}ss`)}.`,
    { img_size: 4 },
  ],
  ['nothing of an object without attributes', `${object('a.B', 'I3\n')}.`, null],
  ['no numbers that are not exact', "}S'seed'\nL1267650600228229401496703205376L\ns.", {}],
])('%s', async (_, text, settings) => {
  expect(await settingsOf(text)).toEqual(settings);
});

test('long lists are no settings, and what holds itself ends', async () => {
  expect(await settingsOf(`}S'files'\n(${'I1\n'.repeat(65)}ls.`)).toEqual({});
  // A dictionary that is its own value.
  const circle = (await settingsOf("}p0\nS'self'\ng0\ns.")) as { self: unknown };
  expect(circle.self).toBe(circle);
});

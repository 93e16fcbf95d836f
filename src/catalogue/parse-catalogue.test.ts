import { describe, expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import json from './catalogue.json';
import { countParameters, downloadSize, parseCatalogue } from './parse-catalogue.ts';

type Draft = { hosts: Record<string, unknown>; models: Record<string, unknown>[] };

const changed = (change: (draft: Draft) => void): unknown => {
  const draft = structuredClone(json) as unknown as Draft;
  change(draft);
  return draft;
};

const first = (draft: Draft): Record<string, unknown> => draft.models[0] as Record<string, unknown>;

test('the catalogue that comes with the page has every network of the DINO paper’s table and what it is compared with', () => {
  expect(catalogue.models.map(({ id, group }) => `${group} ${id}`)).toEqual([
    'dino dino-vits16',
    'dino dino-vits8',
    'dino dino-vitb16',
    'dino dino-vitb8',
    'comparison dinov2-vits14-reg4',
    'comparison deit-s16',
    'comparison moco-v3-vits',
    'comparison moco-v3-vitb',
  ]);
  // 64 channels a head; MoCo v3's small network is the exception that no file tells.
  const unusual = catalogue.models.filter(
    ({ architecture }) => architecture.numHeads !== architecture.embedDim / 64,
  );
  expect(unusual.map(({ id, architecture }) => [id, architecture.numHeads])).toEqual([['moco-v3-vits', 12]]);
});

test('published classifiers lie beside their networks, on the hosts of the list', () => {
  const beside = catalogue.models.flatMap(({ id, classifiers }) =>
    classifiers.map(({ url }) => `${id} ${new URL(url).pathname.split('/').at(-1)}`),
  );
  // The names in utils.py of DINO and hub/classifiers.py of DINOv2.
  expect(beside).toEqual([
    'dino-vits16 dino_deitsmall16_linearweights.pth',
    'dino-vits8 dino_deitsmall8_linearweights.pth',
    'dino-vitb16 dino_vitbase16_linearweights.pth',
    'dino-vitb8 dino_vitbase8_linearweights.pth',
    'dinov2-vits14-reg4 dinov2_vits14_reg4_linear_head.pth',
    'dinov2-vits14-reg4 dinov2_vits14_reg4_linear4_head.pth',
  ]);
  const elsewhere = [
    { title: 'A classifier', url: 'https://example.org/head.pth', classes: 1000, inputs: 1536 },
  ];
  expect(() => parseCatalogue(changed((draft) => (first(draft)['classifiers'] = elsewhere)))).toThrow(
    'is on no host of the list',
  );
});

test('parameters are counted as PyTorch counts them', () => {
  const count = (id: string): number =>
    countParameters(catalogue.models.find((model) => model.id === id)?.architecture ?? expect.unreachable());
  // The published totals of DeiT-S/16 and ViT-B/16 are with a head of 1000 classes.
  expect(count('dino-vits16')).toBe(22_050_664 - 1000 * 385);
  expect(count('dino-vitb16')).toBe(86_567_656 - 1000 * 769);
});

test('a size is exact where it is known, and else called what it is', () => {
  const [entry] = catalogue.models;
  if (entry === undefined) return expect.unreachable();
  const [source] = entry.sources;
  expect(downloadSize(entry)).toEqual({ byteLength: 86_662_656, is: 'about' });
  expect(downloadSize({ ...entry, sources: [{ ...source, byteLength: 5 }] })).toEqual({
    byteLength: 5,
    is: 'exact',
  });
  expect(downloadSize({ ...entry, sources: [{ ...source, holdsMore: true }] }).is).toBe('more-than');
});

test('a hash in torch.hub’s file name is the one that is checked', () => {
  const sources = catalogue.models.flatMap((model) => model.sources);
  const named = sources.filter(({ url }) => /-[0-9a-f]{8}\.pth$/.test(url));
  expect(named.map(({ sha256 }) => sha256)).toEqual(named.map(({ url }) => url.slice(-12, -4)));
  expect(named).toHaveLength(1);
});

describe('a wrong catalogue does not pass', () => {
  test.each<[string, (draft: Draft) => void, RegExp]>([
    ['a host that is not listed', (d) => delete d.hosts['https://huggingface.co'], /on no host of the list/],
    ['a host of no use', (d) => (d.hosts['https://example.org'] = []), /nothing comes from/],
    ['a redirect to anywhere', (d) => (d.hosts['https://huggingface.co'] = ['*']), /huggingface/],
    ['an id that is a path', (d) => (first(d)['id'] = '../x'), /id is/],
    ['an id twice', (d) => d.models.push(first(d)), /twice/],
    ['no source', (d) => (first(d)['sources'] = []), /no source/],
    ['plain http', (d) => (first(d)['sources'] = [{ url: 'http://huggingface.co/x' }]), /url is/],
    [
      'a format that is not read',
      (d) => (first(d)['sources'] = [{ url: 'https://huggingface.co/x', format: 'onnx' }]),
      /format is "onnx"/,
    ],
    [
      'heads that do not fit',
      (d) => Object.assign(first(d)['architecture'] as object, { numHeads: 7 }),
      /heads/,
    ],
    ['no licence', (d) => delete first(d)['licence'], /licence/],
    [
      'a figure without a value',
      (d) => (first(d)['figures'] = { source: 'x', values: [{ name: 'y' }] }),
      /value/,
    ],
  ])('%s', (_, change, problem) => {
    expect(() => parseCatalogue(changed(change))).toThrow(problem);
  });
});

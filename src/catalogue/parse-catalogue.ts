/**
 * The catalogue: published checkpoints that the page offers, where they lie, what is known of them. It says only what
 * somebody has looked up; a size that nobody has measured is worked out from the architecture and called so.
 */
import { elementCount, parameterShapes, type VitArchitecture } from '../core/architecture.ts';
import type { PublishedHead } from '../core/linear-head.ts';

export interface CatalogueSource {
  readonly url: string;
  readonly format: 'safetensors' | 'pytorch';
  /** The file's exact length, where it is known. */
  readonly byteLength: number | null;
  /** Lower-case hexadecimal, the whole hash or its beginning: torch.hub puts the first eight digits into a file's name. */
  readonly sha256: string | null;
  /** A whole training (optimizer, second network): larger than its parameters by an amount that nobody wrote down. */
  readonly holdsMore: boolean;
}

/** What a download must turn out to be. */
export interface CatalogueArchitecture {
  readonly embedDim: number;
  readonly depth: number;
  /** No file records it. */
  readonly numHeads: number;
  readonly patchSize: number;
  readonly gridSize: number;
  /** Tokens beside CLS and the patches; a network that has some has layer scales too. */
  readonly numRegisters: number;
  readonly layerScale: boolean;
}

/** A linear classifier for ImageNet's classes that is published beside a network. */
export interface CatalogueClassifier extends PublishedHead {
  readonly title: string;
}

export interface CatalogueEntry {
  /** Also the name under which it is kept. */
  readonly id: string;
  readonly title: string;
  readonly group: 'dino' | 'comparison';
  readonly architecture: CatalogueArchitecture;
  /** Asked in this order. */
  readonly sources: readonly [CatalogueSource, ...CatalogueSource[]];
  readonly licence: string;
  readonly figures: {
    readonly source: string;
    /** In per cent. */
    readonly values: readonly { readonly name: string; readonly value: number }[];
  } | null;
  readonly note: string | null;
  readonly classifiers: readonly CatalogueClassifier[];
}

export interface Catalogue {
  /** The origins that may be asked, and those that they redirect to; the page's policy allows these and no others. */
  readonly origins: readonly string[];
  readonly models: readonly CatalogueEntry[];
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (json: unknown, what: string): Fields => {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new Error(`${what} is no object`);
  return json as Fields;
};

const listOf = (json: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(json)) throw new Error(`${what} is no list`);
  return json;
};

function textOf(json: unknown, what: string, pattern = /\S/): string {
  if (typeof json !== 'string' || !pattern.test(json)) throw new Error(`${what} is ${JSON.stringify(json)}`);
  return json;
}

function numberOf(json: unknown, what: string): number {
  if (typeof json !== 'number' || !(json > 0)) throw new Error(`${what} is ${JSON.stringify(json)}`);
  return json;
}

const wholeNumberOf = (json: unknown, what: string): number => {
  const value = numberOf(json, what);
  if (!Number.isInteger(value)) throw new Error(`${what} is ${value}, not a whole number`);
  return value;
};

const choiceOf = <T extends string>(json: unknown, choices: readonly T[], what: string): T => {
  const found = choices.find((choice) => choice === json);
  if (found === undefined) throw new Error(`${what} is ${JSON.stringify(json)}, not ${choices.join(' or ')}`);
  return found;
};

function urlOf(json: unknown, what: string, hosts: Fields): string {
  const url = textOf(json, `${what}: url`, /^https:\/\//);
  if (!(new URL(url).origin in hosts)) throw new Error(`${what}: ${url} is on no host of the list`);
  return url;
}

/** Where a file lies, and what it is checked by as far as somebody has written it down. */
const parseFile = (fields: Fields, what: string, hosts: Fields) => ({
  url: urlOf(fields['url'], what, hosts),
  byteLength: fields['bytes'] === undefined ? null : wholeNumberOf(fields['bytes'], `${what}: bytes`),
  sha256:
    fields['sha256'] === undefined ? null : textOf(fields['sha256'], `${what}: sha256`, /^[0-9a-f]{8,64}$/),
});

function parseSource(json: unknown, what: string, hosts: Fields): CatalogueSource {
  const fields = fieldsOf(json, what);
  return {
    ...parseFile(fields, what, hosts),
    format: choiceOf(fields['format'], ['safetensors', 'pytorch'], `${what}: format`),
    holdsMore: fields['holdsMore'] === true,
  };
}

function parseArchitecture(json: unknown, what: string): CatalogueArchitecture {
  const fields = fieldsOf(json, what);
  const size = (name: string): number => wholeNumberOf(fields[name], `${what}: ${name}`);
  const architecture = {
    embedDim: size('embedDim'),
    depth: size('depth'),
    numHeads: size('numHeads'),
    patchSize: size('patchSize'),
    gridSize: size('gridSize'),
    numRegisters: fields['numRegisters'] === undefined ? 0 : size('numRegisters'),
    layerScale: fields['layerScale'] === true,
  };
  if (architecture.embedDim % architecture.numHeads !== 0) throw new Error(`${what}: the heads do not fit`);
  return architecture;
}

function parseFigures(json: unknown, what: string): CatalogueEntry['figures'] {
  if (json === null) return null;
  const fields = fieldsOf(json, what);
  return {
    source: textOf(fields['source'], `${what}: source`),
    values: listOf(fields['values'], `${what}: values`).map((each) => {
      const figure = fieldsOf(each, what);
      return {
        name: textOf(figure['name'], `${what}: name`),
        value: numberOf(figure['value'], `${what}: value`),
      };
    }),
  };
}

function parseClassifier(json: unknown, what: string, hosts: Fields): CatalogueClassifier {
  const fields = fieldsOf(json, what);
  return {
    ...parseFile(fields, what, hosts),
    title: textOf(fields['title'], `${what}: title`),
    classCount: wholeNumberOf(fields['classes'], `${what}: classes`),
    inputCount: wholeNumberOf(fields['inputs'], `${what}: inputs`),
  };
}

function parseEntry(json: unknown, hosts: Fields): CatalogueEntry {
  const fields = fieldsOf(json, 'a model');
  // A name, not a path: it becomes a folder's.
  const id = textOf(fields['id'], 'id', /^[a-z0-9-]+$/);
  const [first, ...others] = listOf(fields['sources'], `${id}: sources`).map((source, i) =>
    parseSource(source, `${id}: source ${i + 1}`, hosts),
  );
  if (first === undefined) throw new Error(`${id} has no source`);
  return {
    id,
    title: textOf(fields['title'], `${id}: title`),
    group: choiceOf(fields['group'], ['dino', 'comparison'], `${id}: group`),
    architecture: parseArchitecture(fields['architecture'], `${id}: architecture`),
    sources: [first, ...others],
    licence: textOf(fields['licence'], `${id}: licence`),
    figures: parseFigures(fields['figures'], `${id}: figures`),
    note: fields['note'] === null ? null : textOf(fields['note'], `${id}: note`),
    classifiers: listOf(fields['classifiers'] ?? [], `${id}: classifiers`).map((each) =>
      parseClassifier(each, `${id}: classifier`, hosts),
    ),
  };
}

/** @throws Error that names the field which is wrong: the page is not built then */
export function parseCatalogue(json: unknown): Catalogue {
  const fields = fieldsOf(json, 'the catalogue');
  const hosts = fieldsOf(fields['hosts'], 'hosts');
  const models = listOf(fields['models'], 'models').map((model) => parseEntry(model, hosts));
  if (new Set(models.map(({ id }) => id)).size < models.length) throw new Error('an id is there twice');
  const used = new Set(models.flatMap(({ sources }) => sources.map(({ url }) => new URL(url).origin)));
  const origins = Object.entries(hosts).flatMap(([origin, redirects]) => {
    if (!used.has(origin)) throw new Error(`nothing comes from ${origin}`);
    const pattern = /^https:\/\/(\*\.)?[a-z0-9.-]+$/;
    return [origin, ...listOf(redirects, origin).map((each) => textOf(each, origin, pattern))];
  });
  return { origins, models };
}

/** With biases everywhere and an MLP four times as wide, as all in the catalogue are. */
export const wholeArchitecture = (architecture: CatalogueArchitecture): VitArchitecture => ({
  ...architecture,
  family: 'dino',
  mlpRatio: 4,
  qkvBias: true,
  layerNormEps: 1e-6,
});

export function countParameters(architecture: CatalogueArchitecture): number {
  const shapes = parameterShapes(wholeArchitecture(architecture));
  return [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
}

const bytesPerParameter = 4;

/** How many bytes a download brings: known, about, or not below. */
export function downloadSize({ architecture, sources: [source] }: CatalogueEntry): {
  readonly byteLength: number;
  readonly is: 'exact' | 'about' | 'more-than';
} {
  if (source.byteLength !== null) return { byteLength: source.byteLength, is: 'exact' };
  return {
    byteLength: countParameters(architecture) * bytesPerParameter,
    is: source.holdsMore ? 'more-than' : 'about',
  };
}

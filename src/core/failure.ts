import { formatBytes } from './bytes.ts';
import { formatSize, type Size } from './geometry.ts';
import { isPacked } from './recognise-file.ts';
import { withUnit } from './with-unit.ts';

export type BackendName = 'webgpu' | 'wasm' | 'cpu';

export interface ShapeMismatch {
  readonly name: string;
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

/** What this page keeps in the browser. */
export interface KeptBytes {
  readonly models: number;
  readonly runs: number;
  readonly collections: number;
}

/** Every expected failure of the program. The table below says what each one means. */
export type Failure =
  // A photograph
  | { readonly code: 'empty-file' }
  | { readonly code: 'unreadable-file' }
  /** `what` it is instead, with its article, where that is known. */
  | { readonly code: 'not-an-image'; readonly what?: string }
  | { readonly code: 'vector-image' }
  | { readonly code: 'unsupported-image'; readonly format: string }
  | { readonly code: 'damaged-image'; readonly format: string; readonly problem: 'truncated' | 'undecodable' }
  | {
      readonly code: 'image-too-large';
      readonly size: Size;
      readonly limitMegapixels: number;
      readonly limitSidePx: number;
    }
  | { readonly code: 'image-too-small'; readonly size: Size; readonly minSidePx: number }
  /** A mask that came beside its photograph. */
  | { readonly code: 'mask-of-photograph'; readonly photographName: string }
  /** The browser gives pages noise in place of pixels. */
  | { readonly code: 'pixels-hidden' }
  /** Several photographs are looked at together, and their passes take all the memory that passes may take. */
  | { readonly code: 'no-room-together' }
  // A model
  | { readonly code: 'model-unreachable'; readonly url: string; readonly status: number | null }
  | { readonly code: 'model-manifest-invalid'; readonly problem: string }
  | { readonly code: 'model-shard-damaged'; readonly path: string; readonly problem: string }
  | {
      readonly code: 'model-parameters-mismatch';
      readonly missing: readonly string[];
      readonly unexpected: readonly string[];
      readonly misshaped: readonly ShapeMismatch[];
    }
  | { readonly code: 'checkpoint-invalid'; readonly problem: string }
  /**
   * A head count is in no tensor, and the usual rule (64 channels a head) does not apply here: a person must give it. `mayBe`: it does
   * apply, but MoCo v3's small network, which this may be, has so many.
   */
  | { readonly code: 'heads-unknown'; readonly embedDim: number; readonly mayBe?: number }
  /** The number of positions is not a square and one CLS token, so a person must give the rows and columns. */
  | { readonly code: 'grid-unknown'; readonly positions: number }
  /** Every parameter is there and fits, but the network's output is not attention. */
  | { readonly code: 'model-fails-check'; readonly problem: string }
  // A download, and what the browser keeps of it
  | { readonly code: 'download-interrupted'; readonly host: string; readonly keptBytes: number }
  | {
      readonly code: 'download-damaged';
      readonly host: string;
      readonly problem: string;
      /** Absent: a model. */
      readonly what?: 'classifier';
    }
  /** No source gave the file; their failures, in the order in which they were asked. */
  | { readonly code: 'download-failed'; readonly reasons: readonly Failure[] }
  | {
      readonly code: 'storage-full';
      readonly neededBytes: number | null;
      readonly freeBytes: number | null;
      /** What of this page lies there and could be deleted; absent where nobody has looked. */
      readonly kept?: KeptBytes;
    }
  | { readonly code: 'storage-failed'; readonly problem: string }
  /** Another window of the page is writing it. */
  | { readonly code: 'model-busy' }
  /** Another window of the page computes with it. */
  | { readonly code: 'model-in-use' }
  | { readonly code: 'model-not-kept' }
  // Training
  | { readonly code: 'training-impossible'; readonly problems: readonly string[] }
  /** The loss or a gradient was not finite; the networks are as they were before this step. */
  | { readonly code: 'training-diverged'; readonly step: number }
  /** Another window of the page is training it. */
  | { readonly code: 'run-busy' }
  | { readonly code: 'run-not-kept' }
  | { readonly code: 'run-file-invalid'; readonly problem: string }
  // Recognition
  /** Another window of the page is changing it. */
  | { readonly code: 'collection-busy' }
  | { readonly code: 'collection-not-kept' }
  /** Another window has changed it since this one read it. */
  | { readonly code: 'collection-changed' }
  /** Its features came from another model than the one that was named. */
  | { readonly code: 'collection-other-model'; readonly modelTitle: string }
  /** A linear probe's file. */
  | { readonly code: 'probe-invalid'; readonly problem: string }
  /** A .npy file. */
  | { readonly code: 'array-invalid'; readonly problem: string }
  // The machine that computes
  | { readonly code: 'backend-unavailable'; readonly backend: BackendName; readonly reason: string }
  | {
      readonly code: 'backend-wrong';
      readonly backend: BackendName;
      readonly maxAbsDifference: number;
      readonly tolerance: number;
    }
  | { readonly code: 'gpu-error'; readonly message: string }
  | { readonly code: 'device-lost'; readonly message: string }
  | { readonly code: 'out-of-memory'; readonly tokens: number | null }
  | { readonly code: 'wrong-result'; readonly problem: string }
  // The page's own scripts, and the worker
  /** `isGone`: the host no longer has it, because the page was updated after this tab was opened. */
  | { readonly code: 'script-missing'; readonly isGone: boolean }
  | { readonly code: 'worker-crashed'; readonly message: string }
  /** The worker was started and reported nothing. */
  | { readonly code: 'worker-silent' }
  /** A cancelled call did not end in time. */
  | { readonly code: 'worker-stuck' }
  | { readonly code: 'cancelled' };

/** A back end that did not answer in time. */
export const silenceOf = (backend: BackendName): Failure => ({
  code: 'backend-unavailable',
  backend,
  reason: 'it did not answer in time',
});

export type FailureCode = Failure['code'];

/** What caused a failure. A file may be a photograph or a model. 'nothing': wait, or try again. */
type FailureSource = 'file' | 'photograph' | 'model' | 'storage' | 'training' | 'engine' | 'page' | 'nothing';

interface FailureFacts<F extends Failure> {
  /** One or two sentences: what happened, and what to do. */
  readonly says: string | ((failure: F) => string);
  readonly of: FailureSource;
  /** The engine's memory or device may be damaged after it, so the worker is replaced. */
  readonly isFinal: boolean;
}

const of = (source: FailureSource, isFinal = false) => ({ of: source, isFinal });

const listNames = (names: readonly string[]): string =>
  names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');

/** Abbreviations are written in capitals (TIFF), names of several words as a sentence begins (Camera raw). */
const formatName = (format: string): string =>
  format.includes(' ') ? format.charAt(0).toUpperCase() + format.slice(1) : format.toUpperCase();

function describeMismatch({
  missing,
  unexpected,
  misshaped,
}: Extract<Failure, { code: 'model-parameters-mismatch' }>): string {
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`missing ${listNames(missing)}`);
  if (unexpected.length > 0) parts.push(`unexpected ${listNames(unexpected)}`);
  if (misshaped.length > 0)
    parts.push(
      listNames(
        misshaped.map((m) => `${m.name} is [${m.actual.join(', ')}], not [${m.expected.join(', ')}]`),
      ),
    );
  // Nothing is wrong with what there is.
  const isPart = missing.length > 0 && unexpected.length + misshaped.length === 0;
  return (
    `The model's parameters do not fit its architecture: ${parts.join('; ')}. Nothing was loaded.` +
    (isPart ? ' It may be one part of several files, which must be brought together.' : '')
  );
}

function describeUnreachable({ url, status }: Extract<Failure, { code: 'model-unreachable' }>): string {
  if (!/^https?:/.test(url)) return `There is no model at ${url}.`;
  return status === null
    ? `The model could not be fetched from ${url}: there was no answer. Check the connection and try again.`
    : `The model could not be fetched from ${url}: the server answered ${status}.`;
}

/** Names what there is to delete, and nothing that there is not. */
function adviseOnRoom(kept: KeptBytes | undefined): string {
  const disk = 'make room on the disk';
  if (kept === undefined)
    return `Delete a model, a training run or a collection that is kept here, or ${disk}.`;
  const sizes = [
    ['models', kept.models],
    ['training runs', kept.runs],
    ['collections', kept.collections],
  ] as const;
  const there = sizes.filter(([, bytes]) => bytes > 0);
  if (there.length === 0) return `Nothing is kept here that could be deleted: ${disk}.`;
  const what = there
    .map(([name, bytes], at) => `kept ${name} ${at === 0 ? 'take ' : ''}${formatBytes(bytes)}`)
    .join(', ');
  return `Here ${what}: delete what you no longer need, or ${disk}.`;
}

/** One row for each failure. A new code does not compile until it has one. */
const failures: { readonly [C in FailureCode]: FailureFacts<Extract<Failure, { code: C }>> } = {
  'empty-file': {
    ...of('file'),
    says: 'This file is empty (0 bytes). Perhaps the copy or download did not finish.',
  },
  'unreadable-file': {
    ...of('file'),
    says: 'This file could not be read. It may have been moved, or it is a folder.',
  },
  'not-an-image': {
    ...of('photograph'),
    says: ({ what }) => {
      const advice =
        what !== undefined && isPacked(what)
          ? 'Unpack it, and drop what is in it.'
          : 'Photographs as JPEG, PNG, WebP, AVIF, GIF or BMP work.';
      return `This is ${what === undefined ? '' : `${what}, `}not an image. ${advice}`;
    },
  },
  'vector-image': {
    ...of('photograph'),
    says: 'This is an SVG drawing, not a photograph. Export it as PNG and drop that.',
  },
  'unsupported-image': {
    ...of('photograph'),
    says: ({ format }) =>
      `${formatName(format)} images cannot be opened here. Save this one as JPEG, PNG or WebP.`,
  },
  'damaged-image': {
    ...of('photograph'),
    says: ({ format, problem }) =>
      problem === 'truncated'
        ? `This ${format.toUpperCase()} ends too early: part of the file is missing.`
        : `This ${format.toUpperCase()} is damaged and cannot be decoded.`,
  },
  'image-too-large': {
    ...of('photograph'),
    says: ({ size, limitMegapixels, limitSidePx }) =>
      `This image is ${withUnit(formatSize(size), 'px')}. The limit is ${limitMegapixels} megapixels ` +
      `and ${withUnit(limitSidePx, 'px')} a side: make it smaller first.`,
  },
  'image-too-small': {
    ...of('photograph'),
    says: ({ size, minSidePx }) =>
      `This image is ${withUnit(formatSize(size), 'px')}: too small to look at. Each side needs at least ${withUnit(minSidePx, 'px')}.`,
  },
  'mask-of-photograph': {
    ...of('photograph'),
    says: ({ photographName }) =>
      `This is the mask of ${photographName}, and no photograph: it is left out. Under another name it is taken in.`,
  },
  'pixels-hidden': {
    ...of('page'),
    says:
      'This browser gives pages noise in place of a photograph’s pixels (protection against fingerprinting), so nothing can be ' +
      'computed from it. Allow this page to read canvases, or use another browser.',
  },
  'no-room-together': {
    ...of('nothing'),
    says: 'There is no room in memory for this photograph beside the others. Remove some of them, or choose a smaller input size.',
  },
  'model-unreachable': { ...of('model'), says: describeUnreachable },
  'model-manifest-invalid': {
    ...of('model'),
    says: ({ problem }) => `The model's description is wrong: ${problem}. Nothing was loaded.`,
  },
  'model-shard-damaged': {
    ...of('model'),
    says: ({ path, problem }) =>
      `The model file ${path} is damaged: ${problem}. Nothing was loaded; fetch or convert it again.`,
  },
  'model-parameters-mismatch': { ...of('model'), says: describeMismatch },
  'checkpoint-invalid': {
    ...of('model'),
    says: ({ problem }) => `This checkpoint cannot be read: ${problem}.`,
  },
  'heads-unknown': {
    ...of('model'),
    says: ({ embedDim, mayBe }) =>
      'How many attention heads this network has is not in its file, ' +
      (mayBe === undefined
        ? `and its ${embedDim} channels are no multiple of 64. `
        : `and of those with ${embedDim} channels that are saved as it is, some have ${mayBe} (as MoCo v3’s) and some ${embedDim / 64}. `) +
      'Say how many there are (--heads on the command line), or give the config.json along with it.',
  },
  'grid-unknown': {
    ...of('model'),
    says: ({ positions }) =>
      `This network has ${positions} positions, which are not one CLS token and a square grid of patches` +
      (Number.isInteger(Math.sqrt(positions)) && positions > 0
        ? ` (but perhaps ${Math.sqrt(positions)} × ${Math.sqrt(positions)} without one for CLS). `
        : '. ') +
      'How many rows and columns of patches it was trained on is not in its file. ' +
      'Say it in its row of the list of models (--grid 6x8 on the command line), or give the config.json along with it.',
  },
  'model-fails-check': {
    ...of('model'),
    says: 'What this network computes is no attention: its parameters are damaged, or it is of another kind.',
  },
  'download-interrupted': {
    ...of('storage'),
    says: ({ host, keptBytes }) =>
      `The download from ${host} broke off` +
      (keptBytes > 0
        ? `; the ${formatBytes(keptBytes)} that came are kept, and it goes on from there.`
        : '. Check the connection and try again.'),
  },
  'download-damaged': {
    ...of('storage'),
    says: ({ host, problem, what = 'model' }) =>
      `What ${host} sent is not the ${what}: ${problem}. It was thrown away.`,
  },
  'download-failed': {
    ...of('storage'),
    says: ({ reasons }) => `The model could not be downloaded. ${reasons.map(describeFailure).join(' ')}`,
  },
  'storage-full': {
    ...of('storage'),
    says: ({ neededBytes, freeBytes, kept }) => {
      const needed = neededBytes === null ? '' : `: ${formatBytes(neededBytes)} are needed`;
      // What is free is an estimate, and a browser may refuse long before.
      const isBelieved = freeBytes !== null && neededBytes !== null && freeBytes < neededBytes;
      const free =
        freeBytes === null
          ? ''
          : isBelieved
            ? `, ${formatBytes(freeBytes)} are free`
            : `, although it says that ${formatBytes(freeBytes)} are free`;
      return `There is not enough room in this browser${needed}${free}. ${adviseOnRoom(kept)}`;
    },
  },
  'storage-failed': {
    ...of('storage'),
    says: ({ problem }) => `The browser’s storage does not work (${problem}).`,
  },
  'model-busy': {
    ...of('storage'),
    says: 'Another window of this page is downloading or changing this model. Wait for it, or cancel it there.',
  },
  'model-in-use': {
    ...of('storage'),
    says: 'Another window of this page uses this model. Use another one there first, or close that window.',
  },
  'model-not-kept': {
    ...of('storage'),
    says: 'This model is no longer in this browser: it was deleted, or the browser made room.',
  },
  'training-impossible': {
    ...of('training'),
    says: ({ problems }) => `Training cannot start: ${problems.join('; ')}.`,
  },
  'training-diverged': {
    ...of('training'),
    says: ({ step }) =>
      `The loss of step ${step} is not a finite number. The run was stopped, and the networks are as they ` +
      'were before that step. A lower learning rate may help.',
  },
  'run-busy': {
    ...of('training'),
    says: 'Another window of this page is training this run. Pause it there first.',
  },
  'run-not-kept': {
    ...of('training'),
    says: 'This run is no longer in this browser: it was deleted, or the browser made room.',
  },
  'collection-busy': {
    ...of('storage'),
    says: 'Another window of this page is changing this collection. Wait for it, or stop it there.',
  },
  'collection-not-kept': {
    ...of('storage'),
    says: 'This collection is no longer in this browser: it was deleted, or the browser made room.',
  },
  'collection-changed': {
    ...of('storage'),
    says: 'Another window of this page has changed this collection. It is shown as it is now; where your last change is missing, make it again.',
  },
  'collection-other-model': {
    ...of('nothing'),
    says: ({ modelTitle }) =>
      `The features of this collection came from ${modelTitle}. Use that model, or begin a new collection.`,
  },
  'probe-invalid': {
    ...of('file'),
    says: ({ problem }) => `This linear probe cannot be used here: ${problem}.`,
  },
  'array-invalid': { ...of('file'), says: ({ problem }) => `This array cannot be read: ${problem}.` },
  'run-file-invalid': {
    ...of('training'),
    says: ({ problem }) => `This is no run that can go on: ${problem}. Nothing was taken in.`,
  },
  'backend-unavailable': {
    ...of('engine'),
    says: ({ backend, reason }) => `The ${backend} back end cannot run here: ${reason}.`,
  },
  'backend-wrong': {
    ...of('engine'),
    says: ({ backend, maxAbsDifference, tolerance }) => {
      const measured = Number.isFinite(maxAbsDifference)
        ? `off by ${maxAbsDifference.toExponential(1)}, allowed ${tolerance.toExponential(0)}`
        : 'not even near';
      return `The ${backend} back end computes wrong numbers on this machine (${measured}), so it is not used.`;
    },
  },
  'gpu-error': {
    ...of('engine', true),
    says: ({ message }) =>
      `The graphics driver refused an operation (${message}). The result was thrown away.`,
  },
  'device-lost': {
    ...of('engine', true),
    says: ({ message }) => `The graphics device was lost${message === '' ? '' : ` (${message})`}.`,
  },
  'out-of-memory': {
    ...of('engine', true),
    says: ({ tokens }) =>
      tokens === null
        ? 'There was not enough memory. A smaller model, photograph or input size needs less.'
        : `There was not enough memory for ${tokens} tokens. Choose a smaller input size or patches that overlap less, and try again.`,
  },
  'wrong-result': {
    ...of('engine', true),
    says: ({ problem }) => `The result failed its check (${problem}) and is not shown.`,
  },
  'script-missing': {
    ...of('page'),
    says: ({ isGone }) =>
      isGone
        ? 'This page was updated after it was opened here, and a script that it needs is gone. Reload the page; open photographs have to be added again.'
        : 'A script of this page could not be fetched. Check the connection, or reload the page; open photographs have to be added again then.',
  },
  'worker-crashed': {
    ...of('engine', true),
    says: ({ message }) => `The engine stopped unexpectedly (${message}).`,
  },
  'worker-silent': { ...of('engine'), says: 'The engine’s worker was started and did not answer in time.' },
  'worker-stuck': {
    ...of('nothing'),
    says: 'The engine was too busy to hear the cancel and starts again.',
  },
  cancelled: { ...of('nothing'), says: 'Cancelled.' },
};

/** @returns one or two sentences that say what happened and what to do, for the page and the command line alike */
export function describeFailure(failure: Failure): string {
  // Each row takes the failure of its own code.
  const { says } = failures[failure.code] as FailureFacts<Failure>;
  return typeof says === 'string' ? says : says(failure);
}

/** Whether a failure that was kept is one of this version's. */
export const isKnownFailure = (code: unknown): code is FailureCode =>
  typeof code === 'string' && Object.hasOwn(failures, code);

/** The engine must be replaced; a new one may succeed. */
export const isFinalFailure = ({ code }: Failure): boolean => failures[code].isFinal;

/** The file itself is the reason, so it fails each time. */
export const failsAlways = ({ code }: Failure): boolean =>
  failures[code].of === 'photograph' || code === 'empty-file';

const noPictures: ReadonlySet<FailureCode> = new Set(['empty-file', 'not-an-image', 'vector-image']);

/** The photograph is the reason, and others may succeed: they need not wait for it. */
export const isOfOnePhoto = ({ code }: Failure): boolean =>
  ['photograph', 'file'].includes(failures[code].of) || code === 'no-room-together';

/** What was brought is no photograph at all, where a damaged one is. */
export const isNoPicture = ({ code }: Failure): boolean => noPictures.has(code);

/** Caused by the machine, not by the file; another back end may succeed. */
export const isEngineFailure = ({ code }: Failure): boolean => failures[code].of === 'engine';

/** A start failed because of the model; with another model the engine may run. */
export const isModelFailure = ({ code }: Failure): boolean =>
  failures[code].of === 'model' || failures[code].of === 'file';

/**
 * Carries a `Failure` through code that can only be left by throwing (a tensor scope, a library's callback).
 * Whoever calls such code turns it back into a `Result` with `failureOf`.
 */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** @returns the failure that `error` carries, or null where `error` is a bug */
export const failureOf = (error: unknown): Failure | null =>
  error instanceof FailureError ? error.failure : null;

import type { Failure } from './failure.ts';
import { formatBytes } from './bytes.ts';
import { formatSize } from './geometry.ts';
import { assertNever } from './result.ts';

const listNames = (names: readonly string[]): string =>
  names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');

/** @returns one or two sentences that say what happened and what to do, for the page and the command line alike */
export function describeFailure(failure: Failure): string {
  switch (failure.code) {
    case 'empty-file':
      return 'This file is empty (0 bytes). Perhaps the copy or download did not finish.';
    case 'unreadable-file':
      return 'This file could not be read. It may have been moved, or it is a folder.';
    case 'not-an-image':
      return 'This is not an image. Photographs as JPEG, PNG, WebP, AVIF, GIF or BMP work.';
    case 'vector-image':
      return 'This is an SVG drawing, not a photograph. Export it as PNG and drop that.';
    case 'unsupported-image':
      return `${failure.format.toUpperCase()} images cannot be opened here. Save it as JPEG, PNG or WebP.`;
    case 'damaged-image':
      return failure.problem === 'truncated'
        ? `This ${failure.format.toUpperCase()} ends too early: part of the file is missing.`
        : `This ${failure.format.toUpperCase()} is damaged and cannot be decoded.`;
    case 'image-too-large':
      return (
        `This image is ${formatSize(failure.size)} px. The limit is ${failure.limitMegapixels} megapixels ` +
        `and ${failure.limitSidePx} px a side: make it smaller first.`
      );
    case 'image-too-small':
      return `This image is ${formatSize(failure.size)} px: too small to look at. Each side needs at least ${failure.minSidePx} px.`;
    case 'model-unreachable':
      if (!/^https?:/.test(failure.url)) return `There is no model at ${failure.url}.`;
      return failure.status === null
        ? `The model could not be fetched from ${failure.url}: there was no answer. Check the connection and try again.`
        : `The model could not be fetched from ${failure.url}: the server answered ${failure.status}.`;
    case 'model-manifest-invalid':
      return `The model's description is wrong: ${failure.problem}. Nothing was loaded.`;
    case 'model-shard-damaged':
      return `The model file ${failure.path} is damaged: ${failure.problem}. Nothing was loaded; fetch or convert it again.`;
    case 'model-parameters-mismatch': {
      const parts: string[] = [];
      if (failure.missing.length > 0) parts.push(`missing ${listNames(failure.missing)}`);
      if (failure.unexpected.length > 0) parts.push(`unexpected ${listNames(failure.unexpected)}`);
      if (failure.misshaped.length > 0)
        parts.push(
          listNames(
            failure.misshaped.map(
              (m) => `${m.name} is [${m.actual.join(', ')}], not [${m.expected.join(', ')}]`,
            ),
          ),
        );
      return `The model's parameters do not fit its architecture: ${parts.join('; ')}. Nothing was loaded.`;
    }
    case 'checkpoint-invalid':
      return `This checkpoint cannot be read: ${failure.problem}.`;
    case 'heads-unknown':
      return (
        `How many attention heads this network has is not in its file, and its ${failure.embedDim} channels are no multiple of 64. ` +
        'Say how many there are (--heads on the command line), or give the config.json along with it.'
      );
    case 'model-fails-check':
      return 'What this network computes is no attention: its parameters are damaged, or it is of another kind.';
    case 'download-interrupted':
      return (
        `The download from ${failure.host} broke off` +
        (failure.keptBytes > 0
          ? `; the ${formatBytes(failure.keptBytes)} that came are kept, and it goes on from there.`
          : '. Check the connection and try again.')
      );
    case 'download-damaged':
      return `What ${failure.host} sent is not the model: ${failure.problem}. It was thrown away.`;
    case 'download-failed':
      return `The model could not be downloaded. ${failure.reasons.map(describeFailure).join(' ')}`;
    case 'storage-full':
      return (
        'There is not enough room in this browser' +
        (failure.neededBytes === null ? '' : `: ${formatBytes(failure.neededBytes)} are needed`) +
        (failure.freeBytes === null ? '' : `, ${formatBytes(failure.freeBytes)} are free`) +
        '. Delete a model, or make room on the disk.'
      );
    case 'storage-failed':
      return `The browser’s storage does not work (${failure.problem}).`;
    case 'model-busy':
      return 'Another window of this page is downloading or changing this model. Wait for it, or cancel it there.';
    case 'model-not-kept':
      return 'This model is no longer in this browser: it was deleted, or the browser made room.';
    case 'training-impossible':
      return `Training cannot start: ${failure.problems.join('; ')}.`;
    case 'training-diverged':
      return (
        `The loss of step ${failure.step} is not a finite number. The run was stopped, and the networks are as they ` +
        'were before that step. A lower learning rate may help.'
      );
    case 'run-busy':
      return 'Another window of this page is training this run. Pause it there first.';
    case 'run-not-kept':
      return 'This run is no longer in this browser: it was deleted, or the browser made room.';
    case 'run-file-invalid':
      return `This is no run that can go on: ${failure.problem}. Nothing was taken in.`;
    case 'backend-unavailable':
      return `The ${failure.backend} back end cannot run here: ${failure.reason}.`;
    case 'backend-wrong': {
      const { backend, maxAbsDifference, tolerance } = failure;
      const measured = Number.isFinite(maxAbsDifference)
        ? `off by ${maxAbsDifference.toExponential(1)}, allowed ${tolerance.toExponential(0)}`
        : 'not even near';
      return `The ${backend} back end computes wrong numbers on this machine (${measured}), so it is not used.`;
    }
    case 'gpu-error':
      return `The graphics driver refused an operation (${failure.message}). The result was thrown away.`;
    case 'device-lost':
      return `The graphics device was lost${failure.message === '' ? '' : ` (${failure.message})`}.`;
    case 'out-of-memory':
      return failure.tokens === null
        ? 'There was not enough memory. A smaller model, photograph or input size needs less.'
        : `There was not enough memory for ${failure.tokens} tokens. Choose a smaller input size and try again.`;
    case 'wrong-result':
      return `The result failed its check (${failure.problem}) and is not shown.`;
    case 'worker-crashed':
      return `The engine stopped unexpectedly (${failure.message}).`;
    case 'worker-stuck':
      return 'The engine was too busy to hear the cancel and starts again.';
    case 'cancelled':
      return 'Cancelled.';
    default:
      return assertNever(failure);
  }
}

/** Options of the commands that recognise photographs by their features. */
import { defineCodec, oneOf, wholeNumber, type Codec } from '../../src/core/codec.ts';
import { featureKinds, type FeatureKind, type FeatureSettings } from '../../src/core/recognition.ts';
import { blockField, blockIndex, type BlockChoice } from '../../src/lenses/block-choice.ts';
import type { ModelDescription } from '../../src/core/model.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { describeFields } from './codec-options.ts';
import { commonOptions } from './common-options.ts';

export interface RecogniseParams {
  readonly feature: FeatureKind;
  readonly block: BlockChoice;
  readonly framing: FeatureSettings['framing'];
  readonly side: number;
}

/** @param usual what a command takes where nothing is said */
export const recogniseCodec = (usual: Pick<RecogniseParams, 'feature' | 'framing'>): Codec<RecogniseParams> =>
  defineCodec<RecogniseParams>({
    feature: oneOf(featureKinds, {
      defaultValue: usual.feature,
      help: 'CLS; the mean of the patches; both; or CLS and the patches’ GeM, as in the official copy detection',
    }),
    block: blockField,
    framing: oneOf(['official', 'photograph', 'square'], {
      defaultValue: usual.framing,
      help:
        'official: the middle square of a photograph whose shorter side was made 256/224 of the side, as in the official k-NN;\n' +
        `${' '.repeat(21)}photograph: the whole one with its shape; square: squashed`,
    }),
    side: wholeNumber({
      defaultValue: 224,
      min: 16,
      max: 2048,
      help: 'in px, what the model sees; of the shape photograph its long side',
    }),
  });

/** Besides those of a command's codecs. */
export const recogniseOptions = {
  model: commonOptions.model,
  backend: commonOptions.backend,
  out: { type: 'string', default: 'look-out' },
  ...checkpointOptions,
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const recogniseUsage = (
  fields: object,
): string => `  --model <path>     a checkpoint file as npm run convert takes it, or a folder in tfjs format (default: the embedded model)
  --backend <name>   wasm, cpu, or webgpu by Dawn (default: wasm)
  --out <folder>     where the files go (default: look-out)

How photographs are compared:
${describeFields(fields as never)}

Of a checkpoint file:
${checkpointUsage}`;

/** @returns the settings for this network, blocks from 1 */
export const settingsOf = (
  { block, framing, side }: RecogniseParams,
  model: Pick<ModelDescription, 'depth'>,
): FeatureSettings => ({ block: blockIndex(block, model) + 1, framing, sidePx: side });

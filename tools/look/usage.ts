/** What npm run look says of itself. */
import type { Fields } from '../../src/core/codec.ts';
import { contractOf, lensIds, type LensId } from '../../src/lenses/contracts.ts';
import { sharedDrawing } from '../../src/render/shared-drawing.ts';
import { checkpointUsage } from '../checkpoint-file.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { againstUsage } from './against.ts';
import { describeFields } from './codec-options.ts';
import { commonUsage } from './common-options.ts';

const lensList = lensIds
  .map((id) => `  ${id.padEnd(12)} ${contractOf(id).about.replace(/\.$/, '')}`)
  .join('\n');

export const usageOf = (id: LensId): string => `Usage: npm run look -- ${id} <images…> [options]

${contractOf(id).about} Writes for each image <name>-${id}.npy (the main array), <name>-${id}.json (model, where the
patches lie, parameters, numbers), <name>-${id}.png, and a picture of each way to draw it, as the page draws them.

${photographUsage}

${commonUsage}
${againstUsage}
  --out <folder>     where the files go (default: look-out)
  --cutout           each mask, and what it cuts out, as PNG too; of lenses that make masks

What is computed:
${describeFields(contractOf(id).params.fields)}

How it is drawn:
${describeFields({ ...contractOf(id).drawing.fields, ...sharedDrawing.fields } as Fields<object>)}

Of a checkpoint file:
${checkpointUsage}`;

export const generalUsage = `Usage: npm run look -- <lens> <images…> [options]

Lenses:
${lensList}

Without a picture:
  ${'classes'.padEnd(12)} The likeliest classes by a published linear classifier, as ImageNet's
  ${'features'.padEnd(12)} The features of all tokens, as numbers
  ${'knn'.padEnd(12)} Classes of photographs by their nearest neighbours in folders of folders
  ${'linear'.padEnd(12)} A linear probe for the classes of folders of folders
  ${'look-alikes'.padEnd(12)} Each photograph's nearest others, and groups that are nearly the same

npm run look -- <lens> --help tells what a lens can be told.`;

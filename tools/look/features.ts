/** npm run look -- features <images…>: the numbers that lenses compare patches by. It draws nothing, so it is no lens of the page. */
import { join } from 'node:path';
import { defineCodec } from '../../src/core/codec.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { encodeNpy } from '../../src/formats/npy.ts';
import { featureFields, featuresOf, type FeatureParams } from '../../src/lenses/feature-choice.ts';
import { installDawn } from '../dawn.ts';
import { findModel } from '../attend/find-model.ts';
import { checkpointOptions, checkpointUsage } from '../checkpoint-file.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, stopWithout } from '../read-options.ts';
import { makeFolder } from '../file-problem.ts';
import { stopWith } from '../stop-with.ts';
import { writeWhole } from '../write-whole.ts';
import { forEachPhoto, photographsOf } from './batch.ts';
import { describeFields, optionsOf, readFields } from './codec-options.ts';
import {
  checkOverlap,
  checkParts,
  commonOptions,
  commonUsage,
  readBackend,
  readFraming,
} from './common-options.ts';
import { openEngine } from './open-engine.ts';
import { createNames } from './output-names.ts';

const codec = defineCodec<FeatureParams>(featureFields);

const usage = `Usage: npm run look -- features <images…> [options]

The features of all tokens, as numbers. Writes for each image <name>-features.npy (float32, [tokens, channels]: CLS, registers, then the
patches row by row) and <name>-features.json (model, where the patches lie, which block and facet).

${photographUsage}

${commonUsage}
  --out <folder>     where the files go (default: look-out)

What is written:
${describeFields(codec.fields)}

Of a checkpoint file:
${checkpointUsage}`;

/** @param args without the word 'features' @returns the command's exit code */
export async function writeFeatures(args: readonly string[]): Promise<number> {
  const { values: options, positionals: images } = readOptions(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        ...commonOptions,
        out: { type: 'string', default: 'look-out' },
        ...checkpointOptions,
        ...optionsOf(codec),
        help: { type: 'boolean', short: 'h', default: false },
      },
    },
    usage,
  );
  if (options.help) stopWith(usage, 0);
  if (images.length === 0) stopWithout('at least one image', usage);
  const params = readFields(codec, options);
  const backend = readBackend(options.backend);
  const framing = readFraming(options);
  const found = await photographsOf(images, options.out);
  const load = await findModel(options.model, options);
  if (backend === 'webgpu') await installDawn();
  const engine = await openEngine(load, backend);
  checkOverlap(framing, engine.model);
  checkParts(params, engine.model);
  const { model } = engine;
  console.log(`${model.title} on ${engine.engine.backend.name} (${engine.engine.backend.device})`);
  await makeFolder(options.out);
  const nameFor = createNames(options.out);
  const choice = featuresOf(params, model);
  const failures = await forEachPhoto(found, async (path, photo) => {
    const read = await engine.readTokens(choice, path, photo, framing);
    if (!read.ok) return { problem: describeFailure(read.error) };
    const name = `${await nameFor(path, ['-features.npy', '-features.json'])}-features`;
    const { values, frame, tokens, timings } = read.value;
    const shape = [tokens, model.embedDim];
    await writeWhole(join(options.out, `${name}.npy`), encodeNpy({ shape, values }));
    const facts = {
      image: path,
      model,
      backend: engine.engine.backend.name,
      frame,
      overlap: framing.overlap,
      tokens,
      timings,
      ...choice,
      arrays: [{ file: `${name}.npy`, shape }],
    };
    await writeWhole(join(options.out, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
    return { done: `${choice.facet} of block ${choice.block}, ${shape.join(' × ')}` };
  });
  engine.dispose();
  return failures === 0 ? 0 : 1;
}

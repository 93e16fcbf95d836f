/** npm run look -- classes: the likeliest classes of photographs by a published linear classifier, or by a probe of our own. */
import { join } from 'node:path';
import { defineCodec, wholeNumber } from '../../src/core/codec.ts';
import { describeFailure } from '../../src/core/failure.ts';
import { classify } from '../../src/recognise/classify.ts';
import { openClassifier } from '../../src/recognise/open-classifier.ts';
import { openFile } from '../checkpoint-file.ts';
import { photographUsage } from '../photographs/find-photographs.ts';
import { readOptions, stopWithout } from '../read-options.ts';
import { makeFolder } from '../file-problem.ts';
import { stopWith } from '../stop-with.ts';
import { keepInputs } from '../inputs.ts';
import { writeWhole } from '../write-whole.ts';
import { forEachPhoto, photographsOf } from './batch.ts';
import { optionsOf, readFields } from './codec-options.ts';
import { recogniseCodec, recogniseOptions, recogniseUsage } from './recognise-options.ts';
import { openFor } from './recognised.ts';

const { fields } = recogniseCodec({ feature: 'cls', framing: 'official' });
// What a classifier takes from which blocks stands in its file.
const codec = defineCodec({ framing: fields.framing, side: fields.side });
const topCodec = defineCodec<{ readonly top: number }>({
  top: wholeNumber({
    defaultValue: 5,
    min: 1,
    max: 1000,
    help: 'how many classes are told of each photograph',
  }),
});

const usage = `Usage: npm run look -- classes <images…> --head <file> [options]

The likeliest classes with their probabilities. Writes classes.json: of each photograph its class, and the likeliest ones.

  --head <file>      a linear classifier as DINO and DINOv2 publish it beside their networks (dino_deitsmall16_linearweights.pth,
                     dinov2_vits14_linear_head.pth, …), or linear.safetensors as npm run look -- linear writes it. It must belong to --model.
                     Of our own the framing and the side stand in the file.
${photographUsage}

${recogniseUsage({ ...topCodec.fields, ...codec.fields })}`;

/** @param args without the word 'classes' @returns the command's exit code */
export async function writeClasses(args: readonly string[]): Promise<number> {
  const { values: options, positionals: images } = readOptions(
    {
      args: [...args],
      allowPositionals: true,
      options: { ...recogniseOptions, head: { type: 'string' }, ...optionsOf(codec, topCodec) },
    },
    usage,
  );
  if (options.help) stopWith(usage, 0);
  if (images.length === 0) stopWithout('at least one image', usage);
  if (options.head === undefined) stopWithout('a linear classifier, --head <file>', usage);
  const { framing, side } = readFields(codec, options);
  const { top } = readFields(topCodec, options);
  const found = await photographsOf(images, options.out);
  const file = await openFile(options.head);
  await keepInputs([options.head]);
  const { engine } = await openFor(options, { feature: 'cls', block: 'last', framing, side });
  const head = await openClassifier(file, engine.model);
  if (!head.ok) stopWith(`${options.head}: ${describeFailure(head.error)}`);
  const { probe, blocks, inputOf, nameOf, madeOf } = head.value;
  const framed = madeOf ?? { framing, sidePx: side };
  if (madeOf !== null)
    console.log(
      `${options.head} learned from features of ${madeOf.modelTitle}, framing ${framed.framing}, ${framed.sidePx} px`,
    );
  if (madeOf !== null && madeOf.modelTitle !== engine.model.title)
    console.error(
      `${options.head} knows nothing of the features of ${engine.model.title}: what it tells may mean nothing.`,
    );
  await makeFolder(options.out);
  const predictions: Record<string, string> = {};
  const likeliest: Record<string, object[]> = {};
  const failures = await forEachPhoto(found, async (path, photo) => {
    const made = await engine.poolBlocks(blocks, framed, path, photo);
    if (!made.ok) return { problem: describeFailure(made.error) };
    const told = await classify(probe, inputOf(made.value.features), top, nameOf);
    predictions[path] = told[0]?.name ?? '';
    likeliest[path] = told;
    const words = told.map(({ name, probability }) => `${name} ${(probability * 100).toFixed(1)} %`);
    return { done: words.join('; ') };
  });
  const facts = {
    model: engine.model,
    head: options.head,
    framing: framed.framing,
    sidePx: framed.sidePx,
    predictions,
    likeliest,
  };
  await writeWhole(join(options.out, 'classes.json'), `${JSON.stringify(facts, null, 2)}\n`);
  engine.dispose();
  return failures === 0 ? 0 : 1;
}

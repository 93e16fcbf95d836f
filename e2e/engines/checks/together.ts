import reference from '../../../tools/reference/fixtures/similarity.json' with { type: 'json' };
import { until } from '../page/app.ts';
import { check, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';

export const togetherChecks: readonly Check[] = [
  check('two photographs have the correspondences that NumPy found, drawn between them', async (app) => {
    const wanted = reference.embedded.find(({ samples: [first] }) => first === 'cat');
    if (wanted === undefined) throw new Error('no case of the cat');
    const { samples, side, block, facet, matches } = wanted;
    await app.open(`backend=wasm&side=${side}&lens=correspondences&block=${block}&facet=${facet}`);
    await app.give(...(await Promise.all(samples.slice(0, 2).map((sample) => sampleFile(sample)))));
    await app.allDone(2);
    await app.get('img', /Beside it: .* 10 pairs drawn between them/);
    await app.factIs('Mutual nearest', String(matches.mutual.length));
    await app.factIs('Salient', String(matches.salient.length));
    const withLines = await until('something is drawn between the photographs', async () => {
      const pixels = await app.pixels('overlay');
      return pixels.data.some((value) => value > 0) && pixels;
    });
    await app.switchTo('Lines', false);
    await until('the lines go', async () => {
      const { data } = await app.pixels('overlay');
      return data.some((value, at) => value !== withLines.data[at]);
    });
    await app.switchTo('Lines', true);
  }),
  check('a patch is asked in all photographs', async (app) => {
    await app.open('backend=wasm&side=224&lens=similarity');
    await app.give(await sampleFile('cat'), await sampleFile('dog'));
    await app.allDone(2);
    const before = await until('the map of CLS', async () => {
      const pixels = await app.pixels('overlay');
      return pixels.data.some((value) => value > 0) && pixels;
    });
    await app.key('q');
    await app.reads(/How alike the patches are to patch \(row \d+, column \d+\): cosines/, () => app.stage);
    await until('the map is not that of CLS', async () => {
      const { data } = await app.pixels('overlay');
      return data.some((value, at) => value !== before.data[at]);
    });
    await app.select('dog.jpg');
    await app.reads(/column \d+\) of another photograph: cosines/, () => app.stage);
  }),
];

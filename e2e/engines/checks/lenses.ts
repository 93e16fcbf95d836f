import { type App, until } from '../page/app.ts';
import { check, ensure, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';

/** The overlay of the stage, once something is drawn that differs from `before`. */
const drawn = (app: App, before: ImageData | null): Promise<ImageData> =>
  until(`a picture over the photograph; ${app.text(app.stage ?? undefined)}`, async () => {
    const pixels = await app.pixels('overlay');
    const { data } = pixels;
    const isOther = before === null || data.some((value, at) => value !== before.data[at]);
    return data.some((value) => value > 0) && isOther && pixels;
  });

export const lensChecks: readonly Check[] = [
  check('every lens draws its picture and says what it shows', async (app) => {
    await app.open('backend=wasm&side=160');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    let picture: ImageData | null = null;
    for (const [lens, sentence] of [
      ['Heads', /Each colour is a head/],
      ['Rollout', /What has reached CLS through \d+ blocks/],
      ['Norms', /norm/],
      ['Similarity', /How alike the patches are/],
      ['Objects', /object|box/i],
      ['Colours', /Components 1 to 3/],
    ] as const) {
      await app.choose(new RegExp(`^${lens}`));
      await app.reads(sentence, () => app.stage);
      picture = await drawn(app, picture);
    }
    await app.choose(/^Layers/);
    await app.reads(/a row is a block/, () => app.stage);
    await app.choose(/^Correspondences/);
    await app.reads(/It takes a second photograph/, () => app.stage);
  }),

  check('two models stand side by side, and Back leaves the training for them', async (app) => {
    await app.open('backend=wasm&side=128');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    await app.choose('Mean');
    const field = (await app.get('combobox', 'Compare with')) as HTMLSelectElement;
    field.focus();
    const other = await until('another model to compare with', () =>
      [...field.options].find(({ textContent }) => /supervised/i.test(textContent)),
    );
    field.value = other.value;
    field.dispatchEvent(new app.window.Event('change', { bubbles: true }));
    await app.reads(/Masks of 60\s% share/);
    await app.choose('Swipe');
    await app.get('slider', 'Line between the two pictures');
    await app.choose('Difference');
    await app.reads(/Red: brighter for/);
    // Letters would choose other models.
    field.blur();
    await app.key('r');
    await app.get('button', 'Start training');
    app.window.history.back();
    await app.reads(/Red: brighter for/);
    ensure(app.find('button', 'Start training') === null, 'the training is still there');
  }),

  check('a photograph is presented and zoomed, and is whole again afterwards', async (app) => {
    await app.open('backend=wasm&side=128');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    const whole = await drawn(app, null);
    await app.key('+');
    await app.key('+');
    await drawn(app, whole);
    const isZoomed = (): boolean => app.stage?.querySelector('[data-zoomed=true]') !== null;
    ensure(isZoomed(), 'the photograph is not zoomed');
    await app.key('0');
    await until('the whole photograph', () => !isZoomed());
    await app.key('p');
    await until('only the photograph', () => app.find('region', 'Film strip') === null);
    await app.key('p');
    await app.get('region', 'Film strip');
  }),
];

import { type App, until } from '../page/app.ts';
import { check, ensure, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';

/** The relative luminance of any CSS colour by WCAG, 0..1. */
function luminance(colour: string): number {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (context === null) throw new Error('no 2D context');
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = NaN, green = NaN, blue = NaN] = Array.from(context.getImageData(0, 0, 1, 1).data, (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

interface Look {
  readonly ground: number;
  /** The contrast of text and background, 1..21. */
  readonly contrast: number;
}

function lookOf(app: App, element: Element): Look {
  const { color, backgroundColor } = app.window.getComputedStyle(element);
  const [ink, ground] = [luminance(color), luminance(backgroundColor)];
  return { ground, contrast: (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) };
}

type Theme = 'dark' | 'light';

function isReadable(app: App, element: Element, theme: Theme): void {
  const { ground, contrast } = lookOf(app, element);
  ensure(
    (theme === 'dark') === ground < 0.2,
    `in the ${theme} theme the ground has a luminance of ${ground}`,
  );
  ensure(contrast >= 7, `in the ${theme} theme text has a contrast of ${contrast.toFixed(1)}`);
}

async function isInTheme(app: App, theme: Theme): Promise<void> {
  const { documentElement } = app.document;
  await until(`the ${theme} theme`, () => (theme === 'dark') === lookOf(app, documentElement).ground < 0.2);
  isReadable(app, documentElement, theme);
  await app.key('m');
  const models = await app.get('dialog', 'Models');
  isReadable(app, models, theme);
  // Firefox draws a white scrollbar where the page sets no colour.
  if (app.window.CSS.supports('scrollbar-color', 'auto'))
    ensure(
      app.window.getComputedStyle(models).scrollbarColor !== 'auto',
      'the scrollbar has no colour of the page',
    );
  await app.press('Close', models);
}

function nothingSideways(app: App, state: string): void {
  const { scrollWidth } = app.document.documentElement;
  const { innerWidth } = app.window;
  ensure(scrollWidth <= innerWidth, `${state}: ${scrollWidth} px wide in ${innerWidth} px`);
}

export const lookChecks: readonly Check[] = [
  check('dark and light, remembered until the next visit', async (app) => {
    await app.open('backend=wasm&side=128');
    await isInTheme(app, 'dark');
    await app.press('Light theme (T)');
    await isInTheme(app, 'light');
    await until('the theme is remembered', () =>
      JSON.stringify(Object.values(localStorage)).includes('light'),
    );
    await app.reload();
    await isInTheme(app, 'light');
    await app.key('t');
    await isInTheme(app, 'dark');
  }),

  check('at 360 px nothing is cut off sideways', async (app) => {
    await app.open('backend=wasm&side=128', { width: 360 });
    nothingSideways(app, 'start');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    nothingSideways(app, 'a photograph');
    const { top, bottom, width } = (await app.get('application')).getBoundingClientRect();
    ensure(width > 100 && top >= 0 && bottom <= app.window.innerHeight, 'the photograph is not in sight');
    await app.key('m');
    const models = await app.get('dialog', 'Models');
    nothingSideways(app, 'the list of models');
    await app.press('Close', models);
    await app.key('r');
    await app.get('button', 'Start training');
    nothingSideways(app, 'training');
  }),
];

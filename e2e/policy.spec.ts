/**
 * Tests of the content-security policy as the browser enforces it. Every other test checks that it does not forbid what the page
 * needs: a refused request is an error on the console, and an error there fails the test.
 */
import type { Page, Worker } from 'playwright/test';
import { catalogue } from '../src/catalogue/catalogue.ts';
import { expect, test } from './scope.ts';

/** The addresses of published checkpoints, and those that their hosts redirect to. */
const wanted = [
  ...catalogue.models.flatMap(({ sources }) => sources.map(({ url }) => url)),
  'https://cdn-lfs.huggingface.co/a',
  'https://cas-bridge.xethub.hf.co/a',
];

const unwanted = [
  'https://example.org/a',
  'http://huggingface.co/a',
  'https://huggingface.co.example.org/a',
  'https://nothuggingface.co/a',
  'https://fbaipublicfiles.com/a',
  'https://localhost:1/a',
];

/** @returns the addresses that `place` can fetch from */
const reachedFrom = (place: Page | Worker, urls: readonly string[]): Promise<string[]> =>
  (place as Page).evaluate(async (asked) => {
    const answers = await Promise.all(
      asked.map(async (url) => {
        try {
          return (await fetch(url)).ok;
        } catch {
          return false;
        }
      }),
    );
    return asked.filter((_, i) => answers[i]);
  }, urls);

test('the page and its workers reach the hosts of published checkpoints, and no others', async ({
  scope,
  page,
  context,
  faults,
}) => {
  const asked: string[] = [];
  await context.route(/^https?:\/\/(?!localhost:\d+\/(?!a$))/, async (route) => {
    asked.push(route.request().url());
    await route.fulfill({
      body: 'x',
      headers: { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' },
    });
  });
  await scope.open();
  await scope.isReady();
  expect(asked).toEqual([]);
  // The worker that keeps models starts when the models dialog is opened.
  await page.keyboard.press('m');
  // The engine's threads start and end. These two workers stay, and both fetch.
  const fetching = (): Worker[] =>
    ['engine', 'model'].flatMap(
      (name) => page.workers().find((worker) => worker.url().includes(`${name}-worker`)) ?? [],
    );
  await expect.poll(() => fetching().length).toBe(2);
  for (const place of [page, ...fetching()]) {
    expect(await reachedFrom(place, wanted)).toEqual(wanted);
    expect(await reachedFrom(place, unwanted)).toEqual([]);
  }
  expect(asked.filter((url) => unwanted.includes(url))).toEqual([]);
  expect(faults.length).toBeGreaterThan(0);
  for (const fault of faults)
    expect(fault).toMatch(/Content Security Policy|Failed to load resource|Fetch API cannot load/);
  faults.length = 0;
});

const directives = [
  'img-src',
  'script-src-elem',
  'style-src-elem',
  'frame-src',
  'object-src',
  'media-src',
  'base-uri',
  'script-src-attr',
  'connect-src',
];

test('nothing else comes in: no picture, script, style, frame or film of another host, no socket, no inline script', async ({
  scope,
  page,
  context,
  faults,
}) => {
  const asked: string[] = [];
  await context.route(/example\.org/, async (route) => {
    asked.push(route.request().url());
    await route.fulfill({ body: '' });
  });
  await scope.open();
  await scope.isReady();
  // Each violation is reported twice: by the page's own policy and by the header's.
  await page.evaluate(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      const { dataset } = document.documentElement;
      dataset['refused'] = `${dataset['refused'] ?? ''} ${effectiveDirective} `;
    });
    const from = 'https://example.org/';
    const add = (name: string, attributes: Record<string, string>): HTMLElement => {
      const made = document.createElement(name);
      for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
      document.body.append(made);
      return made;
    };
    add('img', { src: `${from}a.png` });
    add('script', { src: `${from}a.js` });
    add('link', { rel: 'stylesheet', href: `${from}a.css` });
    add('iframe', { src: from });
    add('object', { data: `${from}a.svg` });
    add('video', { src: `${from}a.mp4` });
    add('base', { href: from });
    add('button', { onclick: 'alert(1)' }).click();
    try {
      new WebSocket('wss://example.org/').close();
    } catch {
      // Some browsers also throw.
    }
  });
  for (const directive of directives)
    await expect(page.locator('html')).toHaveAttribute('data-refused', new RegExp(` ${directive} `));
  expect(asked).toEqual([]);
  faults.length = 0;
});

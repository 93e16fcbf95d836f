/** npm run picture: the README's picture, made from the built page. */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import sharp from 'sharp';
import { preview } from 'vite';
import { browserArguments, findBrowser } from '../find-browser.ts';
import { stopWith } from '../stop-with.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executablePath = findBrowser() ?? stopWith('No Chrome or Chromium was found.');

const server = await preview({ root, logLevel: 'error', preview: { port: 4393 } });
const address = server.resolvedUrls?.local[0] ?? stopWith('The page could not be served. Has it been built?');
const browser = await chromium.launch({ executablePath, args: browserArguments });
const page = await browser.newPage({
  viewport: { width: 1440, height: 900 },
  deviceScaleFactor: 1.5,
  serviceWorkers: 'block',
});
await page.goto(`${address}?backend=wasm&side=320`);
await page.getByRole('button', { name: 'Butterfly' }).click();
for (const title of ['Raccoon', 'Dahlia', 'Dog', 'Chelsea the cat']) {
  await page.getByRole('button', { name: 'Sample photographs' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: title }).click();
  if (await dialog.isVisible()) await page.keyboard.press('Escape');
}
await page.locator('.frame[data-status=done]').nth(4).waitFor();
await page.getByRole('radio', { name: /^Butterfly/ }).check();
for (const dismiss of await page.getByRole('button', { name: 'Dismiss' }).all()) await dismiss.click();
// Painting goes on for a few frames after the last result.
await page.waitForTimeout(500);
const picture = sharp(await page.screenshot()).webp({ quality: 84 });
await picture.toFile(fileURLToPath(new URL('../../docs/page.webp', import.meta.url)));
await browser.close();
await server.close();

/** npm run picture: the README's picture, made from the built page. */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
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
await page.goto(`${address}?backend=wasm&side=480`);
for (const sample of ['Butterfly', 'Raccoon', 'Dahlia', 'Dog', 'Chelsea the cat']) {
  const button = page.getByRole('button', { name: sample });
  if (!(await button.first().isVisible()))
    await page.getByRole('button', { name: 'Sample photographs' }).click();
  await button.first().click();
  await page.keyboard.press('Escape');
}
await page.locator('.frame[data-status=done]').nth(4).waitFor();
await page.screenshot({ path: fileURLToPath(new URL('../../docs/page.png', import.meta.url)) });
await browser.close();
await server.close();

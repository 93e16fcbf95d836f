import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { expect, samplePath, sideOf, test, written } from './scope.ts';

/** A PNG header with any size. The data after it cannot be decoded. */
function pngHeader(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(57);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(bytes);
  bytes.write('IHDR', 12);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt8(8, 24);
  bytes.writeUInt8(2, 25);
  return bytes;
}

const plain = (height: number, width: number): Sharp =>
  sharp({ create: { height, width, channels: 3, background: '#4a7' } });

const refused: readonly (readonly [
  name: string,
  make: () => Promise<Uint8Array | string>,
  sentence: RegExp,
])[] = [
  ['notes.txt', async () => 'not a picture', /not an image/],
  ['renamed.jpg', async () => '%PDF-1.7 something else', /not an image/],
  ['empty.png', async () => '', /empty \(0 bytes\)/],
  ['cut.jpg', async () => (await readFile(samplePath('cat'))).subarray(0, 20_000), /JPG ends too early/],
  ['dot.png', async () => plain(1, 1).png().toBuffer(), /1 × 1\spx: too small/],
  ['huge.png', async () => pngHeader(20_000, 20_000), /20000 × 20000\spx. The limit is 100 megapixels/],
  [
    'drawing.svg',
    async () => '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"/>',
    /SVG drawing/,
  ],
  ['scan.tif', async () => plain(40, 40).tiff().toBuffer(), /TIFF images cannot be opened/],
  [
    'broken.png',
    async () => {
      const png = await sharp(samplePath('cat')).png().toBuffer();
      return png.fill(0x5a, 60, png.length - 20);
    },
    /damaged and cannot be decoded|ends too early/,
  ],
];

test('each bad file gets its sentence, and the others still run', async ({ scope, folder, page }) => {
  await scope.open();
  const files = [];
  for (const [name, make] of refused) files.push(await folder.write(name, await make()));
  await scope.drop(samplePath('cat'), ...files, samplePath('dog'));
  await scope.allSettled(refused.length + 2);
  for (const [name, , sentence] of refused) {
    await expect(scope.frame(name)).toHaveAttribute('data-status', 'failed');
    await expect(scope.frame(name).getByRole('radio')).toHaveAccessibleName(sentence);
    await scope.select(name);
    await expect(scope.stage).toContainText(sentence);
    // "Try again" is not offered, since the same file would fail in the same way.
    await expect(scope.stage.getByRole('button', { name: 'Remove', exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Try again' })).toHaveCount(0);
  }
  // The text, the PDF, the empty file and the drawing do not count as photographs. A truncated or too large photograph does.
  await expect(page.getByText('7 photographs, 4 other files')).toBeVisible();
  for (const name of ['cat.jpg', 'dog.jpg'])
    await expect(scope.frame(name)).toHaveAttribute('data-status', 'done');
});

const odd: readonly (readonly [name: string, make: () => Promise<Uint8Array>, notice: RegExp])[] = [
  [
    'moving.gif',
    () => {
      const frames = Buffer.alloc(64 * 96 * 3 * 2, 40).fill(200, 64 * 96 * 3);
      return sharp(frames, { raw: { width: 96, height: 128, channels: 3, pageHeight: 64 } })
        .gif({ delay: [90, 90] })
        .toBuffer();
    },
    /animation: its first frame/,
  ],
  ['print.jpg', () => sharp(samplePath('fruit')).toColourspace('cmyk').jpeg().toBuffer(), /CMYK/],
  [
    'deep.png',
    () =>
      sharp(
        Uint16Array.from({ length: 64 * 64 * 3 }, (_, i) => i * 5),
        { raw: { width: 64, height: 64, channels: 3 } },
      )
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
    /16 bits/,
  ],
  [
    'glass.png',
    () =>
      sharp({
        create: { height: 80, width: 120, channels: 4, background: { r: 200, g: 30, b: 30, alpha: 0.4 } },
      })
        .png()
        .toBuffer(),
    /Transparent parts were laid on white/,
  ],
];

test('odd but good files are shown, with a word on what was done to them; links, text, empty folders and what macOS notes get a sentence, and nothing is lost', async ({
  scope,
  folder,
  page,
}) => {
  const outside: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith('http://localhost') && !request.url().startsWith('blob:'))
      outside.push(request.url());
  });
  await scope.open();
  for (const [name, make] of odd) await scope.drop(await folder.write(name, await make()));
  await scope.allSettled(odd.length);
  for (const [name, , notice] of odd)
    await test.step(name, async () => {
      await scope.select(name);
      await expect(scope.stage).toHaveAttribute('data-status', 'done');
      await expect(scope.stage).toContainText(notice);
    });

  await test.step('links, text and empty folders', async () => {
    await scope.dropData('text/uri-list', 'https://example.org/cat.jpg');
    await expect(written(page, 'Nothing is fetched from other sites')).toBeVisible();
    await page.getByRole('button', { name: 'Dismiss' }).last().click();
    await scope.dropData('text/plain', 'a cat');
    await expect(written(page, 'That is text, not a photograph')).toBeVisible();
    await page.getByRole('button', { name: 'Dismiss' }).last().click();
    await mkdir(join(folder.path, 'empty'));
    await scope.drop(join(folder.path, 'empty'));
    await expect(page.getByText('There was no file in that')).toBeVisible();
    await scope.allSettled(odd.length);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    expect(outside).toEqual([]);
  });

  await test.step('what macOS notes beside files is taken for no photograph and no model', async () => {
    await mkdir(join(folder.path, 'mac'));
    await folder.write('mac/cat.jpg', await readFile(samplePath('cat')));
    await folder.write('mac/._cat.jpg', Buffer.from([0, 5, 0x16, 7, 0, 2, 0, 0]));
    const note = await folder.write('mac/._dino.pth', Buffer.from([0, 5, 0x16, 7, 0, 2, 0, 0]));
    await scope.drop(join(folder.path, 'mac'));
    await scope.allSettled(odd.length + 1);
    await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'done');
    await expect(page.getByText('_dino.pth')).toHaveCount(0);
    await scope.drop(note);
    await expect(page.getByText('are what macOS notes beside a file')).toBeVisible();
    await scope.allSettled(odd.length + 1);
  });
});

test('200 files and a folder at once all run, and few of them are asked whether they are folders', async ({
  scope,
  folder,
  page,
}) => {
  test.setTimeout(600_000);
  const files = [];
  for (let i = 0; i < 200; i++)
    files.push(
      await folder.write(
        `picture-${i}.png`,
        // Not compressed, as large as a photograph's file is at the least.
        await plain(48 + (i % 5) * 8, 64)
          .png({ compressionLevel: 0 })
          .toBuffer(),
      ),
    );
  // A folder's name can look like a photograph's.
  await mkdir(join(folder.path, 'day.jpg'));
  await folder.write('day.jpg/cat.jpg', await readFile(samplePath('cat')));
  // Each of these calls takes milliseconds on the main thread, and each takes longer the more files there are.
  await page.addInitScript(() => {
    const ask = DataTransferItem.prototype.webkitGetAsEntry;
    DataTransferItem.prototype.webkitGetAsEntry = function (this: DataTransferItem) {
      document.documentElement.dataset['asked'] = String(
        Number(document.documentElement.dataset['asked'] ?? 0) + 1,
      );
      return ask.call(this);
    };
  });
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(...files, join(folder.path, 'day.jpg'));
  await expect(scope.frames).toHaveCount(201);
  await expect(page.locator('.frame[data-status=done]')).toHaveCount(201, { timeout: 300_000 });
  expect(Number(await page.locator('html').getAttribute('data-asked'))).toBeLessThan(100);
});

test('a file that vanishes before its turn gets a sentence', async ({ scope, folder }) => {
  // So many that the last one is out of the strip's sight: a file is read when it is seen, or when it is next.
  const before = Array.from({ length: 30 }, (_, i) => `before-${i}.png`);
  const paths: string[] = [];
  for (const name of [...before, 'gone.png'])
    paths.push(await folder.write(name, await plain(64, 64).png().toBuffer()));
  await scope.open(`backend=wasm&side=${sideOf(16)}`);
  await scope.drop(...paths);
  await expect(scope.frames).toHaveCount(31);
  await folder.remove('gone.png');
  await scope.allSettled(31);
  await expect(scope.frame('gone.png').getByRole('radio')).toHaveAccessibleName(/could not be read/);
  await expect(scope.frame('before-29.png')).toHaveAttribute('data-status', 'done');
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import sharp from 'sharp';
import { expect, samplePath } from './scope.ts';

const sidePx = 150;

/** Pieces of a sample, each from another place: photographs of one kind, made by the test. */
export async function piecesOf(sample: string, count: number): Promise<Buffer[]> {
  const { data, info } = await sharp(samplePath(sample))
    .resize(300, 240, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      sharp(data, { raw: info })
        .extract({ left: (at * 47) % 150, top: (at * 31) % 90, width: sidePx, height: sidePx })
        .jpeg({ quality: 95 })
        .toBuffer(),
    ),
  );
}

export async function writePieces(folder: string, sample: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const pieces = await piecesOf(sample, count);
  await Promise.all(pieces.map((piece, at) => writeFile(join(folder, `${sample}-${at + 1}.jpg`), piece)));
  return folder;
}

/** @param samples a folder's name → the sample whose pieces it has @param count of each @returns the folders, to be dropped */
export const writeClasses = (
  folder: string,
  samples: Readonly<Record<string, string>>,
  count: number,
): Promise<string[]> =>
  Promise.all(
    Object.entries(samples).map(([name, sample]) => writePieces(join(folder, name), sample, count)),
  );

/** The Recognise screen from a user's view. */
export class Recognise {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(query = 'backend=wasm'): Promise<void> {
    await this.page.goto(`./?${query}#recognise`);
    await expect(this.page.locator('.recognise')).toBeVisible();
    await expect(this.page.locator('[data-engine-status=ready]')).toBeVisible();
  }

  async has(photographs: number): Promise<void> {
    await expect(this.page.locator('.grid-head')).toContainText(`${photographs} photograph`, {
      timeout: 200_000,
    });
    await expect(this.page.locator('.gathering')).toHaveCount(0, { timeout: 200_000 });
  }

  /** In per cent, once the votes are there. */
  async accuracy(): Promise<number> {
    const number = this.page.locator('.accuracy-number[aria-busy=false]');
    await expect(number).toHaveText(/^\d+(\.\d)?\s%$/);
    return parseFloat((await number.textContent()) ?? '');
  }

  photograph(name: RegExp) {
    return this.page
      .getByRole('listbox', { name: 'Photographs of the collection' })
      .getByRole('option', { name });
  }

  /** How many photographs a class has. */
  async countIs(className: string, count: number): Promise<void> {
    const row = this.page.getByRole('region', { name: 'Classes' }).getByRole('button', { name: className });
    await expect(row.first().locator('.class-count')).toHaveText(String(count));
  }
}

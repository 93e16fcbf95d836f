/** The training view from a user's view. */
import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from 'playwright/test';

export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  readonly teacherEntropy: number;
  readonly gradientNorm: number;
}

export class TrainingView {
  readonly page: Page;
  readonly run: Locator;

  constructor(page: Page) {
    this.page = page;
    this.run = page.locator('.run');
  }

  async open(): Promise<void> {
    await this.page.keyboard.press('r');
    await expect(this.page.locator('.training')).toBeVisible();
  }

  async fill(fields: Readonly<Record<string, number | string>>): Promise<void> {
    const folded = this.page.locator('.hyper-group:not([open]) > summary');
    while ((await folded.count()) > 0) await folded.first().click();
    for (const [label, value] of Object.entries(fields))
      await this.page.getByRole('textbox', { name: label, exact: true }).fill(String(value));
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: 'Start training' }).click();
    // A run of three steps may have finished before this line.
    await expect(this.run).toHaveAttribute('data-run-status', /running|finished/, { timeout: 300_000 });
  }

  async has(status: 'running' | 'paused' | 'finished' | 'failed'): Promise<void> {
    await expect(this.run).toHaveAttribute('data-run-status', status, { timeout: 300_000 });
  }

  async step(): Promise<number> {
    return Number(await this.run.getAttribute('data-step'));
  }

  async reaches(step: number): Promise<void> {
    await expect.poll(() => this.step(), { timeout: 200_000 }).toBeGreaterThanOrEqual(step);
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** The file that a button downloads. */
  async download(name: string): Promise<{ readonly path: string; readonly fileName: string }> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.press(name)]);
    return { path: await download.path(), fileName: download.suggestedFilename() };
  }

  async log(): Promise<LoggedStep[]> {
    const { path } = await this.download('Numbers');
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as LoggedStep);
  }

  /** The number of coloured pixels of a plot's curve. */
  async inkOf(title: string): Promise<number> {
    return this.page
      .locator('.plot', { has: this.page.getByText(title, { exact: true }) })
      .locator('canvas')
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
          data: [],
        };
        // Only the curve has the accent colour, whose red is far above its blue.
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
          if ((data[i + 3] ?? 0) > 128 && (data[i] ?? 0) - (data[i + 2] ?? 0) > 120) count++;
        return count;
      });
  }
}

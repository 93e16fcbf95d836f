/**
 * npm run bench -- resampling: resizes photographs and crops to a network's input size by SIMD, by the plain loop, and by Pillow if
 * a Python with it is found. The ways take turns. The fastest call of each counts, since other work on the machine only adds time.
 */
import { plainResample } from '../src/media/plain-resample.ts';
import { planResample, type ResampleFilter } from '../src/media/resample-plan.ts';
import { SimdResampler } from '../src/media/simd-resample.ts';
import { openRival } from './rival.ts';
import { describeProcessor, type Report } from './report.ts';

type Case = readonly [
  height: number,
  width: number,
  channels: 3 | 4,
  outHeight: number,
  outWidth: number,
  filter: ResampleFilter,
];

/** Photographs as browsers decode them, with four channels, and then training crops. */
const cases: readonly Case[] = [
  [1000, 1500, 4, 208, 320, 'bicubic'],
  [1000, 1500, 4, 320, 480, 'bicubic'],
  [3000, 4000, 4, 240, 320, 'bicubic'],
  [3000, 4000, 4, 360, 480, 'bicubic'],
  [3000, 4000, 4, 224, 224, 'bilinear'],
  [300, 300, 3, 96, 96, 'bicubic'],
  [300, 300, 3, 224, 224, 'bicubic'],
  [60, 60, 3, 96, 96, 'bicubic'],
];

interface Row {
  readonly case: Case;
  readonly simdMs: number;
  readonly plainMs: number;
  /** Null without Pillow. */
  readonly pillowMs: number | null;
}

const elapsed = (work: () => void): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

/** @param python a command that starts Python */
export async function benchResampling(python: string, rounds: number, note: string): Promise<Report> {
  const simd = SimdResampler.open();
  if (simd === null) throw new Error('this engine has no SIMD');
  const pillow = await openRival(python, 'resampling.py');
  const rows: Row[] = [];
  for (const each of cases) {
    const [height, width, channels, outHeight, outWidth, filter] = each;
    const values = Uint8ClampedArray.from(
      { length: height * width * channels },
      (_, i) => (i * 7919 + (i >> 8) * 31) % 256,
    );
    const image = { height, width, channels, values };
    const source = { channels, values, first: 0, rowLength: width * channels };
    const box = { top: 0, left: 0, height, width };
    const output = { height: outHeight, width: outWidth };
    let [simdMs, plainMs, pillowMs] = [Infinity, Infinity, Infinity];
    // Short cases get more rounds: they are cheap, and other work disturbs them most.
    const count = rounds * (height * width < 1e6 ? 20 : 2);
    for (let round = 0; round < count; round++) {
      const byPlain = elapsed(() => plainResample(source, planResample(image, box, output, filter)));
      const bySimd = elapsed(() => simd.run(source, width, planResample(image, box, output, filter)));
      [plainMs, simdMs] = [Math.min(plainMs, byPlain), Math.min(simdMs, bySimd)];
      if (typeof pillow === 'string') continue;
      const { ms } = await pillow.ask({ kind: 'resize', height, width, outHeight, outWidth, filter });
      pillowMs = Math.min(pillowMs, Number(ms));
    }
    rows.push({ case: each, simdMs, plainMs, pillowMs: typeof pillow === 'string' ? null : pillowMs });
  }
  if (typeof pillow !== 'string') pillow.end();
  const rival = typeof pillow === 'string' ? `Pillow is left out: ${pillow}.` : `${pillow.name}, RGB.`;
  return reportOf(rows, rival, note);
}

function reportOf(rows: readonly Row[], rival: string, note: string): Report {
  const lines = rows.map(({ case: [height, width, channels, outHeight, outWidth, filter], ...ms }) => {
    const cells = [
      `${width} × ${height}, ${channels} channels → ${outWidth} × ${outHeight}, ${filter}`,
      ms.simdMs.toFixed(2),
      `${ms.plainMs.toFixed(2)} (× ${(ms.plainMs / ms.simdMs).toFixed(1)})`,
      ms.pillowMs === null ? '–' : `${ms.pillowMs.toFixed(2)} (× ${(ms.pillowMs / ms.simdMs).toFixed(1)})`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const date = new Date().toISOString();
  const markdown = [
    '# Resampling',
    '',
    `${date.slice(0, 10)}. Processor: ${describeProcessor()}, Node ${process.version}.${note === '' ? '' : ` ${note}`}`,
    '',
    '| | SIMD, ms | the plain loop, ms (of SIMD) | Pillow, ms (of SIMD) |',
    '|---|---|---|---|',
    ...lines,
    '',
    `The fastest of interleaved calls, one thread, weights included. All three give the same bytes. ${rival}`,
    '',
  ].join('\n');
  const json = `${JSON.stringify({ date, processor: describeProcessor(), note, rival, rows }, null, 2)}\n`;
  return { name: 'resampling', json, markdown };
}

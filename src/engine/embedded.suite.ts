/** The page's engine with the embedded model against PyTorch, from the photograph's pixels to the maps. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendName } from '../core/failure.ts';
import type { Engine } from './engine.ts';
import { startEngine } from './start-engine.ts';
import { lookAtHeads } from '../testing/look-at-heads.ts';
import type { NpyArray } from '../formats/npy.ts';
import { createSha256 } from '../formats/sha256.ts';
import { framePhotograph } from '../media/framing.ts';
import { resample, type PixelGrid } from '../media/resample.ts';
import type { ModelLoader } from '../models/loaded-model.ts';
import { embeddedCases, nameOf, type EmbeddedCase } from '../testing/embedded-cases.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';

/** How this platform gets at files: Node and the browser differ in nothing else. */
export interface Platform {
  readonly load: ModelLoader;
  readSample(sample: string): Promise<PixelGrid>;
  readExpected(file: string): Promise<NpyArray>;
}

function sha256Of(bytes: Uint8ClampedArray): string {
  const hash = createSha256();
  hash.update(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return hash.hex();
}

/** The pixels without alpha, as Pillow has them. */
const rgbOf = ({ channels, values }: PixelGrid): Uint8ClampedArray =>
  Uint8ClampedArray.from(channels === 3 ? values : values.filter((_, i) => i % 4 !== 3));

/**
 * @param tolerance absolute, as the field states it; the maps hold about 1 / tokens a patch, so each is also held to
 *   `relativeTolerance` of its largest value
 */
export function checkEmbedded(
  name: BackendName,
  platform: Platform,
  { tolerance, relativeTolerance }: { tolerance: number; relativeTolerance: number },
  cases: readonly EmbeddedCase[] = embeddedCases,
): void {
  const { signal } = new AbortController();
  let engine: Engine;
  beforeAll(async () => {
    const started = await startEngine({
      backend: name,
      model: { key: 'model', load: platform.load },
      wasmAssets: null,
      signal,
      onProgress: () => {},
    });
    if (!started.ok) throw new Error(JSON.stringify(started.error));
    engine = started.value;
  });

  describe(`the embedded model on ${name}`, () => {
    test.each(cases.map((each) => [nameOf(each), each] as const))('equals PyTorch: %s', async (_, each) => {
      const pixels = await platform.readSample(each.sample);
      expect(sha256Of(rgbOf(pixels))).toBe(each.decodedSha256);
      const frame = framePhotograph(pixels, each.framing, engine.describeModel('model')?.patchSizePx ?? NaN);
      const resized = resample(pixels, frame.box, frame.inputSizePx, frame.filter);
      expect(sha256Of(resized)).toBe(each.resizedSha256);
      const result = await lookAtHeads(engine, pixels, { framing: each.framing, id: nameOf(each) });
      if (!result.ok) throw new Error(JSON.stringify(result.error));
      const expected = await platform.readExpected(each.file);
      const { numHeads, rows, columns, maps } = result.value.result;
      const [{ tokens, frame: { box } } = expect.unreachable('no pass')] = result.value.passes;
      expect([numHeads, rows, columns]).toEqual(expected.shape);
      expect(tokens).toBe(each.tokens);
      for (const side of ['top', 'left', 'height', 'width'] as const)
        expect(box[side]).toBeCloseTo(each.box[side], 9);
      const difference = maxAbsDifference(maps, expected.values);
      expect(difference).toBeLessThanOrEqual(tolerance);
      expect(difference / Math.max(...expected.values)).toBeLessThanOrEqual(relativeTolerance);
    });
  });
}

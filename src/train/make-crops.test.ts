import { describe, expect, test } from 'vitest';
import fixture from '../../tools/reference/fixtures/augmentation.json';
import { bytesOfBase64 } from '../core/base64.ts';
import { officialConfiguration } from '../core/hyper-parameters.ts';
import { randomStream } from '../core/random.ts';
import type { PixelGrid } from '../media/resample.ts';
import { localViewsOf } from './crop-batch.ts';
import { drawCropPlan, type CropKind, type CropPlan } from './crop-plan.ts';
import { batchOf, makeCrop, makeCropPictures, photographsOfStep } from './make-crops.ts';

const picture: PixelGrid = {
  ...fixture.picture,
  channels: 3,
  values: bytesOfBase64(fixture.picture.values),
};

test.each(fixture.crops)(
  'a whole crop of $sidePx px equals Pillow to the bit: $plan',
  ({ sidePx, plan, values }) => {
    const pixels = makeCrop(picture, plan as CropPlan, sidePx);
    expect(Buffer.from(pixels).equals(Buffer.from(values, 'base64'))).toBe(true);
  },
);

describe('what chance decides', () => {
  const drawMany = (kind: CropKind): CropPlan[] =>
    Array.from({ length: 4000 }, (_, i) =>
      drawCropPlan(kind, { height: 300, width: 400 }, [0.4, 1], randomStream(9, i)),
    );
  const share = (plans: CropPlan[], is: (plan: CropPlan) => boolean): number =>
    plans.filter(is).length / plans.length;

  test.each<[CropKind, number, number]>([
    ['global-1', 1, 0],
    ['global-2', 0.1, 0.2],
    ['local', 0.5, 0],
  ])('%s has the official chances of each change', (kind, blurred, solarised) => {
    const plans = drawMany(kind);
    expect(share(plans, ({ mirrored }) => mirrored)).toBeCloseTo(0.5, 1);
    expect(share(plans, ({ adjustments }) => adjustments.length === 4)).toBeCloseTo(0.8, 1);
    expect(share(plans, ({ grey }) => grey)).toBeCloseTo(0.2, 1);
    expect(share(plans, ({ blurRadius }) => blurRadius !== null)).toBeCloseTo(blurred, 1);
    expect(share(plans, (plan) => plan.solarised)).toBeCloseTo(solarised, 1);
  });

  test('boxes lie within the photograph, of the areas and shapes that were asked for', () => {
    for (const { box } of drawMany('local')) {
      expect(box.top).toBeGreaterThanOrEqual(0);
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.top + box.height).toBeLessThanOrEqual(300);
      expect(box.left + box.width).toBeLessThanOrEqual(400);
      expect((box.height * box.width) / 120_000).toBeGreaterThan(0.395);
      expect(box.width / box.height).toBeGreaterThan(0.74);
      expect(box.width / box.height).toBeLessThan(1.35);
    }
  });

  test('a photograph that no such box fits gives its largest centred box', () => {
    const { box } = drawCropPlan('global-1', { height: 10, width: 1000 }, [0.9, 1], randomStream(1));
    expect(box).toEqual({ top: 0, left: 493, height: 10, width: 13 });
  });

  test('colours are changed in every order, by factors within their limits', () => {
    const plans = drawMany('local').filter(({ adjustments }) => adjustments.length > 0);
    const orders = new Set(plans.map(({ adjustments }) => adjustments.map(({ kind }) => kind).join()));
    expect(orders.size).toBe(24);
    for (const { adjustments } of plans)
      for (const { kind, factor } of adjustments) {
        const strength = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 }[kind];
        expect(Math.abs(factor - (kind === 'hue' ? 0 : 1))).toBeLessThanOrEqual(strength);
      }
  });
});

describe('the crops of a step', () => {
  const settings = {
    ...officialConfiguration,
    batchSize: 3,
    globalCropPx: 16,
    localCropPx: 8,
    localCrops: 2,
  };
  const photographs = [picture, picture, picture, picture];

  test('are the same for the same seed and step, and others for others', () => {
    const pixels = (seed: number, step: number): string =>
      makeCropPictures(photographs, { ...settings, seed }, step)
        .map((crop) => crop.pixels.join())
        .join();
    expect(pixels(1, 5)).toBe(pixels(1, 5));
    expect(new Set([pixels(1, 5), pixels(1, 6), pixels(2, 5)]).size).toBe(3);
  });

  test('come view by view and make one batch', () => {
    const pictures = makeCropPictures(photographs, settings, 1);
    expect(pictures.map(({ kind }) => kind)).toEqual([
      ...Array<CropKind>(3).fill('global-1'),
      ...Array<CropKind>(3).fill('global-2'),
      ...Array<CropKind>(6).fill('local'),
    ]);
    const batch = batchOf(pictures, settings);
    expect(batch.globals.length).toBe(6 * 16 * 16 * 3);
    expect(localViewsOf(batch)).toBe(2);
    const red = pictures[4]?.pixels[0] ?? NaN;
    expect(batch.globals[4 * 16 * 16 * 3]).toBeCloseTo((red / 255 - 0.485) / 0.229, 5);
  });

  test('each photograph comes once an epoch, also where a batch spans two', () => {
    const drawn = Array.from({ length: 8 }, (_, i) => photographsOfStep(4, 3, 7, i + 1)).flat();
    for (let epoch = 0; epoch < 6; epoch++)
      expect(drawn.slice(4 * epoch, 4 * epoch + 4).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  dragged,
  drawPart,
  pointShown,
  pointUnder,
  showing,
  wholePicture,
  zoomed,
  type PictureView,
} from './picture-view.ts';
import type { Context } from './paint-layers.ts';

/** The right upper quarter. */
const quarter: PictureView = { scale: 2, left: 0.5, top: 0 };

describe('a part of a picture', () => {
  it('has its middle where that lies in the picture, and back', () => {
    expect(pointUnder(quarter, { x: 0.5, y: 0.5 })).toEqual({ x: 0.75, y: 0.25 });
    expect(pointShown(quarter, { x: 0.75, y: 0.25 })).toEqual({ x: 0.5, y: 0.5 });
    expect(pointUnder(wholePicture, { x: 0.3, y: 0.9 })).toEqual({ x: 0.3, y: 0.9 });
  });

  it('grows around the point that stays where it is', () => {
    const at = { x: 0.25, y: 0.75 };
    const before = pointUnder(quarter, at);
    const nearer = zoomed(quarter, 1.5, at);
    expect(nearer.scale).toBe(3);
    expect(pointUnder(nearer, at).x).toBeCloseTo(before.x, 12);
    expect(pointUnder(nearer, at).y).toBeCloseTo(before.y, 12);
  });

  it('never shows what is beside the picture, and is the whole one again in the end', () => {
    expect(zoomed(wholePicture, 2, { x: 1, y: 0 })).toEqual(quarter);
    expect(zoomed({ scale: 4, left: 0.75, top: 0.75 }, 0.5, { x: 0, y: 0 })).toEqual({
      scale: 2,
      left: 0.5,
      top: 0.5,
    });
    expect(zoomed(quarter, 0.5, { x: 0.9, y: 0.9 })).toBe(wholePicture);
    expect(zoomed(wholePicture, 0.5, { x: 0.5, y: 0.5 })).toBe(wholePicture);
    expect(zoomed(quarter, 1000, { x: 0.5, y: 0.5 }).scale).toBe(12);
  });

  it('moves with the finger, as far as the picture goes', () => {
    expect(dragged(quarter, { x: 0.5, y: -0.5 })).toEqual({ scale: 2, left: 0.25, top: 0.25 });
    expect(dragged(quarter, { x: -5, y: 5 })).toEqual(quarter);
  });

  it('moves no further than a point needs', () => {
    expect(showing(quarter, { x: 0.75, y: 0.25 }, 0.1)).toBe(quarter);
    expect(showing(quarter, { x: 0.75, y: 0.55 }, 0.1).left).toBe(0.5);
    expect(showing(quarter, { x: 0.75, y: 0.55 }, 0.1).top).toBeCloseTo(0.1, 12);
    expect(showing(quarter, { x: 0.3, y: 0.25 }, 0.1).left).toBeCloseTo(0.25, 12);
  });

  it('is drawn by moving and enlarging the surface', () => {
    const calls: unknown[] = [];
    const context = {
      save: () => calls.push('save'),
      restore: () => calls.push('restore'),
      setTransform: (...values: number[]) => calls.push(values),
    } as unknown as Context;
    drawPart(context, { width: 300, height: 200 }, quarter, () => calls.push('draw'));
    expect(calls).toEqual(['save', [2, 0, 0, 2, -300, -0], 'draw', 'restore']);
  });
});

import { expect, it } from 'vitest';
import { createPaintScheduler } from './paint-scheduler.ts';

function setUp(msPerPaint = 0) {
  const frames: (() => void)[] = [];
  const painted: string[] = [];
  let time = 0;
  const scheduler = createPaintScheduler(
    (frame) => frames.push(frame),
    () => time,
  );
  const paint = (name: string) => () => {
    painted.push(name);
    time += msPerPaint;
    return true;
  };
  const nextFrame = (): number => {
    const frame = frames.shift();
    frame?.();
    return frames.length;
  };
  return { scheduler, painted, paint, nextFrame, frames };
}

it('paints a surface once a frame, with its last request', () => {
  const { scheduler, painted, paint, nextFrame, frames } = setUp();
  const stage = {};
  for (const name of ['a', 'b', 'c']) scheduler.request(stage, 0, paint(name));
  expect(frames).toHaveLength(1);
  expect(nextFrame()).toBe(0);
  expect(painted).toEqual(['c']);
});

it('paints the stage first and leaves to the next frame what has no time', () => {
  const { scheduler, painted, paint, nextFrame } = setUp(5);
  scheduler.request({}, 1, paint('tile 1'));
  scheduler.request({}, 1, paint('tile 2'));
  scheduler.request({}, 0, paint('stage'));
  expect(nextFrame()).toBe(1);
  expect(painted).toEqual(['stage', 'tile 1']);
  expect(nextFrame()).toBe(0);
  expect(painted).toEqual(['stage', 'tile 1', 'tile 2']);
});

it('forgets a surface that has gone', () => {
  const { scheduler, painted, paint, nextFrame } = setUp();
  const tile = {};
  scheduler.request(tile, 1, paint('tile'));
  scheduler.cancel(tile);
  nextFrame();
  expect(painted).toEqual([]);
});

it('comes back in the next frame to a surface that is not done', () => {
  const { scheduler, painted, paint, nextFrame } = setUp();
  let parts = 0;
  scheduler.request({}, 0, () => {
    paint('part')();
    parts += 1;
    return parts === 2;
  });
  expect(nextFrame()).toBe(1);
  expect(painted).toEqual(['part']);
  expect(nextFrame()).toBe(0);
  expect(painted).toEqual(['part', 'part']);
});

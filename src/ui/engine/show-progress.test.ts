import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { showProgress } from './show-progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('shows the latest value every 100 ms, also where none comes after it', () => {
  const shown: number[] = [];
  const progress = showProgress((value: number) => void shown.push(value));
  progress.note(1);
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(60);
  progress.note(2);
  vi.advanceTimersByTime(40);
  expect(shown).toEqual([2]);
  vi.advanceTimersByTime(1000);
  expect(shown).toEqual([2]);
  progress.note(3);
  vi.advanceTimersByTime(100);
  expect(shown).toEqual([2, 3]);
});

it('shows nothing of what ended sooner, and nothing after the end', () => {
  const shown: number[] = [];
  const progress = showProgress((value: number) => void shown.push(value));
  progress.note(1);
  progress.end();
  progress.note(2);
  vi.advanceTimersByTime(1000);
  expect(shown).toEqual([]);
});

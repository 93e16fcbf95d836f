import { withUnit } from '../../core/with-unit.ts';

/** Formats numbers for people. */
export const formatPercent = (share: number): string =>
  withUnit((100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0), '%');

export const formatMilliseconds = (ms: number): string =>
  ms < 9999.5
    ? withUnit(ms < 10 ? ms.toFixed(1) : Math.round(ms), 'ms')
    : withUnit((ms / 1000).toFixed(1), 's');

/** An estimate: a digit or two. */
export function formatAbout(ms: number): string {
  if (ms < 95) return withUnit(Math.max(10, 10 * Math.round(ms / 10)), 'ms');
  const seconds = ms / 1000;
  if (seconds < 9.5) return withUnit(Number(seconds.toFixed(1)), 's');
  return seconds < 90 ? withUnit(Math.round(seconds), 's') : withUnit(Math.round(seconds / 60), 'min');
}

/** Of a score from 0 to 1. */
export const formatScore = (score: number): string => score.toFixed(3);

/** Of a number that may be negative, as a cosine: with a minus sign and not a hyphen, and none before zero. */
export const formatSigned = (value: number, digits = 2): string => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};

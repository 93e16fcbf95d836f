/**
 * The page's address: `?lens=rollout&fusion=max` opens it with that lens and its parameters, `#recognise` with that screen.
 */
import { contractOf, firstLens, lensIds } from '../../lenses/contracts.ts';
import type { Address, Screen } from './app-store.ts';
import { forEachLens } from './settings.ts';

const recogniseHash = '#recognise';

/**
 * Training is not in the address: a reload would begin it anew in place of offering to go on.
 * @returns the screen of the address, or null where its hash is about something else, such as a skip link's target
 */
export const screenOfHash = (hash: string): Screen | null =>
  hash === recogniseHash ? 'recognise' : hash === '' ? 'viewer' : null;

/** @returns the hash of a screen; empty for those that have none */
export const hashOfScreen = (screen: Screen): string => (screen === 'recognise' ? recogniseHash : '');

/** Missing or invalid parameters keep their usual values. */
export function readAddress(parameters: URLSearchParams, hash: string): Address {
  const asked = parameters.get('lens');
  const lens = lensIds.find((id) => id === asked) ?? firstLens;
  const texts = Object.fromEntries(parameters);
  return {
    lens,
    screen: screenOfHash(hash) ?? 'viewer',
    params: forEachLens((id) => {
      const { params } = contractOf(id);
      // The address sets parameters only of the lens that it names.
      return id === lens ? params.readLeniently(texts) : params.defaults;
    }),
  };
}

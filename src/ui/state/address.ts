/** The page's address: `?lens=rollout&fusion=max` opens it with that lens and its parameters. */
import { contractOf, firstLens, lensIds } from '../../lenses/contracts.ts';
import type { Address } from './app-store.ts';
import { forEachLens } from './settings.ts';

/** Missing or invalid parameters keep their usual values. */
export function readAddress(parameters: URLSearchParams): Address {
  const asked = parameters.get('lens');
  const lens = lensIds.find((id) => id === asked) ?? firstLens;
  const texts = Object.fromEntries(parameters);
  return {
    lens,
    params: forEachLens((id) => {
      const { params } = contractOf(id);
      // The address sets parameters only of the lens that it names.
      return id === lens ? params.readLeniently(texts) : params.defaults;
    }),
  };
}

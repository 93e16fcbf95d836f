/** Which photographs of a collection are shown, and in which order. */
import type { CollectionItem, ProbePredictions } from '../../rpc/recognise-contract.ts';
import {
  isWrong,
  predictionOf,
  shownPredictions,
  type Filter,
  type Order,
  type RecogniseState,
} from './recognise-state.ts';

function passes(
  filter: Filter,
  item: CollectionItem,
  predicted: ProbePredictions | null,
  chosen: ReadonlySet<number>,
): boolean {
  switch (filter.kind) {
    case 'all':
      return true;
    case 'cell':
      return (
        item.className === filter.className && predictionOf(predicted, item.index)?.className === filter.voted
      );
    case 'class':
      return item.className === filter.className;
    case 'group':
    case 'picked':
      return chosen.has(item.index);
  }
}

/** Wrong ones come first, the surest of them before; then those without a class, then the others, the least sure first. */
function rankOf(item: CollectionItem, predicted: ProbePredictions | null): number {
  const prediction = predictionOf(predicted, item.index);
  const share = prediction?.share ?? 0;
  if (isWrong(item, prediction)) return -share;
  if (item.className === null) return 1 + share;
  return 3 + share;
}

function sortItems(
  items: CollectionItem[],
  order: Order,
  predicted: ProbePredictions | null,
  classNames: readonly string[],
): CollectionItem[] {
  switch (order) {
    case 'added':
      return items;
    case 'class': {
      const places = new Map(classNames.map((name, at) => [name, at]));
      const placeOf = ({ className }: CollectionItem): number =>
        className === null ? -1 : (places.get(className) ?? classNames.length);
      return items.sort((a, b) => placeOf(a) - placeOf(b));
    }
    case 'wrong': {
      const ranks = new Map(items.map((item) => [item, rankOf(item, predicted)]));
      return items.sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
    }
  }
}

const chosenBy = ({ filter, lookAlikes }: RecogniseState): readonly number[] =>
  filter.kind === 'picked'
    ? filter.indices
    : filter.kind === 'group'
      ? (lookAlikes.value?.groups[filter.group] ?? [])
      : [];

/** @returns indices of the usable photographs that the filter passes, in the order that was chosen */
export function arrangeItems(state: RecogniseState): readonly number[] {
  const { open, order, filter } = state;
  if (open === null) return [];
  const predicted = shownPredictions(state);
  const listed = chosenBy(state);
  const chosen = new Set(listed);
  const shown = open.items.filter((item) => item.failure === null && passes(filter, item, predicted, chosen));
  // A list that a person picked has its own order.
  if (filter.kind === 'picked' || filter.kind === 'group') {
    const places = new Map(listed.map((index, at) => [index, at]));
    return shown.map(({ index }) => index).sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
  }
  return sortItems(shown, order, predicted, open.classNames).map(({ index }) => index);
}

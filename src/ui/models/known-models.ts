/** Models that are here, and what the page calls them. */
import { catalogue } from '../../catalogue/catalogue.ts';
import { embeddedModelTitle } from '../../core/embedded-model.ts';
import type { LibraryState } from '../state/library-state.ts';
import { embeddedChoice, isSameChoice, type ModelChoice } from '../state/model-choice.ts';

export interface NamedChoice {
  readonly choice: ModelChoice;
  readonly title: string;
}

/** Of the random weights that are offered first. */
export const firstSeed = 1;

const randomTitle = (title: string): string => `${title}, random weights`;

const catalogueTitle = (id: string): string | undefined =>
  catalogue.models.find((entry) => entry.id === id)?.title;

/** The embedded model, and those of the lists as they were last read. */
export function modelsHere({ served, stored, dropped }: LibraryState): readonly NamedChoice[] {
  return [
    { choice: embeddedChoice, title: embeddedModelTitle },
    ...served.map(({ id, title }) => ({ choice: { kind: 'served', id } as const, title })),
    ...stored.map(({ id, title }) => ({
      choice: { kind: 'stored', id } as const,
      title: catalogueTitle(id) ?? title,
    })),
    ...dropped.map(({ id, title }) => ({ choice: { kind: 'dropped', id } as const, title })),
  ];
}

/** @param choice also a published model that is not downloaded */
export function titleOf(library: LibraryState, { kind, id, seed }: ModelChoice): string {
  if (seed !== undefined) return randomTitle(titleOf(library, { kind, id }));
  const here = modelsHere(library).find(({ choice }) => isSameChoice(choice, { kind, id }))?.title;
  return here ?? (kind === 'stored' ? catalogueTitle(id) : undefined) ?? 'The model';
}

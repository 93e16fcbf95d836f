import { formatColour } from '../../render/colour-maps.ts';
import { headColours } from '../../render/head-colours.ts';

const noClass = 'var(--ink-3)';

/** @returns a colour for each class as CSS has it; a class keeps its colour while there are no more than eight */
export function classColours(classNames: readonly string[]): (className: string | null) => string {
  const colours = headColours(Math.max(8, classNames.length));
  const byName = new Map(classNames.map((name, at) => [name, colours[at]]));
  return (className) => {
    const colour = className === null ? undefined : byName.get(className);
    return colour === undefined ? noClass : formatColour(colour);
  };
}

import { colourMapFunction, type ColourMapName } from '../../render/colour-maps.ts';
import type { Choice } from './choice-field.tsx';

/** A colour map as one of several to choose from, shown by its colours. */
export function colourChoice(name: ColourMapName): Choice<ColourMapName> {
  const colourAt = colourMapFunction(name);
  const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map(colourAt).join(', ');
  const picture = <span className="swatch" style={{ background: `linear-gradient(to right, ${stops})` }} />;
  return { value: name, label: name, picture };
}

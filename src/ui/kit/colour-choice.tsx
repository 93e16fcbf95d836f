import { colourGradient, type ColourMapName } from '../../render/colour-maps.ts';
import type { Choice } from './choice-field.tsx';

/** A colour map as an option of a choice field, shown by its colours. */
export function colourChoice(name: ColourMapName): Choice<ColourMapName> {
  const picture = <span className="swatch" style={{ background: colourGradient(name) }} />;
  return { value: name, label: name, picture };
}

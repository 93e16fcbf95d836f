import { formatColour, type Rgb } from '../../render/colour-maps.ts';
import './colour-chip.css';

/** The colour of something in the picture, for legends. Several colours are for several things. */
export function ColourChip({ colours }: { readonly colours: readonly Rgb[] }) {
  const [first] = colours;
  if (colours.length <= 1)
    return (
      <span className="colour-chip" style={first === undefined ? {} : { background: formatColour(first) }} />
    );
  const share = 100 / colours.length;
  const stops = colours.map((colour, at) => `${formatColour(colour)} ${at * share}% ${(at + 1) * share}%`);
  return (
    <span
      className="colour-chip colour-chip-many"
      style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }}
    />
  );
}

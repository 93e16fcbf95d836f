import { colourGradient, type ColourMapName } from '../render/colour-maps.ts';
import './colour-scale.css';

interface ColourScaleProps {
  readonly colours: ColourMapName;
  /** The values at the two ends. */
  readonly low: string;
  readonly high: string;
  /** What they are values of, for screen readers: "the norm". */
  readonly of: string;
}

/** What the colours of a map stand for. */
export function ColourScale({ colours, low, high, of }: ColourScaleProps) {
  return (
    <div className="colour-scale" role="img" aria-label={`Colours from ${of} ${low} to ${high}`}>
      <span aria-hidden="true">{low}</span>
      <span className="colour-scale-colours" style={{ background: colourGradient(colours) }} />
      <span aria-hidden="true">{high}</span>
    </div>
  );
}

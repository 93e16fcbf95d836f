/** Drawing settings that all lenses share. */
import { defineCodec, oneOf, wholeNumber } from '../core/codec.ts';
import { colourMapNames, type ColourMapName } from './colour-maps.ts';

export interface SharedDrawing {
  readonly colours: ColourMapName;
  /** Per cent, 0..100. */
  readonly opacityPercent: number;
}

export const sharedDrawing = defineCodec<SharedDrawing>({
  colours: oneOf(colourMapNames, { help: 'the colours of heat maps' }),
  opacityPercent: wholeNumber({
    defaultValue: 75,
    min: 0,
    max: 100,
    help: 'opacity of what is drawn, per cent',
  }),
});

/** Principal components of patch features as red, green and blue: similar patches get similar colours. */
import { defineCodec, oneOf, onOrOff, wholeNumber, type Field } from '../../core/codec.ts';
import type { FeatureChoice } from '../../core/model.ts';
import { featureFields, type FeatureParams } from '../feature-choice.ts';
import type { LensContract } from '../lens-contract.ts';
import { mapDrawingFields } from '../shared-fields.ts';

export interface ColoursParams extends FeatureParams {
  /** Whether the components are those of all photographs together, so that the same thing has one colour on all of them. */
  readonly together: boolean;
  /** The patches that the components are computed from: all, those on one side of the first component, or those where CLS looks. */
  readonly of: 'all' | 'component' | 'attention';
  readonly keep: 'above' | 'below';
  /** For 'component': the threshold, in per cent of the range from the first component's smallest value to its largest. */
  readonly threshold: number;
  /** For 'attention': the share of CLS's attention that the patches hold, in per cent, mean over the last block's heads. */
  readonly mass: number;
}

export interface ColoursDrawing {
  /** The colours, or the index of one component, from 0, as a heat map. */
  readonly view: 'colours' | number;
  /** Whether components 2 to 4 are the colours. The first component often only separates objects from the background. */
  readonly skip: boolean;
  /** 'range': each component's smallest to largest value. 'sigmoid': scaled to variance 1, then the sigmoid of twice that, as in DINOv3. */
  readonly scale: 'range' | 'sigmoid';
  readonly smooth: boolean;
}

/** One principal component. */
export interface Component {
  /** shape [rows, columns]: each patch's feature projected on the component. */
  readonly map: Float32Array<ArrayBuffer>;
  /** Smallest and largest value over the patches that it was computed from. */
  readonly min: number;
  readonly max: number;
  readonly deviation: number;
  /** Its share of the variance. */
  readonly share: number;
}

export interface ColoursResult {
  readonly features: FeatureChoice;
  readonly rows: number;
  readonly columns: number;
  /** At most four; fewer if the features have fewer dimensions. */
  readonly components: readonly Component[];
  /** shape [rows, columns]: 1 for the patches that the components were computed from; null if these are all patches. */
  readonly kept: Float32Array<ArrayBuffer> | null;
  /** The photographs that the components were computed from, and how many of their patches. */
  readonly photographs: number;
  readonly keptPatches: number;
  readonly allPatches: number;
}

const viewField: Field<ColoursDrawing['view']> = {
  defaultValue: 'colours',
  form: 'colours, or the number of a component from 1',
  help: 'what is drawn',
  read: (text) => (text === 'colours' ? text : /^[1-4]$/.test(text) ? Number(text) - 1 : null),
  write: (view) => (view === 'colours' ? view : String(view + 1)),
};

export const coloursContract: LensContract<ColoursParams, ColoursDrawing, ColoursResult> = {
  title: 'Colours',
  about: 'The directions in which patches differ most, as red, green and blue: what is alike has one colour.',
  asks: false,
  looksAt: ({ together }) => (together ? 'all' : 'one'),
  params: defineCodec({
    together: onOrOff({
      defaultValue: false,
      help: 'of all photographs together, instead of each for itself',
    }),
    ...featureFields,
    of: oneOf(['all', 'component', 'attention'], {
      help: 'which patches: all, those on a side of the first component, or where CLS looks in the last block',
    }),
    keep: oneOf(['above', 'below'], { help: 'of component: which side' }),
    threshold: wholeNumber({
      defaultValue: 50,
      min: 1,
      max: 99,
      help: 'of component: per cent of its range',
    }),
    mass: wholeNumber({
      defaultValue: 60,
      min: 1,
      max: 99,
      help: 'of attention: per cent of it that is kept',
    }),
  }),
  forgets: ['view'],
  drawing: defineCodec({
    view: viewField,
    skip: onOrOff({ defaultValue: false, help: 'components 2 to 4 in place of 1 to 3' }),
    scale: oneOf(['range', 'sigmoid'], {
      help: 'from smallest to largest; or the sigmoid of twice the whitened value',
    }),
    smooth: mapDrawingFields.smooth,
  }),
};

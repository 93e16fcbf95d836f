/** Words for what photographs are compared by. */
import type { FeatureKind, FeatureSettings } from '../../core/recognition.ts';
import { withUnit } from '../../core/with-unit.ts';

/** What votes are by. */
export const featureChoices: readonly { readonly value: FeatureKind; readonly label: string }[] = [
  { value: 'cls', label: 'CLS' },
  { value: 'mean', label: 'Mean patch' },
  { value: 'both', label: 'Both' },
];

/** What look-alikes are by. */
export const lookAlikeChoices: readonly { readonly value: FeatureKind; readonly label: string }[] = [
  { value: 'copy', label: 'CLS and GeM, as for finding copies' },
  { value: 'cls', label: 'CLS' },
  { value: 'mean', label: 'Mean patch' },
  { value: 'both', label: 'CLS and mean patch' },
];

export const titleOfFeature = (feature: FeatureKind): string =>
  lookAlikeChoices.find(({ value }) => value === feature)?.label ?? feature;

export const framingChoices: readonly {
  readonly value: FeatureSettings['framing'];
  readonly label: string;
}[] = [
  { value: 'official', label: 'Middle' },
  { value: 'photograph', label: 'Whole' },
  { value: 'square', label: 'Squashed' },
];

const framings: Readonly<Record<FeatureSettings['framing'], string>> = {
  official: 'the middle square of each photograph',
  photograph: 'whole photographs',
  square: 'photographs squashed to a square',
};

export const describeFraming = ({ framing, sidePx }: Pick<FeatureSettings, 'framing' | 'sidePx'>): string =>
  `${framings[framing]} at ${withUnit(sidePx, 'px')}`;

export const describeSettings = (settings: FeatureSettings): string =>
  `block ${settings.block}, ${describeFraming(settings)}`;

export const isSameSettings = (a: FeatureSettings, b: FeatureSettings): boolean =>
  a.block === b.block && a.framing === b.framing && a.sidePx === b.sidePx;

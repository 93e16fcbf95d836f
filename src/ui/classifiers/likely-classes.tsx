import type { LikelyClass } from '../../core/linear-head.ts';
import { formatPercent } from '../kit/format.ts';
import './classifiers.css';

/** What a classifier tells of a photograph, the likeliest first. */
export function LikelyClasses({ classes }: { readonly classes: readonly LikelyClass[] }) {
  return (
    <ol className="likely-classes">
      {classes.map(({ index, name, probability }) => (
        <li key={index}>
          <span>{name}</span>
          <meter aria-hidden="true" min={0} max={1} value={probability} />
          <span>{formatPercent(probability)}</span>
        </li>
      ))}
    </ol>
  );
}

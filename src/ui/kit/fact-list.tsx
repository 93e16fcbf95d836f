import { Explanation } from './explanation.tsx';
import './fact-list.css';

export type Fact = readonly [name: string, value: string, explanation?: string];

interface FactListProps {
  readonly facts: readonly Fact[];
  /** How the facts stand; without one, a line each, the values at its end. */
  readonly className?: string;
}

/** Names with their values, and beside a name what it means. */
export function FactList({ facts, className = 'fact-list' }: FactListProps) {
  return (
    <dl className={`facts ${className}`}>
      {facts.map(([name, value, explanation]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          {explanation !== undefined && (
            <dd className="fact-explanation">
              <Explanation term={name} text={explanation} />
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}

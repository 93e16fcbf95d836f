import { Explanation } from './explanation.tsx';
import './fact-list.css';

export type Fact = readonly [name: string, value: string, explanation?: string];

interface FactListProps {
  readonly facts: readonly Fact[];
  /** The class for the layout. The default is one line for each fact, with the value at its end. */
  readonly className?: string;
}

/** Names with values, and an explanation beside a name. */
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

import './fact-list.css';

export type Fact = readonly [name: string, value: string, title?: string];

/** Names with their values; what a value means in full is its tooltip. */
export function FactList({
  facts,
  className = 'fact-list',
}: {
  readonly facts: readonly Fact[];
  readonly className?: string;
}) {
  return (
    <dl className={className}>
      {facts.map(([name, value, title]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={title}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

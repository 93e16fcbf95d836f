import { type ReactNode, useState } from 'react';
import { findProblems, findWarnings, hyperParameters } from '../../core/hyper-parameters.ts';
import type { TrainingNumber } from '../../core/training.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { SwitchField } from '../kit/switch-field.tsx';
import { useServices, useTraining } from '../services.tsx';
import { fieldGroups, fieldLabels, officialIsComparable } from './hyper-parameter-words.ts';
import { NumberField } from './number-field.tsx';
import './hyper-fields.css';

const intervalLimits = { min: 1, max: 100_000, isWhole: true, official: null, warning: null };

interface HyperGroupProps {
  readonly title: string;
  readonly startsOpen: boolean;
  readonly hasProblem: boolean;
  readonly children: ReactNode;
}

/** Opens if a field has a problem. It then stays open, so that a field does not disappear while a person types in it. */
function HyperGroup({ title, startsOpen, hasProblem, children }: HyperGroupProps) {
  const [isOpen, setOpen] = useState(startsOpen);
  const [hadProblem, setHadProblem] = useState(hasProblem);
  if (hasProblem !== hadProblem) {
    setHadProblem(hasProblem);
    if (hasProblem) setOpen(true);
  }
  return (
    <Disclosure title={title} className="hyper-group" isOpen={isOpen} onToggle={setOpen}>
      <div className="hyper-fields">{children}</div>
    </Disclosure>
  );
}

/** All hyper-parameters of a run, in groups that fold away. */
export function HyperFields() {
  const configuration = useTraining(({ setup }) => setup.configuration);
  const intervals = useTraining(({ setup }) => setup.intervals);
  const { training } = useServices();
  const problems = new Set(findProblems(configuration).map(({ name }) => name));
  const warnings = new Map(findWarnings(configuration).map(({ name, sentence }) => [name, sentence]));
  const field = (name: TrainingNumber) => {
    const { min, max, isWhole, official } = hyperParameters[name];
    return (
      <NumberField
        key={name}
        label={fieldLabels[name]}
        value={configuration[name]}
        min={min}
        max={max}
        isWhole={isWhole}
        official={officialIsComparable(name) ? official : null}
        warning={warnings.get(name) ?? null}
        onChange={(value) => training.changeConfiguration({ [name]: value })}
      />
    );
  };
  return (
    <div className="hyper">
      {fieldGroups.map(({ title, names }, index) => (
        <HyperGroup
          key={title}
          title={title}
          startsOpen={index === 0}
          hasProblem={names.some((name) => problems.has(name))}
        >
          {names.map(field)}
          {title === 'Run' && (
            <>
              <NumberField
                label="Save every … steps"
                value={intervals.saveEvery}
                {...intervalLimits}
                onChange={(saveEvery) => training.changeIntervals({ saveEvery })}
              />
              <NumberField
                label="Maps every … steps"
                value={intervals.mapsEvery}
                {...intervalLimits}
                onChange={(mapsEvery) => training.changeIntervals({ mapsEvery })}
              />
            </>
          )}
          {title === 'Temperatures and centre' && (
            <div className="hyper-switches">
              {(['centring', 'sharpening'] as const).map((name) => (
                <div key={name}>
                  <SwitchField
                    label={name === 'centring' ? 'Centring' : 'Sharpening'}
                    inLine
                    checked={configuration[name]}
                    onChange={(checked) => training.changeConfiguration({ [name]: checked })}
                  />
                  {warnings.has(name) && <p className="number-note">{warnings.get(name)}</p>}
                </div>
              ))}
            </div>
          )}
        </HyperGroup>
      ))}
    </div>
  );
}

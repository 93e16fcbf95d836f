import { findProblems, findWarnings, hyperParameters } from '../../core/hyper-parameters.ts';
import type { TrainingNumber } from '../../core/training.ts';
import { SwitchField } from '../components/switch-field.tsx';
import { useServices, useTraining } from '../services.tsx';
import { fieldGroups, fieldLabels, officialIsComparable } from './hyper-parameter-words.ts';
import { NumberField } from './number-field.tsx';

const rhythmLimits = { min: 1, max: 100_000, isWhole: true, official: null, warning: null };

/** Every number of a run, in groups that fold away. A group with something to mend is open. */
export function HyperFields() {
  const configuration = useTraining(({ setup }) => setup.configuration);
  const rhythm = useTraining(({ setup }) => setup.rhythm);
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
        <details
          key={title}
          className="hyper-group"
          open={index === 0 || names.some((name) => problems.has(name))}
        >
          <summary>{title}</summary>
          <div className="hyper-fields">
            {names.map(field)}
            {title === 'Run' && (
              <>
                <NumberField
                  label="Save every … steps"
                  value={rhythm.saveEvery}
                  {...rhythmLimits}
                  onChange={(saveEvery) => training.changeRhythm({ saveEvery })}
                />
                <NumberField
                  label="Maps every … steps"
                  value={rhythm.mapsEvery}
                  {...rhythmLimits}
                  onChange={(mapsEvery) => training.changeRhythm({ mapsEvery })}
                />
              </>
            )}
            {title === 'Temperatures and centre' && (
              <div className="hyper-switches">
                {(['centring', 'sharpening'] as const).map((name) => (
                  <div key={name}>
                    <SwitchField
                      label={name === 'centring' ? 'Centring' : 'Sharpening'}
                      checked={configuration[name]}
                      onChange={(checked) => training.changeConfiguration({ [name]: checked })}
                    />
                    {warnings.has(name) && <p className="number-note">{warnings.get(name)}</p>}
                  </div>
                ))}
              </div>
            )}
          </div>
        </details>
      ))}
    </div>
  );
}

import { hyperParameters } from '../../src/core/hyper-parameters.ts';
import type { TrainingConfiguration, TrainingNumber } from '../../src/core/training.ts';
import { trainingPresets, type TrainingPreset } from '../../src/core/training-presets.ts';
import { stopWithWrong } from '../stop-with.ts';

const names = trainingPresets.map(({ id }) => id);

export const presetUsage = names.join(', ');

export function readPreset(name: string): TrainingPreset {
  const preset = trainingPresets.find(({ id }) => id === name);
  return preset ?? stopWithWrong(`--preset ${name} is none of ${presetUsage}.`);
}

const isNumberName = (name: string): name is TrainingNumber => Object.hasOwn(hyperParameters, name);

/** @param settings each `name=value` @returns what they change; whether values are allowed is asked later, of all at once */
export function configurationFrom(settings: readonly string[]): Partial<TrainingConfiguration> {
  const changes: Partial<Record<TrainingNumber, number>> = {};
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=', 2);
    if (!isNumberName(name))
      stopWithWrong(
        `--set ${setting}: there is no ${name}. There are ${Object.keys(hyperParameters).join(', ')}.`,
      );
    if (value.trim() === '' || !Number.isFinite(Number(value)))
      stopWithWrong(`--set ${setting}: '${value}' is not a number.`);
    changes[name] = Number(value);
  }
  return changes;
}

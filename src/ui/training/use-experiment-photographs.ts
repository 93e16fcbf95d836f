import { experimentPreset, fewestPhotographs } from '../../core/collapse-experiment.ts';
import type { TrainingConfiguration } from '../../core/training.ts';
import { countOf } from '../../core/count-of.ts';
import { useServices } from '../services.tsx';
import { fetchSample, fetchSamples } from '../shell/intake/samples.ts';
import { chosenPhotographs } from './chosen-photographs.ts';
import type { TrainingSetup } from './training-state.ts';

/** The numbers that the person has changed, where the setup is of the experiment's preset. */
function changedNumbers({ presetId, configuration }: TrainingSetup): Partial<TrainingConfiguration> {
  if (presetId !== experimentPreset.id) return {};
  const usual: Readonly<Record<string, number | boolean>> = { ...experimentPreset.configuration };
  return Object.fromEntries(Object.entries(configuration).filter(([name, value]) => usual[name] !== value));
}

/** Draws the figure from the chosen photographs of the strip, or from the samples where these are too few. */
export function useExperimentPhotographs(): { readonly draw: () => Promise<void> } {
  const { store, training } = useServices();
  const draw = async (): Promise<void> => {
    const { setup } = training.store.getState();
    const { photographs } = chosenPhotographs(store.getState(), setup);
    const changes = changedNumbers(setup);
    if (photographs.length >= fewestPhotographs) {
      const own = photographs.map(({ name, blob }) => ({ name, blob }));
      await training.drawFigure(own, `On your ${countOf(own.length, 'photograph')}`, changes);
      return;
    }
    const samples = await Promise.all((await fetchSamples()).map(fetchSample));
    const read = samples.flatMap((sample) => sample ?? []);
    if (read.length === 0) store.getState().say('The samples could not be read.', 'warning');
    else await training.drawFigure(read, `On the ${countOf(read.length, 'sample')}`, changes);
  };
  return { draw };
}

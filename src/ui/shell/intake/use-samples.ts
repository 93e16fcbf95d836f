import { useEffect, useState } from 'react';
import { useServices } from '../../services.tsx';
import { fetchSample, fetchSamples, type Sample } from './samples.ts';

let list: Promise<readonly Sample[]> | null = null;

export function useSamples(): {
  samples: readonly Sample[];
  open: (sample: Sample) => void;
  /** Those that are not in the strip yet. */
  openSeveral: (several: readonly Sample[]) => void;
} {
  const { store, session } = useServices();
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    let wanted = true;
    list ??= fetchSamples();
    void list.then((found) => {
      if (wanted) setSamples(found);
    });
    return () => {
      wanted = false;
    };
  }, []);

  const open = (sample: Sample): void => {
    const { photos, select, say } = store.getState();
    const there = Object.values(photos).find(({ name, alt }) => name === sample.title && alt === sample.alt);
    if (there) {
      select(there.id);
      return;
    }
    void fetchSample(sample).then((photo) => {
      if (photo) session.add([photo]);
      else say(`The sample “${sample.title}” could not be read.`, 'warning');
    });
  };

  const openSeveral = (several: readonly Sample[]): void => {
    const { photos, say } = store.getState();
    const missing = several.filter(
      ({ title, alt }) => !Object.values(photos).some((photo) => photo.name === title && photo.alt === alt),
    );
    void Promise.all(missing.map(fetchSample)).then((read) => {
      const found = read.flatMap((photo) => photo ?? []);
      if (found.length > 0) session.add(found);
      if (found.length < missing.length) say('Some samples could not be read.', 'warning');
    });
  };
  return { samples, open, openSeveral };
}

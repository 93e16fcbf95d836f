import { sampleUrl, type Sample } from './intake/samples.ts';
import { useSamples } from './intake/use-samples.ts';
import './sample-grid.css';

/** The sample photographs of the page; a click opens one. */
export function SampleGrid({ onOpened }: { readonly onOpened?: (sample: Sample) => void }) {
  const { samples, open } = useSamples();
  return (
    <ul className="samples">
      {samples.map((sample) => (
        <li key={sample.id}>
          <button
            type="button"
            className="sample"
            onClick={() => {
              open(sample);
              onOpened?.(sample);
            }}
          >
            <img
              src={sampleUrl(sample)}
              alt={sample.alt}
              width={sample.width}
              height={sample.height}
              decoding="async"
              draggable={false}
            />
            <span className="sample-title">{sample.title}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

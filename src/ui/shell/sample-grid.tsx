import { sampleUrl, type Sample } from './intake/samples.ts';
import { useSamples } from './intake/use-samples.ts';
import './sample-grid.css';

interface SampleGridProps {
  readonly onOpened?: (sample: Sample) => void;
  /** Where several can be ticked: their ids. */
  readonly ticked?: ReadonlySet<string>;
  readonly onTick?: (id: string, isTicked: boolean) => void;
}

/** The sample photographs of the page; a click opens one. */
export function SampleGrid({ onOpened, ticked, onTick }: SampleGridProps) {
  const { samples, open } = useSamples();
  return (
    <ul className="samples">
      {samples.map((sample) => (
        <li key={sample.id}>
          <button
            type="button"
            className="sample"
            onClick={({ detail: clicks }) => {
              // The second click of two was for what was here before.
              if (clicks > 1) return;
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
          {ticked !== undefined && (
            <label className="sample-tick" title="Use it together with others">
              <input
                type="checkbox"
                checked={ticked.has(sample.id)}
                aria-label={`Tick ${sample.title}`}
                onChange={(event) => onTick?.(sample.id, event.currentTarget.checked)}
              />
            </label>
          )}
        </li>
      ))}
    </ul>
  );
}

import { useEffect, useRef, useState } from 'react';
import type { CropView } from '../../rpc/training-contract.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { useServices } from '../services.tsx';
import { toImageData } from './pixels.ts';
import type { RunView } from './training-state.ts';
import './crops-panel.css';

function Crop({ crop }: { readonly crop: CropView }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { pixels, height, width } = crop;
    canvas.current?.getContext('2d')?.putImageData(toImageData(pixels, height, width), 0, 0);
  }, [crop]);
  return (
    <canvas ref={canvas} width={crop.width} height={crop.height} data-kind={crop.kind} aria-hidden="true" />
  );
}

/** The crops of a step, for each photograph. The teacher sees the two global crops, the student sees all of them. */
export function CropsPanel({ run }: { readonly run: RunView }) {
  const { training } = useServices();
  const [isOpen, setOpen] = useState(false);
  // The worker sends crops only while this panel is shown.
  useEffect(() => () => training.showCrops(false), [training]);
  const toggle = (open: boolean): void => {
    setOpen(open);
    training.showCrops(open);
  };
  const { crops, photographs, configuration } = run;
  const batch = configuration.batchSize;
  const places = Array.from(
    { length: batch },
    (_, place) => crops?.crops.filter((_crop, i) => i % batch === place) ?? [],
  );
  return (
    <Disclosure title="Crops of a step" className="crops" onToggle={toggle}>
      {isOpen && crops === null && <p className="training-note">They come with the next step.</p>}
      {isOpen && crops !== null && (
        <>
          <p className="training-note" data-crops-step={crops.step}>
            Step {crops.step}: the teacher sees the two framed crops of each photograph, the student sees all
            of them and learns to give the teacher’s answer.
          </p>
          <ul className="crop-rows">
            {places.map((row, place) => {
              const name = photographs[row[0]?.photograph ?? -1] ?? '';
              return (
                <li key={place} className="crop-row">
                  <span className="visually-hidden">
                    {name}: {row.length} crops, two of them for the teacher too
                  </span>
                  {row.map((crop, view) => (
                    <Crop key={view} crop={crop} />
                  ))}
                  <span className="crop-name" aria-hidden="true">
                    {name}
                  </span>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </Disclosure>
  );
}

import { useRef } from 'react';
import { lensIds, type LensId } from '../../lenses/contracts.ts';
import { viewOf } from '../../lenses/views.ts';
import { useScrollIntoView } from '../kit/use-scroll-into-view.ts';
import { useApp } from '../services.tsx';
import './lens-bar.css';

function LensChoice({ id }: { readonly id: LensId }) {
  const isChosen = useApp((state) => state.lens === id);
  const setLens = useApp((state) => state.setLens);
  const { icon: Icon, contract } = viewOf(id);
  const element = useRef<HTMLLabelElement>(null);
  useScrollIntoView(element, isChosen);
  return (
    <label className="lens-choice" title={contract.about} ref={element}>
      <input
        type="radio"
        name="lens"
        className="covering-input"
        checked={isChosen}
        aria-label={`${contract.title}: ${contract.about}`}
        onChange={() => setLens(id)}
      />
      <Icon aria-hidden="true" />
      <span aria-hidden="true">{contract.title}</span>
    </label>
  );
}

/** The choice of lens. */
export function LensBar() {
  return (
    <fieldset className="lens-bar">
      <legend className="visually-hidden">Lens</legend>
      {lensIds.map((id) => (
        <LensChoice key={id} id={id} />
      ))}
    </fieldset>
  );
}

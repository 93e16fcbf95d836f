import { useApp } from '../services.tsx';
import { Mark } from './wordmark.tsx';
import './drop-veil.css';

/** Shows that the whole page is a drop target, with corners like a viewfinder's. Drag events pass through it. */
export function DropVeil({ visible }: { readonly visible: boolean }) {
  const isRecognising = useApp((state) => state.screen === 'recognise');
  return (
    <div className="drop-veil" data-visible={visible} aria-hidden="true">
      <div className="drop-veil-finder">
        <Mark className="drop-veil-mark" />
        <p>{isRecognising ? 'Let go to take it in' : 'Let go to look at it'}</p>
        <span>
          {isRecognising
            ? 'Folders: each is a class. Single photographs are voted on'
            : 'Photographs, a folder of them, or a checkpoint'}
        </span>
      </div>
    </div>
  );
}

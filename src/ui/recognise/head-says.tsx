import { useEffect } from 'react';
import { describeFailure } from '../../core/failure.ts';
import type { CollectionItem } from '../../rpc/recognise-contract.ts';
import { LikelyClasses } from '../classifiers/likely-classes.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import './head-panel.css';

/** The likeliest classes of one photograph by a linear classifier: asked for where its tab is shown, and shown in every tab once they are told. */
export function HeadSays({ item }: { readonly item: CollectionItem }) {
  const { recognise } = useServices();
  const by = useRecognise((state) => state.head.by);
  const told = useRecognise((state) => state.head.told.get(item.index));
  const failure = useRecognise((state) => state.head.failed.get(item.index));
  const stopped = useRecognise((state) => state.head.failure !== null);
  const isAsked = useRecognise((state) => state.tab === 'head' && state.head.by !== null);
  const isAtHand = useRecognise(({ open }) => open !== null && open.files.of(item) !== null);
  const isReady = useApp((state) => state.engine.status === 'ready');
  const mustAsk = isAsked && isReady && isAtHand && told === undefined && failure === undefined && !stopped;
  useEffect(() => {
    if (mustAsk) recognise.askHead([item.index]);
  }, [recognise, mustAsk, by, item.index]);
  if (by === null || (told === undefined && !isAsked)) return null;
  return (
    <div className="head-says">
      <h4>{by.name}</h4>
      {told !== undefined ? (
        <LikelyClasses classes={told} />
      ) : (
        <p className="side-note" role="status">
          {failure !== undefined
            ? describeFailure(failure)
            : !isAtHand
              ? 'It cannot be asked: the file is not at hand.'
              : stopped
                ? 'It could not be asked.'
                : 'The classifier is being asked …'}
        </p>
      )}
    </div>
  );
}

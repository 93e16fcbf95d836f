import { RotateCcw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { describeFailure } from '../../core/failure.ts';
import { ClassifierChoices } from '../classifiers/classifier-choices.tsx';
import { describeOrigin } from '../classifiers/describe-origin.ts';
import { LikelyClasses } from '../classifiers/likely-classes.tsx';
import type { ChosenClassifier, ClassesAnswer } from '../engine/classes.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { useApp, useServices } from '../services.tsx';
import type { UsedModel } from '../state/model-in-use.ts';
import type { Photo } from '../state/photo.ts';
import './classes-panel.css';

function Answer({ answer, onRetry }: { readonly answer: ClassesAnswer | undefined; onRetry(): void }) {
  switch (answer?.status) {
    case 'told':
      return <LikelyClasses classes={answer.classes} />;
    case 'failed':
      return (
        <div className="classifier-choices">
          <p role="alert">{describeFailure(answer.failure)}</p>
          <IconButton icon={RotateCcw} label="Try again" withText onClick={onRetry} />
        </div>
      );
    case 'asking':
    case undefined:
      return <p role="status">The classifier is being asked …</p>;
  }
}

interface ToldProps {
  readonly photo: Photo;
  readonly model: UsedModel;
  readonly classifier: ChosenClassifier;
}

function Told({ photo, model, classifier }: ToldProps) {
  const { classes } = useServices();
  const answer = useStore(classes.store, ({ answers }) => answers[model.key]?.[photo.id]);
  const isReady = useApp((state) => state.engine.status === 'ready');
  useEffect(() => {
    if (isReady && answer === undefined) void classes.ask(photo.id);
  }, [classes, photo.id, isReady, answer]);
  return (
    <>
      <Answer answer={answer} onRetry={() => void classes.ask(photo.id)} />
      <p className="classes-note">
        By {classifier.name}
        {answer?.status === 'told' && `, ${describeOrigin(answer.madeOf)}`}.
      </p>
    </>
  );
}

/** The likeliest classes of the photograph by a linear classifier on the model's features. Folded away at first. */
export function ClassesPanel({ photo }: { readonly photo: Photo }) {
  const { classes } = useServices();
  const model = useApp((state) => state.models.used);
  const classifier = useStore(classes.store, ({ classifiers }) =>
    model === null ? undefined : classifiers[model.key],
  );
  const [isOpen, setIsOpen] = useState(false);
  if (model === null || photo.state.status === 'failed') return null;
  return (
    <section className="picture-details" aria-label="Classes">
      <Disclosure title="Classes" isOpen={isOpen} onToggle={setIsOpen}>
        {isOpen && (
          <div className="classes-of-photo">
            {classifier === undefined ? (
              <p className="classes-note">
                A linear classifier on the features of {model.description.title} tells what is in the
                photograph. DINO and DINOv2 publish some for ImageNet’s thousand classes; the Recognise page
                trains them on your own photographs.
              </p>
            ) : (
              <Told photo={photo} model={model} classifier={classifier} />
            )}
            <ClassifierChoices model={model} />
          </div>
        )}
      </Disclosure>
    </section>
  );
}

import { Download, FolderOpen, RotateCcw } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { catalogue } from '../../catalogue/catalogue.ts';
import type { CatalogueClassifier } from '../../catalogue/parse-catalogue.ts';
import { describeFailure } from '../../core/failure.ts';
import type { MadeOf } from '../../core/linear-head.ts';
import type { ChosenClassifier, ClassesAnswer } from '../engine/classes.ts';
import { Disclosure } from '../kit/disclosure.tsx';
import { formatPercent } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { describeFraming } from '../recognise/feature-words.ts';
import { useApp, useServices } from '../services.tsx';
import type { UsedModel } from '../state/model-in-use.ts';
import type { Photo } from '../state/photo.ts';
import './classes-panel.css';

/** Those that are published for exactly these weights. */
const publishedFor = ({ choice }: UsedModel): readonly CatalogueClassifier[] =>
  choice.kind === 'stored' && choice.seed === undefined
    ? (catalogue.models.find(({ id }) => id === choice.id)?.classifiers ?? [])
    : [];

/** The ways to a classifier. */
function Choices({ model }: { readonly model: UsedModel }) {
  const { classes } = useServices();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="classes-choices">
      {publishedFor(model).map(({ title, url }) => (
        <IconButton
          key={url}
          icon={Download}
          label={`Fetch ${title}`}
          withText
          onClick={() => classes.choose(model.key, { name: title, file: { kind: 'published', url } })}
        />
      ))}
      <IconButton
        icon={FolderOpen}
        label="Open a classifier"
        withText
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        accept=".pth,.pt,.bin,.safetensors"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file !== undefined)
            classes.choose(model.key, { name: file.name, file: { kind: 'file', file } });
        }}
      />
    </div>
  );
}

function Answer({ answer, onRetry }: { readonly answer: ClassesAnswer | undefined; onRetry(): void }) {
  switch (answer?.status) {
    case 'told':
      return (
        <ol className="classes-list">
          {answer.classes.map(({ index, name, probability }) => (
            <li key={index}>
              <span>{name}</span>
              <meter aria-hidden="true" min={0} max={1} value={probability} />
              <span>{formatPercent(probability)}</span>
            </li>
          ))}
        </ol>
      );
    case 'failed':
      return (
        <div className="classes-choices">
          <p role="alert">{describeFailure(answer.failure)}</p>
          <IconButton icon={RotateCcw} label="Try again" withText onClick={onRetry} />
        </div>
      );
    case 'asking':
    case undefined:
      return <p role="status">The classifier is being asked …</p>;
  }
}

const describeOrigin = (madeOf: MadeOf | null): string =>
  madeOf === null
    ? 'from the middle square of the photograph at 224 px, as it was trained'
    : `which learned from features of ${madeOf.modelTitle}, ${describeFraming(madeOf)}`;

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
          <div className="classes">
            {classifier === undefined ? (
              <p className="classes-note">
                A linear classifier on the features of {model.description.title} tells what is in the
                photograph. DINO and DINOv2 publish some for ImageNet’s thousand classes; the Recognise page
                trains them on your own photographs.
              </p>
            ) : (
              <Told photo={photo} model={model} classifier={classifier} />
            )}
            <Choices model={model} />
          </div>
        )}
      </Disclosure>
    </section>
  );
}

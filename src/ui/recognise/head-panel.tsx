import { Download, Play, X } from 'lucide-react';
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { describeFailure } from '../../core/failure.ts';
import { ClassifierChoices } from '../classifiers/classifier-choices.tsx';
import { describeOrigin } from '../classifiers/describe-origin.ts';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { saveFile } from '../kit/save-file.ts';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import { likelyClassesToCsv } from './collection-csv.ts';
import { frequentClasses } from './head-actions.ts';
import type { OpenCollection } from './recognise-state.ts';
import './head-panel.css';

const classesShown = 12;

/** The classes that were told most often; each shows its photographs. */
function Frequent() {
  const { recognise } = useServices();
  const told = useRecognise((state) => state.head.told);
  const filter = useRecognise((state) => state.filter);
  const frequent = useMemo(() => frequentClasses(told), [told]);
  if (frequent.length === 0) return null;
  return (
    <>
      <h4>Told most often</h4>
      <ol className="class-list">
        {frequent.slice(0, classesShown).map(({ name, indices }) => {
          const isShown = filter.kind === 'picked' && filter.words === name;
          return (
            <li key={name} className="class-row">
              <button
                type="button"
                className="class-name"
                aria-pressed={isShown}
                onClick={() =>
                  recognise.setFilter(isShown ? { kind: 'all' } : { kind: 'picked', indices, words: name })
                }
              >
                <span className="class-title">{name}</span>
                <span className="class-count">{indices.length}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </>
  );
}

function Asking({ open }: { readonly open: OpenCollection }) {
  const { recognise } = useServices();
  const { asking, told, failed } = useRecognise((state) => state.head);
  const isReady = useApp((state) => state.engine.status === 'ready');
  const arranged = useRecognise((state) => state.arranged);
  const rest = useMemo(
    () => arranged.filter((index) => !told.has(index) && !failed.has(index)),
    [arranged, told, failed],
  );
  const atHand = open.files.count(rest.flatMap((index) => open.items[index] ?? []));
  if (asking !== null)
    return (
      <div className="head-progress">
        <progress aria-label="Asking the classifier" value={asking.done} max={asking.total} />
        <IconButton icon={X} label="Cancel" withText onClick={() => recognise.cancelHead()} />
      </div>
    );
  return (
    <>
      {atHand > 0 && (
        <div className="side-buttons">
          <IconButton
            icon={Play}
            label={`Ask about ${countOf(atHand, 'photograph')}`}
            withText
            className="icon-button-primary"
            disabled={!isReady}
            onClick={() => recognise.askHead(arranged)}
          />
        </div>
      )}
      {atHand < rest.length && (
        <p className="side-note">
          {countOf(rest.length - atHand, 'photograph')} cannot be asked: the page keeps small pictures only.
          Add the same folder again, and their files are at hand.
        </p>
      )}
    </>
  );
}

/** What a published linear classifier, or one's own, says of the photographs. */
export function HeadPanel() {
  const { classes } = useServices();
  const open = useRecognise((state) => state.open);
  const head = useRecognise((state) => state.head);
  const model = useApp((state) => state.models.used);
  const classifier = useStore(classes.store, ({ classifiers }) =>
    model === null ? undefined : classifiers[model.key],
  );
  if (open === null || model === null) return null;
  return (
    <section className="head-panel" aria-labelledby="head-title">
      <h3 id="head-title">ImageNet’s classes</h3>
      <p className="side-note">
        {classifier === undefined
          ? `A linear classifier on the features of ${model.description.title} knows classes of its own, whatever yours are called. DINO and DINOv2 publish some for ImageNet’s thousand classes beside their networks.`
          : `By ${classifier.name}${head.origin === null ? '' : `, ${describeOrigin(head.origin.madeOf)}`}. Each photograph goes through ${model.description.title} once more.`}
      </p>
      <ClassifierChoices model={model} />
      {classifier !== undefined && <Asking open={open} />}
      {head.failure !== null && (
        <p className="side-failure" role="alert">
          <WarningMark />
          {describeFailure(head.failure)}
        </p>
      )}
      <Frequent />
      {head.told.size > 0 && (
        <div className="side-buttons">
          <IconButton
            icon={Download}
            label="Likely classes, CSV"
            withText
            onClick={() =>
              saveFile(likelyClassesToCsv(open, head.told), `${open.kept.title} likely classes.csv`)
            }
          />
        </div>
      )}
    </section>
  );
}

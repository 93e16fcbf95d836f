import { Eye, Trash2, X } from 'lucide-react';
import { useMemo } from 'react';
import type { CollectionItem } from '../../rpc/recognise-contract.ts';
import { countOf } from '../../core/count-of.ts';
import { formatPercent, formatSigned } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { SelectField } from '../kit/select-field.tsx';
import { useRecognise, useServices } from '../services.tsx';
import { HeadSays } from './head-says.tsx';
import { ClassMark } from './class-mark.tsx';
import { focusPhotographs } from './focus-photographs.ts';
import { ItemPhotograph, ItemPicture } from './item-picture.tsx';
import { neighboursOf, sharesOf, type Neighbour } from './item-votes.ts';
import {
  isWithoutChoice,
  isWrong,
  predictionOf,
  sharedClassOf,
  shownPredictions,
} from './recognise-state.ts';
import './item-details.css';

const barsShown = 6;

/** The votes or probabilities of each class, the largest first. */
function Shares({ item }: { readonly item: CollectionItem }) {
  const predicted = useRecognise(shownPredictions);
  const isProbe = useRecognise(({ tab, probe }) => tab === 'probe' && probe.value !== null);
  const shares = useMemo(() => sharesOf(predicted, item.index), [predicted, item.index]);
  if (shares.length === 0)
    return (
      <p className="side-note">
        {isWithoutChoice(predicted)
          ? 'There is nothing to vote between yet: give photographs to two classes.'
          : 'Nobody has voted on it yet.'}
      </p>
    );
  const prediction = predictionOf(predicted, item.index);
  const words = isProbe ? 'The linear probe says' : 'Voted';
  return (
    <>
      <h4>
        {words}: {prediction?.className ?? 'nothing'}
        {isWrong(item, prediction) && <span className="detail-wrong"> ✗ not {item.className}</span>}
      </h4>
      <dl className="shares">
        {shares.slice(0, barsShown).map(({ className, share }) => (
          <div key={className}>
            <dt>
              <ClassMark className={className} />
              <span title={className}>{className}</span>
            </dt>
            <dd style={{ '--fill': share }}>{formatPercent(share)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function NeighbourList({
  title,
  neighbours,
}: {
  readonly title: string;
  readonly neighbours: readonly Neighbour[];
}) {
  const { recognise } = useServices();
  const items = useRecognise((state) => state.open?.items);
  if (neighbours.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ol className="neighbours">
        {neighbours.map(({ index, cosine }) => {
          const other = items?.[index];
          if (other === undefined) return null;
          const className = other.className ?? 'no class';
          return (
            <li key={index}>
              <button
                type="button"
                className="neighbour"
                aria-label={`${other.name}, ${className}, cosine ${formatSigned(cosine, 3)}`}
                title={`${other.path}: ${className}, cosine ${formatSigned(cosine, 4)}`}
                onClick={() => recognise.selectItem(index, 'one')}
              >
                <ItemPicture index={index} />
                <span className="neighbour-words">
                  <ClassMark className={other.className} />
                  {formatSigned(cosine, 3)}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** Who voted, or in the tab of look-alikes who is most like it. */
function Neighbours({ item }: { readonly item: CollectionItem }) {
  const votes = useRecognise((state) => state.votes.value);
  const lookAlikes = useRecognise((state) => state.lookAlikes.value);
  const isLooking = useRecognise((state) => state.tab === 'look-alikes');
  const neighbours = useMemo(() => neighboursOf(votes, item.index), [votes, item.index]);
  const nearest = useMemo(
    () =>
      // Those of the photograph before are no answer for this one.
      lookAlikes?.of === item.index
        ? [...(lookAlikes.nearest?.items ?? [])].map((index, at) => ({
            index,
            cosine: lookAlikes.nearest?.cosines[at] ?? 0,
          }))
        : [],
    [lookAlikes, item.index],
  );
  return isLooking ? (
    <NeighbourList title="Most like it" neighbours={nearest} />
  ) : (
    <NeighbourList
      title={isWithoutChoice(votes) ? 'The nearest with a class' : 'The neighbours that voted'}
      neighbours={neighbours}
    />
  );
}

/** Values of the menu that are no class; classes have their places. */
const noClass = 'none';
const severalClasses = 'several';

/** A class from a menu: for touch, and for whoever does not drag. It shows what all selected photographs have. */
function ClassField() {
  const { recognise } = useServices();
  const open = useRecognise((state) => state.open);
  const selected = useRecognise((state) => state.selected);
  const shared = useMemo(() => (open === null ? undefined : sharedClassOf(open, selected)), [open, selected]);
  if (open === null || open.classNames.length === 0) return null;
  const { classNames } = open;
  const valueOf = (className: string | null): string =>
    className === null ? noClass : String(classNames.indexOf(className));
  return (
    <SelectField
      label="Class"
      choices={[
        ...(shared === undefined ? [{ value: severalClasses, label: 'Several' }] : []),
        { value: noClass, label: 'No class' },
        ...classNames.map((name) => ({ value: valueOf(name), label: name })),
      ]}
      value={shared === undefined ? severalClasses : valueOf(shared)}
      onChange={(value) => {
        const name = value === noClass ? null : classNames[Number(value)];
        if (name !== undefined) recognise.teach(name);
      }}
    />
  );
}

/** What can be done with the selected photographs. */
function Actions() {
  const { recognise } = useServices();
  const selected = useRecognise((state) => state.selected);
  const atHand = useRecognise(({ open, selected: chosen }) =>
    open === null ? 0 : open.files.count([...chosen].flatMap((index) => open.items[index] ?? [])),
  );
  const isGathering = useRecognise((state) => state.gathering !== null);
  return (
    <>
      <div className="side-buttons">
        <IconButton
          icon={Eye}
          label={selected.size > 1 ? `Open ${atHand} in the viewer` : 'Open in the viewer'}
          withText
          disabled={atHand === 0}
          onClick={() => recognise.openInViewer()}
        />
        <IconButton
          icon={Trash2}
          label={
            selected.size > 1
              ? `Take ${countOf(selected.size, 'photograph')} out of the collection`
              : 'Take it out of the collection'
          }
          disabled={isGathering}
          onClick={() => {
            void recognise.removeItems([...selected]);
            focusPhotographs();
          }}
        />
      </div>
      {atHand < selected.size && (
        <p className="side-note">
          {atHand === 0 ? 'Its file is' : `${selected.size - atHand} files are`} not at hand: the page keeps
          small pictures and features only. Add the same folder again to open it in the viewer.
        </p>
      )}
    </>
  );
}

/** The photograph that is shown by itself: its class, what was voted, and by whom. */
export function ItemDetails() {
  const { recognise } = useServices();
  const item = useRecognise(({ open, cursor }) => (cursor === null ? null : (open?.items[cursor] ?? null)));
  const selected = useRecognise((state) => state.selected.size);
  if (item === null)
    return (
      <section className="detail detail-empty" aria-label="Photograph">
        <p className="side-note">Choose a photograph to see what was voted, and by whom.</p>
      </section>
    );
  return (
    <section className="detail" aria-labelledby="detail-title">
      <div className="side-head">
        <h3 id="detail-title" title={item.path}>
          {item.name}
        </h3>
        <IconButton
          icon={X}
          label="Select nothing"
          onClick={() => {
            recognise.clearSelection();
            focusPhotographs();
          }}
        />
      </div>
      <div className="detail-picture">
        <ItemPhotograph index={item.index} />
      </div>
      <div className="detail-words">
        {selected > 1 && (
          <p className="side-note">
            And {countOf(selected - 1, 'other')} selected: a class is given to all {selected}.
          </p>
        )}
        <ClassField />
        <Shares item={item} />
        <HeadSays item={item} />
      </div>
      <div className="detail-neighbours">
        <Neighbours item={item} />
        <Actions />
      </div>
    </section>
  );
}

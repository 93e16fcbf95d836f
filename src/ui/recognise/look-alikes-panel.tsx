import { Download } from 'lucide-react';
import { useEffect } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { saveFile } from '../kit/save-file.ts';
import { SelectField } from '../kit/select-field.tsx';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import { groupsToCsv, nearestToCsv } from './collection-csv.ts';
import { lookAlikeChoices } from './feature-words.ts';
import { ItemPicture } from './item-picture.tsx';
import './look-alikes-panel.css';

/** More groups would be a long list; the file has all of them. */
const groupsShown = 100;
const picturesShown = 4;

function Group({ group, at }: { readonly group: readonly number[]; readonly at: number }) {
  const { recognise } = useServices();
  const isShown = useRecognise(({ filter }) => filter.kind === 'group' && filter.group === at);
  const names = useRecognise(({ open }) => open?.items[group[0] ?? -1]?.name ?? '');
  const show = (): void => {
    recognise.setFilter(isShown ? { kind: 'all' } : { kind: 'group', group: at });
    if (!isShown) recognise.selectItems(group);
  };
  return (
    <li>
      <button
        type="button"
        className="group"
        aria-pressed={isShown}
        aria-label={`Group ${at + 1}: ${countOf(group.length, 'photograph')} like ${names}`}
        onClick={show}
      >
        {group.slice(0, picturesShown).map((index) => (
          <ItemPicture key={index} index={index} />
        ))}
        <span className="class-count">{group.length}</span>
      </button>
    </li>
  );
}

/** The nearest of the photograph that is shown by itself, and groups of near-duplicates. */
export function LookAlikesPanel() {
  const { recognise } = useServices();
  const open = useRecognise((state) => state.open);
  const isReady = useApp((state) => state.engine.status === 'ready');
  const isGathering = useRecognise((state) => state.gathering !== null);
  const feature = useRecognise((state) => state.lookAlikeFeature);
  const cursor = useRecognise((state) => state.cursor);
  const lookAlikes = useRecognise((state) => state.lookAlikes);
  const id = open?.kept.id;
  useEffect(() => {
    if (isReady && !isGathering && id !== undefined) void recognise.findLookAlikes();
  }, [recognise, id, feature, cursor, isReady, isGathering]);
  if (open === null) return null;
  const { value } = lookAlikes;
  return (
    <section className="look-alikes" aria-labelledby="look-alikes-title">
      <h3 id="look-alikes-title">Look-alikes</h3>
      <SelectField
        label="Compared by"
        choices={lookAlikeChoices}
        value={feature}
        onChange={(next) => {
          const choice = lookAlikeChoices.find((each) => each.value === next);
          if (choice !== undefined) recognise.setLookAlikeFeature(choice.value);
        }}
      />
      {lookAlikes.status === 'failed' && (
        <p className="side-failure">
          <WarningMark />
          {describeFailure(lookAlikes.failure)}
        </p>
      )}
      {lookAlikes.status === 'asking' && value === null && <progress aria-label="Comparing" />}
      {value !== null && (
        <>
          <h4>Near-duplicates</h4>
          <p className="side-note">
            {value.groups.length === 0
              ? `No two photographs have a cosine of ${value.threshold.toFixed(3)} or more.`
              : `${countOf(value.groups.length, 'group')} whose cosines are at least ${value.threshold.toFixed(3)}.`}
          </p>
          <ol className="class-list">
            {value.groups.slice(0, groupsShown).map((group, at) => (
              <Group key={group.join(' ')} group={group} at={at} />
            ))}
          </ol>
          {value.groups.length > groupsShown && (
            <p className="side-note">{value.groups.length - groupsShown} more are in the file.</p>
          )}
          <div className="side-buttons">
            <IconButton
              icon={Download}
              label="Groups, CSV"
              withText
              disabled={value.groups.length === 0}
              onClick={() => saveFile(groupsToCsv(open, value), `${open.kept.title} near-duplicates.csv`)}
            />
            <IconButton
              icon={Download}
              label="Nearest, CSV"
              withText
              disabled={cursor === null || value.of !== cursor}
              onClick={() => saveFile(nearestToCsv(open, value), `${open.kept.title} look-alikes.csv`)}
            />
          </div>
        </>
      )}
      <p className="side-note">Choose a photograph, and the most similar ones stand beside it.</p>
    </section>
  );
}

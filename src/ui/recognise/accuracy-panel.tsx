import { Download } from 'lucide-react';
import { describeFailure } from '../../core/failure.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { Disclosure } from '../kit/disclosure.tsx';
import { formatMilliseconds, formatPercent } from '../kit/format.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { RangeField } from '../kit/range-field.tsx';
import { saveFile } from '../kit/save-file.ts';
import { SwitchField } from '../kit/switch-field.tsx';
import { WarningMark } from '../kit/warning-mark.tsx';
import { useRecognise, useServices } from '../services.tsx';
import { neighboursToCsv, predictionsToCsv } from './collection-csv.ts';
import { ConfusionTable } from './confusion-table.tsx';
import { featureChoices } from './feature-words.ts';
import { neighboursToAsk, type Votes } from './recognise-state.ts';
import { SettingsForm } from './settings-form.tsx';
import './accuracy-panel.css';

const mostNeighbours = 50;

/** How many of the photographs that were asked are in the right class. */
function countRight({ confusion, classNames }: Votes): { readonly right: number; readonly asked: number } {
  let right = 0;
  let asked = 0;
  confusion.forEach((count, at) => {
    asked += count;
    if (Math.floor(at / classNames.length) === at % classNames.length) right += count;
  });
  return { right, asked };
}

function Accuracy({ votes, isAsking }: { readonly votes: Votes; readonly isAsking: boolean }) {
  const { right, asked } = countRight(votes);
  return (
    <>
      <p className="accuracy-number" aria-busy={isAsking}>
        {votes.accuracy === null ? '–' : formatPercent(votes.accuracy)}
      </p>
      <p className="side-note">
        {votes.accuracy === null
          ? 'There is nothing to tell apart yet: give photographs to two classes.'
          : `${right} of ${asked} photographs are voted into their own class by the others, in ${formatMilliseconds(votes.elapsedMs)}.`}
      </p>
    </>
  );
}

/** How well the classes are told apart by votes of the nearest. */
export function AccuracyPanel() {
  const votes = useRecognise((state) => state.votes);
  const isAsking = votes.status === 'asking';
  const { value } = votes;
  return (
    <section className="accuracy" aria-labelledby="accuracy-title">
      <h3 id="accuracy-title">Leave-one-out accuracy</h3>
      {value === null ? (
        <p className="accuracy-number" aria-busy={isAsking}>
          –
        </p>
      ) : (
        <Accuracy votes={value} isAsking={isAsking} />
      )}
      <progress
        className="accuracy-progress"
        data-visible={isAsking}
        aria-label="Voting"
        {...(isAsking && votes.share !== null ? { value: votes.share, max: 1 } : { value: 0, max: 1 })}
      />
      {votes.status === 'failed' && (
        <p className="side-failure">
          <WarningMark />
          {describeFailure(votes.failure)}
        </p>
      )}
    </section>
  );
}

/** What the votes are by, and what was voted for each class. */
export function VotesPanel() {
  const { recognise } = useServices();
  const { value } = useRecognise((state) => state.votes);
  const feature = useRecognise((state) => state.feature);
  const k = useRecognise(neighboursToAsk);
  const isByClass = useRecognise((state) => state.k === null);
  const open = useRecognise((state) => state.open);
  if (open === null) return null;
  return (
    <section className="accuracy" aria-labelledby="votes-title">
      <h3 id="votes-title">Votes</h3>
      <RangeField
        label="Neighbours that vote (k)"
        min={1}
        max={mostNeighbours}
        value={k}
        valueText={`${k} neighbours`}
        display={String(k)}
        explanation="Each photograph is voted on by the k photographs that are most like it, itself left out. A neighbour of cosine s votes with weight exp(s / 0.07), as in the official script, which takes 20. In small folders that is too many: each photograph's own class is then outvoted. So there are fewer than the smallest class has."
        onChange={(next) => recognise.setNeighbours(next)}
      />
      <SwitchField
        label="k by the smallest class"
        checked={isByClass}
        inLine
        onChange={(isOn) => recognise.setNeighbours(isOn ? null : k)}
      />
      <ChoiceField
        label="Compared by"
        choices={featureChoices}
        value={feature}
        explanation="CLS gathers what a photograph is about; the mean patch is the mean of all its patches. Both: one after the other, each of length one."
        onChange={(next) => recognise.setFeature(next)}
      />
      {value !== null && value.accuracy !== null && (
        <ConfusionTable classNames={value.classNames} confusion={value.confusion} />
      )}
      <Disclosure title="Features and files">
        <SettingsForm />
        {value !== null && (
          <div className="side-buttons">
            <IconButton
              icon={Download}
              label="Votes, CSV"
              withText
              onClick={() => saveFile(predictionsToCsv(open, value), `${open.kept.title} votes.csv`)}
            />
            <IconButton
              icon={Download}
              label="Neighbours, CSV"
              withText
              onClick={() => saveFile(neighboursToCsv(open, value), `${open.kept.title} neighbours.csv`)}
            />
          </div>
        )}
      </Disclosure>
    </section>
  );
}

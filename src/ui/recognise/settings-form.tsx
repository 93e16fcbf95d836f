import { RefreshCw } from 'lucide-react';
import { isSameSource, sourceOf, type FeatureSettings } from '../../core/recognition.ts';
import type { ModelDescription } from '../../core/model.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { RangeField } from '../kit/range-field.tsx';
import { useApp, useRecognise, useServices } from '../services.tsx';
import { describeSettings, framingChoices, isSameSettings } from './feature-words.ts';
import { settingsFor } from './usual-settings.ts';

const sides = [96, 160, 224, 320, 448] as const;

/** The nearest multiple of the patch. */
const roundedSide = (sidePx: number, patchSizePx: number): number =>
  patchSizePx * Math.max(1, Math.round(sidePx / patchSizePx));

interface FieldsProps {
  readonly model: ModelDescription;
  readonly settings: FeatureSettings;
  readonly onChange: (settings: FeatureSettings) => void;
}

function Fields({ model, settings, onChange }: FieldsProps) {
  const choices = [
    ...new Set([...sides.map((side) => roundedSide(side, model.patchSizePx)), settings.sidePx]),
  ];
  return (
    <>
      <RangeField
        label="Block"
        min={1}
        max={model.depth}
        value={settings.block}
        valueText={`block ${settings.block} of ${model.depth}`}
        display={`${settings.block} of ${model.depth}`}
        explanation="After which block of the network the features are taken. Each goes through the final norm. The last block is the usual one."
        onChange={(block) => onChange({ ...settings, block })}
      />
      <ChoiceField
        label="What of a photograph"
        choices={framingChoices}
        value={settings.framing}
        explanation="The middle: the shorter side is brought to 256/224 of the size, and a square is cut from the middle, as in the official script. The whole keeps the photograph's shape."
        onChange={(framing) => onChange({ ...settings, framing })}
      />
      <ChoiceField
        label="Size, px"
        choices={choices.sort((a, b) => a - b).map((value) => ({ value, label: String(value) }))}
        value={settings.sidePx}
        onChange={(sidePx) => onChange({ ...settings, sidePx })}
      />
    </>
  );
}

/** What features of the network are computed, and for a collection a way to compute them anew. */
export function SettingsForm() {
  const { recognise } = useServices();
  const used = useApp((state) => state.models.used);
  const open = useRecognise((state) => state.open);
  const isGathering = useRecognise((state) => state.gathering !== null);
  const chosen = useRecognise((state) => state.settings);
  if (used === null) return null;
  const { key, description: model } = used;
  const settings = settingsFor(chosen, model);
  const atHand = open === null ? 0 : open.files.count(open.items);
  const isNew =
    open !== null &&
    !(isSameSettings(settings, open.kept.settings) && isSameSource(open.kept, sourceOf(key, model)));
  return (
    <div className="settings-form">
      <Fields model={model} settings={settings} onChange={(next) => recognise.setSettings(next)} />
      {open !== null && (
        <>
          <p className="side-note">
            Here: {open.kept.modelTitle}, {describeSettings(open.kept.settings)}.
          </p>
          {isNew && (
            <>
              <IconButton
                icon={RefreshCw}
                label={`Compute anew from ${countOf(atHand, 'file')}`}
                withText
                disabled={atHand === 0 || isGathering}
                onClick={() => void recognise.computeAnew(settings)}
              />
              <p className="side-note">
                {atHand === 0
                  ? 'The page keeps no photographs, only small pictures. Add the same folders again, and then everything can be computed anew.'
                  : 'A new collection with the same classes; this one stays.'}
              </p>
            </>
          )}
        </>
      )}
    </div>
  );
}

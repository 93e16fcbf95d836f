import { useRef } from 'react';
import { Disclosure } from '../kit/disclosure.tsx';
import { useKeptFocus } from '../kit/use-kept-focus.ts';
import { useApp, useRecognise } from '../services.tsx';
import { AddPhotographs } from './add-photographs.tsx';
import { CollectionList } from './collection-list.tsx';
import { describeSettings } from './feature-words.ts';
import { GatheringLine } from './gathering-line.tsx';
import { SettingsForm } from './settings-form.tsx';
import { settingsFor } from './usual-settings.ts';
import './recognise-start.css';

/** Before a collection is open: what this is, how to begin, and what is kept from before. */
export function RecogniseStart({ onAdd }: { readonly onAdd: () => void }) {
  const model = useApp((state) => state.models.used?.description ?? null);
  const settings = useRecognise((state) => state.settings);
  const all = useRef<HTMLDivElement>(null);
  useKeptFocus(all);
  return (
    <div ref={all} className="recognise-start" tabIndex={-1}>
      <h2>Tell things apart by example.</h2>
      <div className="recognise-words">
        <p className="recognise-lead">
          Give it two folders, “mugs” and “not mugs”. The network was never told what a mug is; yet a
          photograph’s nearest others are mostly of its own kind, so they vote on it, and on anything you add
          next.
        </p>
        <AddPhotographs onAdd={onAdd} isFirst />
        <GatheringLine />
        <p className="side-note">
          Each folder is a class, with all that lies in it; or add one folder that holds them. A photograph
          that comes by itself has no class and is voted on. Photographs stay where they are: this browser
          keeps their features and small pictures, until you delete the collection.
        </p>
        {model !== null && (
          <Disclosure
            title="Features"
            hint={`${model.title}, ${describeSettings(settingsFor(settings, model))}`}
          >
            <SettingsForm />
          </Disclosure>
        )}
      </div>
      <CollectionList />
    </div>
  );
}

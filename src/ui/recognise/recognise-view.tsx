import { useEffect, useRef } from 'react';
import { describeFailure } from '../../core/failure.ts';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { SelectField } from '../kit/select-field.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { useKeptFocus } from '../kit/use-kept-focus.ts';
import { WarningMark } from '../kit/warning-mark.tsx';
import { ListChecks, X } from 'lucide-react';
import { useRecognise, useServices } from '../services.tsx';
import { AccuracyPanel, VotesPanel } from './accuracy-panel.tsx';
import { ClassPanel } from './class-panel.tsx';
import { CollectionHead } from './collection-head.tsx';
import { FailedFiles } from './failed-files.tsx';
import { focusPhotographs } from './focus-photographs.ts';
import { HeadPanel } from './head-panel.tsx';
import { ItemDetails } from './item-details.tsx';
import { ItemGrid } from './item-grid.tsx';
import { LookAlikesPanel } from './look-alikes-panel.tsx';
import { MapCanvas } from './map-canvas.tsx';
import { MapPanel } from './map-panel.tsx';
import { ProbePanel } from './probe-panel.tsx';
import { RecogniseStart } from './recognise-start.tsx';
import {
  isWithoutPhotographs,
  type Filter,
  type OpenCollection,
  type Order,
  type Tab,
} from './recognise-state.ts';
import './recognise-view.css';

const tabs: readonly { readonly value: Tab; readonly label: string }[] = [
  { value: 'classes', label: 'Classes' },
  { value: 'look-alikes', label: 'Look-alikes' },
  { value: 'map', label: 'Map' },
  { value: 'probe', label: 'Probe' },
  { value: 'head', label: 'ImageNet' },
];

const orders: readonly { readonly value: Order; readonly label: string }[] = [
  { value: 'wrong', label: 'Wrong ones first' },
  { value: 'class', label: 'By class' },
  { value: 'added', label: 'As they came' },
];

const panelId = 'recognise-panel';

function Side({ tab }: { readonly tab: Tab }) {
  switch (tab) {
    case 'classes':
      return (
        <>
          <AccuracyPanel />
          <ClassPanel />
          <VotesPanel />
        </>
      );
    case 'look-alikes':
      return <LookAlikesPanel />;
    case 'map':
      return (
        <>
          <MapPanel />
          <ClassPanel />
        </>
      );
    case 'probe':
      return (
        <>
          <ProbePanel />
          <ClassPanel />
        </>
      );
    case 'head':
      return <HeadPanel />;
  }
}

function describeFilter(filter: Filter): string | null {
  switch (filter.kind) {
    case 'all':
      return null;
    case 'cell':
      return filter.className === filter.voted
        ? `${filter.className}, voted right`
        : `${filter.className}, voted ${filter.voted}`;
    case 'class':
      return filter.className ?? 'without a class';
    case 'group':
      return `group ${filter.group + 1} of near-duplicates`;
    case 'picked':
      return filter.words;
  }
}

/** What is shown of all photographs, and in which order. */
function GridHead() {
  const { recognise } = useServices();
  const shown = useRecognise((state) => state.arranged.length);
  const order = useRecognise((state) => state.order);
  const filter = useRecognise((state) => state.filter);
  const picksSeveral = useRecognise((state) => state.picksSeveral);
  const selected = useRecognise((state) => state.selected.size);
  const words = describeFilter(filter);
  return (
    <div className="grid-head">
      <p>
        {countOf(shown, 'photograph')}
        {words === null ? '' : `: ${words}`}
        {picksSeveral && `, ${selected} selected`}
      </p>
      <IconButton
        icon={ListChecks}
        label="Select several"
        aria-pressed={picksSeveral}
        onClick={() => recognise.setPicksSeveral(!picksSeveral)}
      />
      {words !== null && (
        <IconButton
          icon={X}
          label="Show all photographs"
          onClick={() => {
            recognise.setFilter({ kind: 'all' });
            focusPhotographs();
          }}
        />
      )}
      <SelectField
        label="Order"
        choices={orders}
        value={order}
        onChange={(next) => {
          const choice = orders.find(({ value }) => value === next);
          if (choice !== undefined) recognise.setOrder(choice.value);
        }}
      />
    </div>
  );
}

function Middle({ tab }: { readonly tab: Tab }) {
  const places = useRecognise((state) => state.map.value);
  const hasNothing = useRecognise(({ open }) => open !== null && isWithoutPhotographs(open.items));
  if (tab === 'map' && places !== null) return <MapCanvas places={places} />;
  return (
    <div className="grid">
      <GridHead />
      {hasNothing ? <FailedFiles isOpen /> : <ItemGrid label="Photographs of the collection" />}
    </div>
  );
}

function Collection({ open, onAdd }: { readonly open: OpenCollection; readonly onAdd: () => void }) {
  const { recognise } = useServices();
  const tab = useRecognise((state) => state.tab);
  const hasCursor = useRecognise((state) => state.cursor !== null);
  const all = useRef<HTMLDivElement>(null);
  useKeptFocus(all);
  return (
    <div ref={all} className="collection" tabIndex={-1} data-detail={hasCursor} data-tab={tab}>
      <CollectionHead open={open} onAdd={onAdd} />
      <Tabs
        label="What to look at"
        tabs={tabs}
        value={tab}
        panelId={panelId}
        onChange={(next) => recognise.setTab(next)}
      />
      <div
        className="collection-panel"
        id={panelId}
        role="tabpanel"
        aria-label={tabs.find(({ value }) => value === tab)?.label}
      >
        <div className="side">
          <Side tab={tab} />
          {!isWithoutPhotographs(open.items) && <FailedFiles />}
        </div>
        <Middle tab={tab} />
      </div>
      <aside className="collection-detail" aria-label="The chosen photograph">
        <ItemDetails />
      </aside>
    </div>
  );
}

/** Tells photographs apart: by votes of their nearest neighbours, by a linear probe, on a map. */
export function RecogniseView({ onAdd }: { readonly onAdd: () => void }) {
  const { recognise } = useServices();
  const open = useRecognise((state) => state.open);
  const failure = useRecognise((state) => state.failure);
  const main = useRef<HTMLElement>(null);
  const isOpen = open !== null;
  useEffect(() => void recognise.begin(), [recognise]);
  // The pressed button was removed with its panel, and the focus with it.
  useEffect(() => {
    if (document.activeElement === document.body) main.current?.focus();
    window.scrollTo(0, 0);
  }, [isOpen]);
  return (
    <main className="recognise" id="content" tabIndex={-1} ref={main} data-open={isOpen}>
      {open === null ? (
        <>
          {failure !== null && (
            <p className="side-failure" role="status">
              <WarningMark />
              {describeFailure(failure)}
            </p>
          )}
          <RecogniseStart onAdd={onAdd} />
        </>
      ) : (
        <Collection open={open} onAdd={onAdd} />
      )}
    </main>
  );
}

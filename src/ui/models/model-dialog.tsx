import { FolderOpen, RefreshCw, WifiOff } from 'lucide-react';
import { type ReactNode, useEffect, useId } from 'react';
import { catalogue } from '../../catalogue/catalogue.ts';
import type { CatalogueEntry } from '../../catalogue/parse-catalogue.ts';
import { formatBytes } from '../../core/bytes.ts';
import { describeNotKept } from '../../core/not-kept.ts';
import { embeddedModelTitle } from '../../core/embedded-model.ts';
import { describeFailure } from '../../core/failure.ts';
import { describeSizes } from './describe-model.ts';
import { useApp, useServices } from '../services.tsx';
import { bytesOf } from '../state/library-state.ts';
import { embeddedChoice, isSameChoice } from '../state/model-choice.ts';
import { Announcement } from '../shell/announcement.tsx';
import { useOnline } from '../shell/use-page-effects.ts';
import { CatalogueRow } from './catalogue-row.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { DroppedRow } from './dropped-row.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { Messages } from '../shell/messages.tsx';
import { DeleteAction, ModelRow } from './model-row.tsx';
import './model-dialog.css';

interface GroupProps {
  readonly title: string;
  /** A note about all models of the group. */
  readonly note?: string;
  readonly children: ReactNode;
}

function Group({ title, note, children }: GroupProps) {
  const titleId = useId();
  return (
    <section className="model-group" aria-labelledby={titleId}>
      <h3 id={titleId}>{title}</h3>
      {note !== undefined && <p>{note}</p>}
      <ul>{children}</ul>
    </section>
  );
}

function EmbeddedRow() {
  const used = useApp((state) =>
    state.models.used !== null && isSameChoice(state.models.used.choice, embeddedChoice)
      ? state.models.used.description
      : null,
  );
  return (
    <ModelRow title={embeddedModelTitle} choice={embeddedChoice}>
      <p>Comes with the page: a small demonstration model, not one of the published networks.</p>
      {used && <p>{describeSizes(used)}</p>}
    </ModelRow>
  );
}

function PageGroup() {
  const served = useApp((state) => state.library.served);
  return (
    <Group title="With this page">
      <EmbeddedRow />
      {served.map(({ id, title, byteLength }) => (
        <ModelRow key={id} title={title} choice={{ kind: 'served', id }}>
          <p>Lies beside the page{byteLength !== null && `, ${formatBytes(byteLength)}`}</p>
        </ModelRow>
      ))}
    </Group>
  );
}

function OwnGroup() {
  const dropped = useApp((state) => state.library.dropped);
  const stored = useApp((state) => state.library.stored);
  const own = stored.filter(({ id }) => !catalogue.models.some((entry) => entry.id === id));
  if (dropped.length + own.length === 0) return null;
  return (
    <Group title="Your own files">
      {dropped.map((model) => (
        <DroppedRow key={model.id} model={model} />
      ))}
      {own.map(({ id, title, files }) => {
        const size = formatBytes(bytesOf(files));
        return (
          <ModelRow
            key={id}
            title={title}
            choice={{ kind: 'stored', id }}
            actions={<DeleteAction title={title} id={id} size={size} />}
          >
            <p>Kept in this browser, {size}</p>
          </ModelRow>
        );
      })}
    </Group>
  );
}

interface PublishedGroupProps {
  readonly title: string;
  readonly group: CatalogueEntry['group'];
  readonly isOnline: boolean;
}

/** If all figures have the same source, it is named once for the group. */
function PublishedGroup({ title, group, isOnline }: PublishedGroupProps) {
  const entries = catalogue.models.filter((entry) => entry.group === group);
  const sources = new Set(entries.map(({ figures }) => figures?.source));
  const [source] = sources;
  const common = sources.size === 1 ? source : undefined;
  return (
    <Group title={title} {...(common === undefined ? {} : { note: `Figures from ${common}.` })}>
      {entries.map((entry) => (
        <CatalogueRow
          key={entry.id}
          entry={entry}
          isOnline={isOnline}
          namesSource={entry.figures !== null && common === undefined}
        />
      ))}
    </Group>
  );
}

/** How many bytes are used by models, and how many are free. */
function Room() {
  const { status, failure, stored, partial, notKept, freeBytes } = useApp((state) => state.library);
  if (status === 'unread') return null;
  if (status === 'failed')
    return (
      <>
        <p>What this browser keeps could not be read. {failure !== null && describeFailure(failure)}</p>
        {failure?.code === 'script-missing' && (
          <IconButton icon={RefreshCw} label="Reload the page" withText onClick={() => location.reload()} />
        )}
      </>
    );
  if (notKept !== null)
    return <p>{describeNotKept(notKept)} A model that is downloaded here lasts as long as the visit.</p>;
  const kept = stored.reduce((sum, { files }) => sum + bytesOf(files), 0);
  const begun = partial.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  return (
    <p>
      Models take {formatBytes(kept + begun)} in this browser
      {freeBytes !== null && `; it would give about ${formatBytes(freeBytes)} more`}.
    </p>
  );
}

interface ModelDialogProps {
  readonly onClose: () => void;
  /** Opens the file picker. */
  readonly onAdd: () => void;
}

/** The list of networks: those in this browser, those that can be downloaded, and the person's own. */
export function ModelDialog({ onClose, onAdd }: ModelDialogProps) {
  const { library } = useServices();
  const isOnline = useOnline();
  useEffect(() => void library.refresh(), [library]);
  return (
    <Dialog title="Models" onClose={onClose}>
      {/* Screen readers do not read the page behind a modal dialog, so its messages are repeated here. */}
      <div className="visually-hidden" role="status">
        <Announcement />
      </div>
      <Messages withNotes={false} />
      <div className="models">
        <PageGroup />
        <OwnGroup />
        {!isOnline && (
          <p className="models-offline">
            <WifiOff aria-hidden="true" />
            There is no network: downloads have to wait. What is kept in this browser can be used, and of the
            models beside the page those that were fetched before.
          </p>
        )}
        <PublishedGroup title="DINO, learned without labels" group="dino" isOnline={isOnline} />
        <PublishedGroup title="For comparison" group="comparison" isOnline={isOnline} />
        <footer className="models-foot">
          <Room />
          <p>
            Without a network: bring a checkpoint on a stick, as .safetensors or .pth from its authors or as a
            folder from <code>npm run convert</code>, and open it here. “Keep in this browser” has it at hand
            the next time.
          </p>
          <IconButton icon={FolderOpen} label="Open a checkpoint file" withText onClick={onAdd} />
        </footer>
      </div>
    </Dialog>
  );
}

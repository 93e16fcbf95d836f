import { Download, RotateCw } from 'lucide-react';
import type { CatalogueEntry } from '../../catalogue/parse-catalogue.ts';
import { formatBytes } from '../../core/bytes.ts';
import { describeDownloadSize, describeEntry, describePartial } from './describe-model.ts';
import { useApp, useServices } from '../services.tsx';
import { bytesOf } from '../state/library-state.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { DeleteAction, ModelRow } from './model-row.tsx';
import { withUnit } from '../../core/with-unit.ts';

interface DownloadActionProps {
  readonly entry: CatalogueEntry;
  readonly isOnline: boolean;
}

/** The download button; nothing is fetched before it is pressed. */
function DownloadAction({ entry, isOnline }: DownloadActionProps) {
  const { library } = useServices();
  const { id, title } = entry;
  const partial = useApp((state) => state.library.partial.find((each) => each.id === id));
  const hasFailed = useApp((state) => state.library.transfers[id]?.status === 'failed');
  const download = (): void => void library.download(id);
  const label = partial ? 'Resume' : hasFailed ? 'Try again' : 'Download';
  return (
    <>
      <span className="model-word">{partial ? describePartial(partial) : describeDownloadSize(entry)}</span>
      <IconButton
        icon={label === 'Download' ? Download : RotateCw}
        label={label}
        withText
        aria-label={`${label} ${title}`}
        disabled={!isOnline}
        onClick={download}
      />
      {partial && <DeleteAction title={title} id={id} size={formatBytes(partial.keptBytes)} />}
    </>
  );
}

interface CatalogueRowProps extends DownloadActionProps {
  /** Whether the row names the source of its figures. */
  readonly namesSource: boolean;
}

/** A published network: its description, the figures of its paper, and the progress of its download. */
export function CatalogueRow({ entry, isOnline, namesSource }: CatalogueRowProps) {
  const { library } = useServices();
  const { id, title, figures, licence, note } = entry;
  const stored = useApp((state) => state.library.stored.find((model) => model.id === id));
  const transfer = useApp((state) => state.library.transfers[id]);
  const size = stored ? formatBytes(bytesOf(stored.files)) : '';
  return (
    <ModelRow
      title={title}
      choice={{ kind: 'stored', id }}
      isHere={stored !== undefined}
      transfer={transfer}
      onCancelTransfer={() => library.cancelTransfer(id)}
      actions={
        stored ? (
          <>
            <span className="model-word">{size}</span>
            <DeleteAction title={title} id={id} size={size} />
          </>
        ) : (
          <DownloadAction entry={entry} isOnline={isOnline} />
        )
      }
    >
      <p>
        {describeEntry(entry)}, {licence}
      </p>
      {figures && (
        <p className="model-figures">
          {figures.values.map(({ name, value }) => (
            <span key={name}>
              {name} <b>{withUnit(value.toFixed(1), '%')}</b>
            </span>
          ))}
          {namesSource && <span>({figures.source})</span>}
        </p>
      )}
      {note !== null && <p>{note}</p>}
    </ModelRow>
  );
}

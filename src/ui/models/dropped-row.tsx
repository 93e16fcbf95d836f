import { HardDriveDownload } from 'lucide-react';
import { formatBytes } from '../../core/bytes.ts';
import { assertNever } from '../../core/result.ts';
import { useApp, useServices } from '../services.tsx';
import type { DroppedModel } from '../state/library-state.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { ModelRow } from './model-row.tsx';
import { NumbersForm } from './numbers-form.tsx';

/** Fields for values that neither the files nor the usual rules give. */
function Question({ id, lacks }: { readonly id: string; readonly lacks: 'heads' | 'grid' }) {
  const { library } = useServices();
  switch (lacks) {
    case 'heads':
      return (
        <NumbersForm
          labels={['Attention heads']}
          onGive={([numHeads]) => library.giveHints(id, { numHeads })}
        />
      );
    case 'grid':
      return (
        <NumbersForm
          labels={['Rows of patches', 'Columns of patches']}
          onGive={([rows = 1, columns = 1]) => library.giveHints(id, { grid: { rows, columns } })}
        />
      );
    default:
      return assertNever(lacks);
  }
}

/** A network from files of this visit. The row asks for missing values, and offers to keep the network. */
export function DroppedRow({ model }: { readonly model: DroppedModel }) {
  const { library } = useServices();
  const { id, title, kind, files, networks, lacks, hints } = model;
  const transfer = useApp((state) => state.library.transfers[id]);
  const isKept = useApp((state) => state.library.notKept === null);
  const byteLength = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const [first] = networks;
  return (
    <ModelRow
      title={title}
      choice={{ kind: 'dropped', id }}
      transfer={transfer}
      onCancelTransfer={() => library.cancelTransfer(id)}
      actions={
        isKept && (
          <IconButton
            icon={HardDriveDownload}
            label="Keep in this browser"
            withText
            onClick={() => void library.keep(id)}
          />
        )
      }
    >
      <p>
        {kind === 'tfjs' ? 'A converted model' : 'A checkpoint'} of {formatBytes(byteLength)}
        {files.size > 1 && ` in ${files.size} files`}, from this machine
      </p>
      {lacks !== null && <Question key={lacks} id={id} lacks={lacks} />}
      {networks.length > 1 && first !== undefined && (
        <ChoiceField
          label="Network in the file"
          choices={[...networks].sort().map((name) => ({ value: name, label: name }))}
          value={hints.network ?? first}
          onChange={(network) => library.giveHints(id, { network })}
        />
      )}
    </ModelRow>
  );
}

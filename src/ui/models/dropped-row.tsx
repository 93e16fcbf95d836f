import { HardDriveDownload, Play } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { formatBytes } from '../../core/bytes.ts';
import { useApp, useServices } from '../services.tsx';
import type { DroppedModel } from '../state/library-state.ts';
import { ChoiceField } from '../kit/choice-field.tsx';
import { IconButton } from '../kit/icon-button.tsx';
import { ModelRow } from './model-row.tsx';

const mostHeads = 1024;

/** A head count is in no file; where the usual rule does not hold, a person gives it. */
function HeadsForm({ id }: { readonly id: string }) {
  const { library } = useServices();
  const [text, setText] = useState('');
  const inputId = useId();
  const input = useRef<HTMLInputElement>(null);
  // The question is why the list has opened. An effect, so that it comes after the dialog's own choice of focus.
  useEffect(() => input.current?.focus(), []);
  const heads = Number(text);
  const isGood = Number.isInteger(heads) && heads >= 1 && heads <= mostHeads;
  return (
    <form
      className="model-heads"
      onSubmit={(event) => {
        event.preventDefault();
        if (isGood) library.giveHints(id, { numHeads: heads });
      }}
    >
      <label htmlFor={inputId}>Attention heads</label>
      <input
        id={inputId}
        type="number"
        min={1}
        max={mostHeads}
        step={1}
        required
        ref={input}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <IconButton icon={Play} label="Use" withText type="submit" />
    </form>
  );
}

/** A network from files of this visit: what is missing is asked for, and it can be kept. */
export function DroppedRow({ model }: { readonly model: DroppedModel }) {
  const { library } = useServices();
  const { id, title, kind, files, networks, lacksHeads, hints } = model;
  const transfer = useApp((state) => state.library.transfers[id]);
  const isKept = useApp((state) => state.library.isKept);
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
        {kind === 'tfjs' && ` in ${files.size} files`}, from this machine
      </p>
      {lacksHeads && <HeadsForm id={id} />}
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

import { FolderOpen, ImagePlus, Images } from 'lucide-react';
import { type ChangeEvent, useRef } from 'react';
import { IconButton } from '../kit/icon-button.tsx';
import { SwitchField } from '../kit/switch-field.tsx';
import { readableOf } from '../state/photo.ts';
import { useApp, useRecognise, useServices } from '../services.tsx';

/** Where a browser cannot choose a folder, as on some phones, photographs are chosen and named afterwards. */
const canChooseFolders = 'webkitdirectory' in HTMLInputElement.prototype;

interface AddPhotographsProps {
  readonly onAdd: () => void;
  /** Whether it is the main thing to do here. */
  readonly isFirst: boolean;
}

/** The ways in: a folder, photographs, the strip's photographs; dropping is told beside it. */
export function AddPhotographs({ onAdd, isFirst }: AddPhotographsProps) {
  const { recognise } = useServices();
  const folder = useRef<HTMLInputElement>(null);
  const strip = useApp(({ order, photos }) => readableOf(order, photos).length);
  const takesFolderNames = useRecognise((state) => state.takesFolderNames);
  const isBusy = useRecognise((state) => state.gathering !== null);
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    const files = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = '';
    if (files.length > 0) void recognise.gatherFiles(files);
  };
  return (
    <div className="add-photographs">
      <div className="side-buttons">
        {canChooseFolders && (
          <>
            <IconButton
              icon={FolderOpen}
              label={isFirst ? 'Choose a folder' : 'Add a folder'}
              withText
              className={isFirst ? 'icon-button-primary' : ''}
              disabled={isBusy}
              onClick={() => folder.current?.click()}
            />
            <input
              ref={(input) => {
                folder.current = input;
                input?.setAttribute('webkitdirectory', '');
              }}
              type="file"
              data-folders
              hidden
              onChange={take}
            />
          </>
        )}
        <IconButton
          icon={ImagePlus}
          label={isFirst ? 'Choose photographs' : 'Add photographs'}
          withText
          className={isFirst && !canChooseFolders ? 'icon-button-primary' : ''}
          disabled={isBusy}
          onClick={onAdd}
        />
        {strip > 0 && (
          <IconButton
            icon={Images}
            label={`Use the strip’s ${strip}`}
            withText
            disabled={isBusy}
            onClick={() => void recognise.gatherStrip()}
          />
        )}
      </div>
      <SwitchField
        label="Folder names are classes"
        checked={takesFolderNames}
        inLine
        onChange={(takes) => recognise.setTakesFolderNames(takes)}
      />
    </div>
  );
}

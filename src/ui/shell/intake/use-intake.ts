import { type ChangeEvent, type DragEvent, useCallback, useEffect, useRef } from 'react';
import { type DropEvent, useDropzone } from 'react-dropzone';
import { isMacNote } from '../../../core/file-names.ts';
import { useServices } from '../../services.tsx';
import { areAllPhotos, sortFiles } from './sort-files.ts';
import { takeFiles } from './take-files.ts';
import { draggedItems } from '../../recognise/dragged-items.ts';
import { isTyping } from '../use-commands.ts';

const linkSentence =
  'That is a link or a picture inside another page, not a file. Nothing is fetched from other sites: save the picture, then drop the file here.';
const textSentence = 'That is text, not a photograph. Drop picture files, or paste a copied picture.';
const emptySentence =
  'There was no file in that. Drop photographs, or a folder that holds some, or a checkpoint.';
const macNotesSentence =
  'Files whose names begin with ._ are what macOS notes beside a file. Drop the file of the same name without the dot and the line.';

const hasFiles = (data: DataTransfer): boolean => data.types.includes('Files');

/** Text that may name classes, and is no link. */
const isList = (data: DataTransfer): boolean => /^\s*(?!https?:\/\/)\S/.test(data.getData('text/plain'));

/** @returns the message for a drop or paste without files */
function explainNoFile(data: DataTransfer): string {
  const types = data.types;
  if (types.includes('text/uri-list') || types.includes('text/html')) return linkSentence;
  if (/^\s*https?:\/\//.test(data.getData('text/plain'))) return linkSentence;
  return types.length > 0 ? textSentence : emptySentence;
}

/** Takes photographs and networks from drops, pastes and the file picker. Anything else is answered with a message. */
export function useIntake() {
  const { masks, library, training, recognise, store } = useServices();

  /** To the strip, or on the screen "Recognise" into its collection. */
  const addPhotos = useCallback(
    (files: readonly File[]) => {
      if (store.getState().screen === 'recognise') void recognise.gatherFiles(files);
      else void masks.add(files.map((file) => ({ name: file.name, alt: null, credit: null, blob: file })));
    },
    [masks, recognise, store],
  );

  const add = useCallback(
    (all: readonly File[]) => {
      const files = all.filter(({ name }) => !isMacNote(name));
      if (files.length === 0) {
        store.getState().say(all.length === 0 ? emptySentence : macNotesSentence, 'warning');
        return;
      }
      if (areAllPhotos(files)) {
        addPhotos(files);
        return;
      }
      void sortFiles(files).then(({ photos, models, runs }) => {
        if (runs.length > 0) void training.importRuns(runs);
        if (models.length > 0) library.addDropped(models);
        if (photos.length > 0) addPhotos(photos);
      });
    },
    [addPhotos, library, training, store],
  );

  /** The drop zone is given none of the files: it reads the size of each, which stops the page for a second where there are ten thousand. */
  const takeDrop = (event: DropEvent | FileSystemFileHandle[]): void => {
    if (!('dataTransfer' in event) || event.type !== 'drop' || event.dataTransfer === null) return;
    takeFiles(event.dataTransfer.items).then(add, () =>
      store.getState().say('What was dropped could not be read.', 'warning'),
    );
  };

  const input = useRef<HTMLInputElement>(null);
  const choose = (event: ChangeEvent<HTMLInputElement>): void => {
    const files = [...(event.currentTarget.files ?? [])];
    // The same file can be chosen again.
    event.currentTarget.value = '';
    if (files.length > 0) add(files);
  };

  const dropzone = useDropzone({
    noClick: true,
    noKeyboard: true,
    noPaste: true,
    multiple: true,
    getFilesFromEvent: (event) => {
      takeDrop(event);
      return Promise.resolve([]);
    },
  });

  // Listens on the document: if nothing has the focus, the paste event does not reach the page's root.
  useEffect(() => {
    const takesList = (): boolean =>
      store.getState().screen === 'recognise' && recognise.store.getState().open !== null;
    const paste = (event: ClipboardEvent): void => {
      const data = event.clipboardData;
      // Text pasted into a field is not for us.
      if (!data || isTyping(event.target)) return;
      event.preventDefault();
      const files = [...data.files];
      if (files.length > 0) {
        // Browsers name every copied picture image.png.
        const isNameless = files.length === 1 && files[0]?.name === 'image.png';
        if (isNameless)
          addPhotos(files.map((file) => new File([file], 'Pasted picture', { type: file.type })));
        else add(files);
      } else if (isList(data) && takesList()) recognise.pasteClasses(data.getData('text/plain'));
      else if (data.types.length > 0) store.getState().say(explainNoFile(data), 'warning');
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, [add, addPhotos, recognise, store]);

  // The drop zone ignores a drop without files. Without this the browser would open a dropped link.
  const onDrop = (event: DragEvent<HTMLElement>): void => {
    if (hasFiles(event.dataTransfer) || event.dataTransfer.types.includes(draggedItems)) return;
    event.preventDefault();
    store.getState().say(explainNoFile(event.dataTransfer), 'warning');
  };

  return {
    rootProps: dropzone.getRootProps({ onDrop, role: 'presentation' }),
    // Only buttons open it, so it is hidden from the Tab key and from screen readers.
    inputProps: {
      ref: input,
      type: 'file',
      multiple: true,
      hidden: true,
      tabIndex: -1,
      onChange: choose,
    } as const,
    isDragging: dropzone.isDragGlobal,
    openPicker: useCallback(() => input.current?.click(), []),
  };
}

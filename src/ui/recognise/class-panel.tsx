import { CircleSlash, ClipboardPaste, Plus, Undo2 } from 'lucide-react';
import { type DragEvent, type FormEvent, useMemo, useRef, useState } from 'react';
import { Disclosure } from '../kit/disclosure.tsx';
import { countOf } from '../../core/count-of.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useRecognise, useServices } from '../services.tsx';
import { useCoarsePointer } from '../shell/use-page-effects.ts';
import { ClassMark } from './class-mark.tsx';
import { focusPhotographs } from './focus-photographs.ts';
import { draggedItems, readDraggedItems } from './dragged-items.ts';
import { newClassFieldId } from './new-class-field.ts';
import { countClasses } from './recognise-state.ts';
import './class-panel.css';

/** Keys that give photographs to classes. */
const keys = 9;

/** What makes a button a place to drop photographs on. */
function useClassDrop(className: string | null) {
  const { recognise } = useServices();
  const [isOver, setOver] = useState(false);
  const isOurs = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes(draggedItems);
  return {
    'data-over': isOver,
    onDragOver: (event: DragEvent) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      if (!isOurs(event)) return;
      event.preventDefault();
      event.stopPropagation();
      recognise.teach(className, readDraggedItems(event.dataTransfer));
    },
  };
}

interface ClassRowProps {
  readonly className: string | null;
  readonly count: number;
  /** The key that gives photographs to it; null where it has none. */
  readonly keyName: string | null;
  /** How many photographs are selected. */
  readonly selected: number;
  readonly isShown: boolean;
}

/** A class: shows its photographs, and takes the selected ones. */
function ClassRow({ className, count, keyName, selected, isShown }: ClassRowProps) {
  const { recognise } = useServices();
  const drop = useClassDrop(className);
  const title = className ?? 'No class';
  return (
    <li className="class-row" {...drop}>
      <button
        type="button"
        className="class-name"
        aria-pressed={isShown}
        title={isShown ? 'Show all photographs' : `Show only ${title}`}
        onClick={() => recognise.setFilter(isShown ? { kind: 'all' } : { kind: 'class', className })}
      >
        <ClassMark className={className} />
        <span className="class-title" title={title}>
          {title}
        </span>
        <span className="class-count">{count}</span>
      </button>
      <button
        type="button"
        className="class-give"
        disabled={selected === 0}
        aria-label={
          className === null
            ? `Take ${countOf(selected, 'selected photograph')} out of their class`
            : `Give ${countOf(selected, 'selected photograph')} to ${className}`
        }
        aria-keyshortcuts={keyName ?? undefined}
        title={
          keyName === null
            ? 'Give the selected photographs to it'
            : `Give the selected photographs to it (${keyName})`
        }
        onClick={() => recognise.teach(className)}
      >
        {keyName === null ? <Plus aria-hidden="true" /> : <kbd>{keyName}</kbd>}
      </button>
    </li>
  );
}

function NewClass({ selected }: { readonly selected: number }) {
  const { recognise } = useServices();
  const field = useRef<HTMLInputElement>(null);
  const add = (event: FormEvent): void => {
    event.preventDefault();
    const name = field.current?.value.trim() ?? '';
    if (name === '') return;
    if (field.current) field.current.value = '';
    if (selected === 0) {
      recognise.addClass(name);
      return;
    }
    recognise.teach(name);
    // The next keys are for the next photographs.
    focusPhotographs();
  };
  return (
    <form className="class-new" onSubmit={add}>
      <input
        ref={field}
        id={newClassFieldId}
        type="text"
        aria-label="Name of a new class"
        placeholder="New class"
        autoComplete="off"
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <IconButton
        icon={Plus}
        type="submit"
        label={selected > 0 ? `New class with ${countOf(selected, 'photograph')}` : 'New class'}
      />
    </form>
  );
}

/** For whoever has the names already. On the page itself, pasting does the same. */
function ClassesFromList() {
  const { recognise } = useServices();
  const [text, setText] = useState('');
  return (
    <Disclosure title="Classes from a list">
      <form
        className="class-text"
        onSubmit={(event) => {
          event.preventDefault();
          recognise.pasteClasses(text);
          setText('');
          focusPhotographs();
        }}
      >
        <textarea
          aria-label="List of classes"
          aria-describedby="class-text-help"
          rows={4}
          spellCheck={false}
          value={text}
          placeholder={'cat-1.jpg, cats\ndog-1.jpg, dogs'}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <p id="class-text-help" className="side-note">
          A line for each photograph: its file’s name, a comma or a tab, its class. Or only classes, one a
          line, for the selected photographs in turn.
        </p>
        <IconButton
          icon={ClipboardPaste}
          type="submit"
          label="Give these classes"
          withText
          disabled={text.trim() === ''}
        />
      </form>
    </Disclosure>
  );
}

/** Teaching by example: the classes, how many photographs each has, and how to give it more. */
export function ClassPanel() {
  const { recognise } = useServices();
  const open = useRecognise((state) => state.open);
  const selected = useRecognise((state) => state.selected.size);
  const filter = useRecognise((state) => state.filter);
  const isTouch = useCoarsePointer();
  const undo = useRecognise((state) => state.undo.at(-1)?.kind ?? null);
  const counted = useMemo(() => (open === null ? null : countClasses(open)), [open]);
  if (open === null || counted === null) return null;
  const isShown = (className: string | null): boolean =>
    filter.kind === 'class' && filter.className === className;
  return (
    <section className="classes" aria-labelledby="classes-title">
      <div className="side-head">
        <h3 id="classes-title">Classes</h3>
        <IconButton
          icon={Undo2}
          label={
            undo === 'removal' ? 'Put back what was taken out (Z)' : 'Undo the last change of classes (Z)'
          }
          aria-disabled={undo === null}
          onClick={() => recognise.undoTeaching()}
        />
      </div>
      <ol className="class-list">
        {open.classNames.map((className, at) => (
          <ClassRow
            key={className}
            className={className}
            count={counted.counts.get(className) ?? 0}
            keyName={at < keys ? String(at + 1) : null}
            selected={selected}
            isShown={isShown(className)}
          />
        ))}
        {(counted.withoutClass > 0 || isShown(null)) && (
          <ClassRow
            className={null}
            count={counted.withoutClass}
            keyName="0"
            selected={selected}
            isShown={isShown(null)}
          />
        )}
      </ol>
      <NewClass selected={selected} />
      <ClassesFromList />
      <p className="side-note">
        {open.classNames.length === 0 && <CircleSlash aria-hidden="true" />}
        {open.classNames.length === 0
          ? 'No class yet. Select photographs and name a class: from two classes on, the others are told apart.'
          : `Select photographs and ${isTouch ? 'tap the number or the plus beside a class' : 'press a class’s key, or drag them to it'}. Everything is voted on again at once.`}
      </p>
    </section>
  );
}

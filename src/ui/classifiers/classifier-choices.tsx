import { Download, FolderOpen } from 'lucide-react';
import { useRef } from 'react';
import { publishedClassifier, publishedFor } from '../engine/classes.ts';
import { IconButton } from '../kit/icon-button.tsx';
import { useServices } from '../services.tsx';
import type { UsedModel } from '../state/model-in-use.ts';
import './classifiers.css';

/** The ways to a linear classifier for a model: those that are published for it, or a file. */
export function ClassifierChoices({ model }: { readonly model: UsedModel }) {
  const { classes } = useServices();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="classifier-choices">
      {publishedFor(model).map((head) => (
        <IconButton
          key={head.url}
          icon={Download}
          label={`Fetch ${head.title}`}
          withText
          onClick={() => classes.choose(model, publishedClassifier(head))}
        />
      ))}
      <IconButton
        icon={FolderOpen}
        label="Open a classifier"
        withText
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        accept=".pth,.pt,.bin,.safetensors"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file !== undefined) classes.choose(model, { name: file.name, file: { kind: 'file', file } });
        }}
      />
    </div>
  );
}

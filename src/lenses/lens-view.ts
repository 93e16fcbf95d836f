/** What a lens shows: layers over the photograph, tiles, words, its own settings. */
import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import type { ModelDescription } from '../core/model.ts';
import type { Rgb } from '../render/colour-maps.ts';
import type { Layer } from '../render/layers.ts';
import type { Sheet } from '../render/sheet.ts';
import type { SharedDrawing } from '../render/shared-drawing.ts';
import type { Fact } from '../ui/kit/fact-list.tsx';
import type { LensContract, LookResult } from './lens-contract.ts';

/** All that a picture is made of. */
export interface Scene<P, D, R> {
  readonly looked: LookResult<R>;
  /** What the result was made with. */
  readonly params: P;
  readonly drawing: D;
  readonly shared: SharedDrawing;
}

/** Another way to draw the same result, to be chosen by its small picture. */
export interface LensTile<D> {
  readonly id: string;
  readonly title: string;
  /** The colours by which it is known elsewhere. */
  readonly chip: readonly Rgb[];
  /** What choosing it changes. */
  readonly change: Partial<D>;
  readonly isShown: boolean;
  readonly layers: readonly Layer[];
}

/** What a lens's own settings work with. */
export interface PanelProps<P, D, R> {
  /** What is to be seen now; null while there is nothing yet. */
  readonly scene: Scene<P, D, R> | null;
  /** What is asked for, which may not be answered yet. */
  readonly params: P;
  readonly drawing: D;
  readonly shared: SharedDrawing;
  readonly model: ModelDescription | null;
  readonly changeParams: (change: Partial<P>) => void;
  readonly changeDrawing: (change: Partial<D>) => void;
  readonly changeShared: (change: Partial<SharedDrawing>) => void;
}

/** Something that a key does while the lens is in use. */
export interface LensCommand<P, D, R> {
  readonly keys: readonly string[];
  /** How the help names the keys, where not by themselves. */
  readonly shownKeys?: readonly string[];
  readonly does: string;
  readonly run: (key: string, props: PanelProps<P, D, R>) => void;
}

/** Many small pictures in place of the photograph, each of which can be chosen. */
export interface LensSheet<D> extends Sheet {
  /** shape as its cells: what choosing one changes */
  readonly changes: readonly (readonly Partial<D>[])[];
}

export interface LensView<P, D, R> {
  readonly contract: LensContract<P, D, R>;
  readonly icon: LucideIcon;
  /** From below to above. The patch that is asked is marked by whoever draws them. */
  readonly layers: (scene: Scene<P, D, R>) => readonly Layer[];
  /** @param scene null while there is no result: their layers are empty then */
  readonly tiles: (
    scene: Scene<P, D, R> | null,
    drawing: D,
    model: Pick<ModelDescription, 'numHeads' | 'depth'>,
  ) => readonly LensTile<D>[];
  /** What the stage shows in place of the photograph with its layers; null where it shows those. */
  readonly sheet?: (scene: Scene<P, D, R>) => LensSheet<D> | null;
  /** What is shown, in a few words, for file names and for people who do not see the picture. */
  readonly title: (scene: Pick<Scene<P, D, R>, 'drawing' | 'params' | 'looked'>) => string;
  /** What is to be seen, in one sentence. */
  readonly describe: (scene: Scene<P, D, R>) => string;
  readonly facts: (scene: Scene<P, D, R>) => readonly Fact[];
  readonly Panel: ComponentType<PanelProps<P, D, R>>;
  /** Under the sentence, one line: a key to the picture's colours. */
  readonly Below?: ComponentType<PanelProps<P, D, R>>;
  /** Folded away with the facts: plots and tables. */
  readonly More?: ComponentType<PanelProps<P, D, R>>;
  readonly commands: readonly LensCommand<P, D, R>[];
}

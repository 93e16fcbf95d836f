/** What a lens draws, says, and lets people set. */
import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import type { FoundMask } from '../core/found-mask.ts';
import type { ModelDescription } from '../core/model.ts';
import type { Rgb } from '../render/colour-maps.ts';
import type { Layer } from '../render/layers.ts';
import type { Beside } from '../render/pair.ts';
import type { Sheet } from '../render/sheet.ts';
import type { SharedDrawing } from '../render/shared-drawing.ts';
import type { Fact } from '../ui/kit/fact-list.tsx';
import type { LensContract, LookResult } from './lens-contract.ts';

/** Everything that determines a picture. */
export interface Scene<P, D, R> {
  readonly looked: LookResult<R>;
  /** The parameters of the result. */
  readonly params: P;
  readonly drawing: D;
  readonly shared: SharedDrawing;
}

/** Another way to draw the same result, shown as a small picture to choose. */
export interface LensTile<D> {
  readonly id: string;
  readonly title: string;
  /** Its colours in legends. */
  readonly chip: readonly Rgb[];
  /** What choosing it changes. */
  readonly change: Partial<D>;
  readonly isShown: boolean;
  readonly layers: readonly Layer[];
}

/** What a lens's settings and keys can read and change. */
export interface PanelProps<P, D, R> {
  /** What is shown now; null while there is no result. */
  readonly scene: Scene<P, D, R> | null;
  /** The requested parameters; the scene may still show the previous result. */
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
  /** Names of the keys in the help, where they differ from `keys`. */
  readonly shownKeys?: readonly string[];
  readonly does: string;
  readonly run: (key: string, props: PanelProps<P, D, R>) => void;
}

/** Many small pictures in place of the photograph, each of which can be chosen. */
export interface LensSheet<D> extends Sheet {
  /** the same shape as the cells: the change that choosing a cell makes */
  readonly changes: readonly (readonly Partial<D>[])[];
}

/** How the page asks which token is asked. */
export interface Question {
  /** Above the choice of the token. */
  readonly label: string;
  readonly explanation: string;
  /** What a click on the photograph asks, after "Click a patch: ". */
  readonly ofPatch: string;
}

export interface LensView<P, D, R> {
  readonly contract: LensContract<P, D, R>;
  readonly icon: LucideIcon;
  /** Words about the asked token, for a lens that asks one; without them those about attention. */
  readonly question?: Question;
  /** From the lowest to the highest. The page adds the mark on the asked patch. */
  readonly layers: (scene: Scene<P, D, R>) => readonly Layer[];
  /** @param scene null while there is no result: their layers are empty then */
  readonly tiles: (
    scene: Scene<P, D, R> | null,
    drawing: D,
    model: Pick<ModelDescription, 'numHeads' | 'depth'>,
  ) => readonly LensTile<D>[];
  /** Many small pictures, shown in place of the photograph; null if the photograph is shown. */
  readonly sheet?: (scene: Scene<P, D, R>) => LensSheet<D> | null;
  /**
   * Masks and boxes that the lens makes, for the score, for cut-outs and for files; empty where it shows none now. The
   * largest claim first: the order in which a method finds them, or that of the heads.
   */
  readonly found?: (scene: Scene<P, D, R>) => readonly FoundMask[];
  /** A second photograph that is shown beside the first one, for looks at a pair; null if the first one is shown alone. */
  readonly beside?: (scene: Scene<P, D, R>) => Beside | null;
  /** What is shown, in a few words, for file names and screen readers. */
  readonly title: (scene: Pick<Scene<P, D, R>, 'drawing' | 'params' | 'looked'>) => string;
  /** The caption's sentence. */
  readonly describe: (scene: Scene<P, D, R>) => string;
  readonly facts: (scene: Scene<P, D, R>) => readonly Fact[];
  readonly Panel: ComponentType<PanelProps<P, D, R>>;
  /** Under the sentence, one line: a key to the picture's colours. */
  readonly Below?: ComponentType<PanelProps<P, D, R>>;
  /** True where that line has values of the result, so that each side of a comparison needs its own. */
  readonly isBelowOfResult?: boolean;
  /** Folded away with the facts: plots and tables. */
  readonly More?: ComponentType<PanelProps<P, D, R>>;
  readonly commands: readonly LensCommand<P, D, R>[];
}

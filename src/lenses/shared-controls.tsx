/** Controls that several lenses have in their panels, for the fields in `shared-fields` and `block-choice`. */
import { colourMapNames } from '../render/colour-maps.ts';
import type { MapDrawing } from '../render/map-layers.ts';
import { ChoiceField } from '../ui/kit/choice-field.tsx';
import { colourChoice } from '../ui/kit/colour-choice.tsx';
import { RangeField } from '../ui/kit/range-field.tsx';
import { SwitchField } from '../ui/kit/switch-field.tsx';
import { blockIndex, type BlockChoice } from './block-choice.ts';
import type { PanelProps } from './lens-view.ts';
import { withUnit } from '../core/with-unit.ts';

type DrawingProps<K extends keyof MapDrawing> = Pick<
  PanelProps<object, Pick<MapDrawing, K>, unknown>,
  'drawing' | 'changeDrawing'
>;

/** Heat map or mask. */
export function StyleField({ drawing, changeDrawing }: DrawingProps<'style'>) {
  return (
    <ChoiceField
      label="Drawn as"
      value={drawing.style}
      choices={[
        { value: 'heat', label: 'Heat map' },
        { value: 'mask', label: 'Mask' },
      ]}
      onChange={(style) => changeDrawing({ style })}
    />
  );
}

export function ContourField({ drawing, changeDrawing }: DrawingProps<'contour'>) {
  return (
    <SwitchField
      label="Contour"
      inLine
      checked={drawing.contour}
      onChange={(contour) => changeDrawing({ contour })}
    />
  );
}

export function ColoursField({
  shared,
  changeShared,
}: Pick<PanelProps<object, object, unknown>, 'shared' | 'changeShared'>) {
  return (
    <ChoiceField
      label="Colours"
      value={shared.colours}
      display={shared.colours}
      choices={colourMapNames.map(colourChoice)}
      onChange={(colours) => changeShared({ colours })}
    />
  );
}

/** Which block. Shows nothing before a model is loaded. */
export function BlockField({
  params,
  model,
  changeParams,
}: Pick<PanelProps<{ readonly block: BlockChoice }, object, unknown>, 'params' | 'model' | 'changeParams'>) {
  if (model === null) return null;
  const { depth } = model;
  const block = blockIndex(params.block, model) + 1;
  const name = block === depth ? `${block}, the last` : String(block);
  return (
    <RangeField
      label="Block"
      explanation={
        'A network works in blocks, one after the other; each looks again at what the one before has made. DINO’s pictures show the last.'
      }
      min={1}
      max={depth}
      value={block}
      display={name}
      valueText={`block ${name} of ${depth}`}
      onChange={(value) => changeParams({ block: value === depth ? 'last' : value })}
    />
  );
}

interface MassFieldProps extends DrawingProps<'mass'> {
  /** How many patches the mask keeps, for screen readers. */
  readonly kept?: string | null;
}

/** How much the mask keeps. */
export function MassField({ kept = null, drawing, changeDrawing }: MassFieldProps) {
  const { mass } = drawing;
  return (
    <RangeField
      label="Attention kept"
      explanation="A mask keeps the fewest patches that together hold this share of the attention. All the rest is dimmed."
      min={1}
      max={99}
      value={mass}
      display={withUnit(mass, '%')}
      valueText={`${mass} per cent of the attention${kept === null ? '' : `, ${kept}`}`}
      onChange={(value) => changeDrawing({ mass: value })}
    />
  );
}

/** Interpolated, or patch by patch. */
export function SmoothField({ drawing, changeDrawing }: DrawingProps<'smooth'>) {
  return (
    <ChoiceField
      label="Between patches"
      explanation={
        'There is one value for each patch. “Smooth” fills in what lies between them; “Patch by patch” draws the values alone, as the official script does.'
      }
      value={drawing.smooth ? 'smooth' : 'patches'}
      choices={[
        { value: 'smooth', label: 'Smooth' },
        { value: 'patches', label: 'Patch by patch' },
      ]}
      onChange={(value) => changeDrawing({ smooth: value === 'smooth' })}
    />
  );
}

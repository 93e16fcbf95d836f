import { facets, type ModelDescription } from '../core/model.ts';
import { ChoiceField } from '../ui/kit/choice-field.tsx';
import { RangeField } from '../ui/kit/range-field.tsx';
import { featuresOf, type FeatureParams } from './feature-choice.ts';

const titles = { query: 'Query', key: 'Key', value: 'Value', token: 'Token' } as const;

interface FeatureFieldsProps {
  readonly params: FeatureParams;
  readonly model: ModelDescription | null;
  readonly changeParams: (change: Partial<FeatureParams>) => void;
}

/** The choice of the features that are compared; the model's recommendation is the default. */
export function FeatureFields({ params, model, changeParams }: FeatureFieldsProps) {
  if (model === null) return null;
  const { block, facet } = featuresOf(params, model);
  const best = featuresOf({ block: 'best', facet: 'best' }, model);
  const isBest = block === best.block && facet === best.facet;
  return (
    <>
      <RangeField
        label="Block"
        min={1}
        max={model.depth}
        value={block}
        display={isBest ? `${block}, as advised` : String(block)}
        valueText={`block ${block} of ${model.depth}`}
        onChange={(value) => changeParams({ block: value === best.block ? 'best' : value })}
      />
      <ChoiceField
        label="Patches are compared by"
        value={facet}
        choices={facets.map((value) => ({ value, label: titles[value] }))}
        onChange={(value) => changeParams({ facet: value === best.facet ? 'best' : value })}
      />
    </>
  );
}

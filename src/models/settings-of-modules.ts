/** What a file says of its network where its tensors do not: modules' own settings, where it was saved as an object, and the options of a run. */
import type { ModuleSettings } from '../formats/pytorch-tensors.ts';
import type { TensorTree } from '../formats/tensor-file.ts';
import { segmentsOf, startsWith, type Network } from './find-networks.ts';
import { blockName } from './key-maps.ts';

/** @returns the module's name within the network; null where it is no part of that */
function nameWithin({ name }: ModuleSettings, prefix: readonly string[]): string | null {
  const whole = segmentsOf(name);
  return startsWith(whole, prefix) ? whole.slice(prefix.length).join('.') : null;
}

/**
 * @param modules of the file, by the dictionaries that have their parameters
 * @returns those of this network's blocks. Where its blocks are not told by names, all of its modules; where it was not saved as an
 * object but others in the file were, theirs
 */
export function modulesOf(
  { tree, prefix }: Pick<Network, 'tree' | 'prefix'>,
  modules: ReadonlyMap<TensorTree, readonly ModuleSettings[]>,
): readonly ModuleSettings[] {
  const own = (modules.get(tree) ?? []).flatMap((module) => {
    const name = nameWithin(module, prefix);
    return name === null ? [] : [{ ...module, name }];
  });
  if (own.length === 0) return [...modules.values()].flat();
  const ofBlocks = own.filter(({ name }) => blockName.test(name));
  return ofBlocks.length > 0 ? ofBlocks : own;
}

/** Of an attention layer. The second is Hugging Face's. */
const countNames = ['num_heads', 'num_attention_heads', 'n_heads', 'heads'] as const;

/**
 * @param depth of the network
 * @returns the head count of all modules that have one, or undefined where they differ, or are fewer than blocks: another layer's then
 */
export function headsOfModules(modules: readonly ModuleSettings[], depth: number): number | undefined {
  const counts = modules.flatMap((module) => {
    const count = countNames.map((name) => module.attribute(name)).find(Number.isSafeInteger);
    return typeof count === 'number' ? [count] : [];
  });
  const [count] = counts;
  return counts.length >= depth && counts.every((each) => each === count) ? count : undefined;
}

const headNames: ReadonlySet<string> = new Set(countNames);
const widthNames: ReadonlySet<string> = new Set(['embed_dim', 'hidden_size', 'hidden_dim', 'd_model', 'dim']);
const depthNames: ReadonlySet<string> = new Set(['depth', 'num_layers', 'num_hidden_layers', 'n_layers']);

/**
 * A count alone may be another part's, as of a predictor behind the network: the options must have the network's channels and depth, too.
 * @param settingsNamed a file's options by their names
 * @returns the head count that a run's options give such a network, or undefined where they give none or several
 */
export function headsOfOptions(
  settingsNamed: (names: ReadonlySet<string>) => readonly unknown[],
  { embedDim, depth }: { readonly embedDim: number; readonly depth: number },
): number | undefined {
  if (!settingsNamed(widthNames).includes(embedDim) || !settingsNamed(depthNames).includes(depth))
    return undefined;
  const [count, ...others] = new Set(settingsNamed(headNames));
  const isOne = typeof count === 'number' && count > 0 && others.length === 0;
  return isOne && embedDim % count === 0 ? count : undefined;
}

/** Each block has two. */
const normsOfBlock = 2;

/**
 * @returns the epsilon of its layer norms, or undefined where none or more than one is in as many layers as the blocks have: a head's
 * norm may have another
 */
export function epsOfModules(modules: readonly ModuleSettings[], depth: number): number | undefined {
  const counts = new Map<number, number>();
  for (const module of modules) {
    const eps = module.attribute('eps');
    // A layer norm has this, others, as of a batch, have not.
    if (module.attribute('normalized_shape') !== undefined && typeof eps === 'number' && eps > 0 && eps < 1)
      counts.set(eps, (counts.get(eps) ?? 0) + 1);
  }
  const usual = [...counts].filter(([, count]) => count >= normsOfBlock * depth);
  return usual.length === 1 ? usual[0]?.[0] : undefined;
}

/** As they end: GELU, QuickGELU, SiLU, ReLU6, LeakyReLU, Hardswish. */
const activations = /(ELU\d?|SiLU|Mish|swish|Tanh|Sigmoid|Softplus)(Activation)?$/i;

/** @returns the first activation in its MLPs that is not GELU as it is defined, by a phrase that names it; else null */
export function describeActivation(modules: readonly ModuleSettings[]): string | null {
  for (const module of modules) {
    const { name, type } = module;
    const [, , inner = ''] = blockName.exec(name) ?? [];
    const own = type.slice(type.lastIndexOf('.') + 1);
    if (!/^(mlp|ffn|intermediate)\b/.test(inner) || !activations.test(own)) continue;
    const isApproximate = module.attribute('approximate') === 'tanh';
    if (/^GELU(Activation)?$/.test(own) && !isApproximate) continue;
    return `${isApproximate ? 'an approximate GELU' : own} (${name})`;
  }
  return null;
}

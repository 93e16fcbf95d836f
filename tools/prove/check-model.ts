/** One network: every file of it opens to the same parameters, and they compute what PyTorch computes, layer by layer. */
import { join } from 'node:path';
import { describeFailure } from '../../src/core/failure.ts';
import { TracedModel, type TraceBackend } from '../../src/engine/trace-model.ts';
import { openCheckpoint, type Checkpoint } from '../../src/models/open-checkpoint.ts';
import { attentionDifference, traceDifference } from '../../src/vit/compare-attention.ts';
import { findCheckpoint } from '../checkpoint-file.ts';
import { readCase, type ReferenceCase, type ReferenceModel } from './reference.ts';

export interface CaseReport {
  readonly sizePx: string;
  readonly tokens: number;
  readonly rowEntropy: number;
  /** What the page's pass returns: the last layer, absolute. */
  readonly lastLayer: number;
  /** CLS's rows of every layer, absolute. */
  readonly everyLayer: number;
  /** The CLS feature, relative to its largest value. */
  readonly feature: number;
}

export interface FileReport {
  readonly file: string;
  /** Whether it opens to the parameters of the network's first file, to the bit; else why not. */
  readonly problem: string | null;
}

async function openFile(folder: string, file: string): Promise<Checkpoint | string> {
  const source = await findCheckpoint(join(folder, file), {});
  const opened = await openCheckpoint(source.files, source.hints);
  return opened.ok ? opened.value : describeFailure(opened.error);
}

/** CLS with its position added, as the network begins: timm's files keep that sum, the official ones its parts. */
function startOfCls({ parameters, architecture }: Checkpoint): Float32Array {
  const positions = parameters.get('pos_embed')?.values ?? new Float32Array();
  const cls = parameters.get('cls_token')?.values ?? new Float32Array();
  return cls.map((value, channel) => value + (positions[channel] ?? NaN)).slice(0, architecture.embedDim);
}

/** A parameter's values, CLS's share of them apart. */
function valuesOf(checkpoint: Checkpoint, name: string): Float32Array {
  const values = checkpoint.parameters.get(name)?.values ?? new Float32Array();
  if (name === 'cls_token') return startOfCls(checkpoint);
  return name === 'pos_embed' ? values.subarray(checkpoint.architecture.embedDim) : values;
}

/** @returns what is different, or null where every parameter is the same to the bit */
function compareParameters(first: Checkpoint, other: Checkpoint): string | null {
  if (JSON.stringify(first.architecture) !== JSON.stringify(other.architecture))
    return 'another architecture';
  const names = [...first.parameters.keys()].filter((name) => {
    const [a, b] = [valuesOf(first, name), valuesOf(other, name)];
    return a.length !== b.length || a.some((value, i) => !Object.is(value, b[i]));
  });
  return names.length === 0 ? null : `${names.slice(0, 3).join(', ')} differ`;
}

async function runCase(model: TracedModel, folder: string, each: ReferenceCase): Promise<CaseReport> {
  const { input, reference } = await readCase(folder, each);
  const { attention, trace } = await model.run(input, { height: each.height, width: each.width });
  const difference = traceDifference(trace, reference);
  return {
    sizePx: `${each.width} × ${each.height}`,
    tokens: attention.tokens,
    rowEntropy: each.rowEntropy,
    lastLayer: attentionDifference(attention, reference),
    everyLayer: difference.attention,
    feature: difference.feature,
  };
}

/** @param onCase called as soon as a case is through: the large ones take minutes */
export async function checkModel(
  backend: TraceBackend,
  folder: string,
  { files, cases }: ReferenceModel,
  onCase: (report: CaseReport) => void,
): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  let first: Checkpoint | null = null;
  for (const file of files) {
    const checkpoint = await openFile(folder, file);
    if (typeof checkpoint === 'string') {
      reports.push({ file, problem: checkpoint });
      continue;
    }
    reports.push({ file, problem: first === null ? null : compareParameters(first, checkpoint) });
    first ??= checkpoint;
  }
  if (first === null) return reports;
  const model = new TracedModel(backend, first);
  try {
    for (const each of cases) onCase(await runCase(model, folder, each));
  } finally {
    model.dispose();
  }
  return reports;
}

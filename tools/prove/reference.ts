/** PyTorch's side: makes a network with its files and numbers in a folder (tools/reference/make_full_size.py), and reads the numbers. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeNpy } from '../../src/formats/npy.ts';
import type { ReferenceForward } from '../../src/vit/compare-attention.ts';
import { stopWith } from '../stop-with.ts';

const script = fileURLToPath(new URL('../reference/make_full_size.py', import.meta.url));

interface Run {
  readonly failed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const runPython = (python: string, ...args: readonly string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(python, args, (error, stdout, stderr) => resolve({ failed: error !== null, stdout, stderr }));
  });

/** @returns PyTorch's version; stops with a sentence where there is none */
export async function findPytorch(python: string): Promise<string> {
  const { failed, stdout } = await runPython(
    python,
    '-c',
    'import numpy, PIL, torch; print(torch.__version__)',
  );
  if (failed)
    stopWith(
      `${python} does not run or has no PyTorch with NumPy and Pillow, so there is nothing to compare with; ` +
        '--python <path> names another.',
    );
  return stdout.trim();
}

export interface ReferenceCase {
  readonly height: number;
  readonly width: number;
  /** Mean entropy of the last layer's rows, of the most there can be. */
  readonly rowEntropy: number;
  readonly arrays: Readonly<Record<'input' | 'clsAttention' | 'registerAttention' | 'clsFeature', string>>;
}

export interface ReferenceModel {
  /** Checkpoints of the same network, in the folder. */
  readonly files: readonly string[];
  readonly cases: readonly ReferenceCase[];
}

/** Takes minutes for the large ones. Stops where PyTorch does. */
export async function makeReference(python: string, model: string, folder: string): Promise<ReferenceModel> {
  const { failed, stderr } = await runPython(python, script, model, folder);
  if (failed) stopWith(`${model} could not be made: ${stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as ReferenceModel;
}

export async function readCase(
  folder: string,
  { arrays }: ReferenceCase,
): Promise<{ readonly input: Float32Array; readonly reference: ReferenceForward }> {
  const read = async (file: string) => decodeNpy(await readFile(join(folder, file)));
  return {
    input: (await read(arrays.input)).values,
    reference: {
      clsAttention: await read(arrays.clsAttention),
      registerAttention: (await read(arrays.registerAttention)).values,
      clsFeature: (await read(arrays.clsFeature)).values,
    },
  };
}

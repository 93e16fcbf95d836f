/**
 * The record beside a run's files. It is checked field by field, since it may be from another version, damaged, or
 * from somebody's archive.
 */
import { findProblems, hyperParameters } from '../core/hyper-parameters.ts';
import type { StepReport, SwitchMark, TrainingConfiguration } from '../core/training.ts';
import type { StoredRun, TrainingIntervals } from '../rpc/training-contract.ts';

export interface RunRecord extends Omit<StoredRun, 'id' | 'byteLength' | 'photographs'> {
  readonly version: 1;
  /** Counts the saves: of two complete slots the one with the higher number is the run. */
  readonly generation: number;
  readonly photographs: readonly {
    readonly name: string;
    /** Left out in runs that were kept before there were classes. */
    readonly className?: string | null;
    readonly height: number;
    readonly width: number;
  }[];
  readonly mapShape: readonly [number, number, number];
  /** Bytes of each file of the slot. */
  readonly files: Readonly<Record<string, number>>;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (json: unknown): json is Fields => typeof json === 'object' && json !== null;
const isCount = (json: unknown): json is number => Number.isSafeInteger(json) && Number(json) >= 0;
const isText = (json: unknown): json is string => typeof json === 'string';

function parseConfiguration(json: unknown): TrainingConfiguration | null {
  if (!isFields(json) || typeof json['centring'] !== 'boolean' || typeof json['sharpening'] !== 'boolean')
    return null;
  const names = [...Object.keys(hyperParameters), 'centring', 'sharpening'];
  const known = Object.fromEntries(
    names.map((name) => [name, json[name]]),
  ) as unknown as TrainingConfiguration;
  return findProblems(known).length === 0 ? known : null;
}

const isMark = (json: unknown): json is SwitchMark =>
  isFields(json) &&
  isCount(json['step']) &&
  typeof json['centring'] === 'boolean' &&
  typeof json['sharpening'] === 'boolean';

const areIntervals = (json: unknown): json is TrainingIntervals =>
  isFields(json) && [json['saveEvery'], json['mapsEvery']].every((every) => isCount(every) && every >= 1);

const isPhotograph = (json: unknown): json is RunRecord['photographs'][number] =>
  isFields(json) &&
  isText(json['name']) &&
  isCount(json['height']) &&
  isCount(json['width']) &&
  (json['className'] === undefined || json['className'] === null || isText(json['className']));

export function parseRunRecord(json: unknown): RunRecord | null {
  if (!isFields(json) || json['version'] !== 1) return null;
  const { generation, title, modelTitle, step, pinned, startedAt, savedAt, switches, photographs } = json;
  const { mapShape, files } = json;
  // Runs that were kept before 2026-11-28 have them under another name.
  const intervals = json['intervals'] ?? json['rhythm'];
  const configuration = parseConfiguration(json['configuration']);
  if (configuration === null || !isCount(generation) || !isCount(step) || !isCount(pinned)) return null;
  if (!isText(title) || !isText(modelTitle) || !isText(startedAt) || !isText(savedAt)) return null;
  if (!Array.isArray(switches) || !switches.every(isMark)) return null;
  if (!areIntervals(intervals)) return null;
  if (!Array.isArray(photographs) || !photographs.every(isPhotograph)) return null;
  if (pinned >= photographs.length) return null;
  if (!Array.isArray(mapShape) || mapShape.length !== 3 || !mapShape.every(isCount)) return null;
  if (!isFields(files) || !Object.values(files).every(isCount)) return null;
  return {
    version: 1,
    generation,
    title,
    modelTitle,
    configuration,
    step,
    pinned,
    startedAt,
    savedAt,
    switches,
    intervals,
    photographs,
    mapShape: mapShape as unknown as RunRecord['mapShape'],
    files: files as RunRecord['files'],
  };
}

const reportFields: readonly (keyof StepReport)[] = [
  'step',
  'loss',
  'teacherEntropy',
  'kl',
  'centreNorm',
  'gradientNorm',
  'learningRate',
  'weightDecay',
  'teacherMomentum',
  'teacherTemperature',
  'stepMs',
];

export const parseReport = (json: unknown): StepReport | null =>
  isFields(json) && reportFields.every((name) => typeof json[name] === 'number')
    ? (json as unknown as StepReport)
    : null;

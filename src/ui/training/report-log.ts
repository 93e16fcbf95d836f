import type { StepReport } from '../../core/training.ts';

const curveNames = [
  'loss',
  'teacherEntropy',
  'kl',
  'centreNorm',
  'gradientNorm',
  'learningRate',
] as const satisfies readonly (keyof StepReport)[];

export type CurveName = (typeof curveNames)[number];

/** Step numbers, and the values of a quantity at these steps. */
export interface CurvePoints {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** Number of parts that the axis of steps is divided into, each about a pixel wide. */
const bucketCount = 600;

interface Point {
  readonly step: number;
  readonly value: number;
}

/** A curve with fewer points: the first, lowest, highest and last point of each bucket, so that no peak is lost. */
class ThinnedCurve {
  private readonly steps: number[] = [];
  private readonly values: number[] = [];
  private readonly stepsPerBucket: number;
  private bucket = -1;
  /** Where the points of the last bucket begin. They may still change. */
  private begin = 0;
  private first: Point = { step: 0, value: NaN };
  private lowest = this.first;
  private highest = this.first;

  constructor(lastStep: number) {
    this.stepsPerBucket = Math.max(1, lastStep / bucketCount);
  }

  add(point: Point): void {
    const bucket = Math.floor((point.step - 1) / this.stepsPerBucket);
    if (bucket !== this.bucket) {
      this.bucket = bucket;
      this.begin = this.steps.length;
      this.first = point;
      this.lowest = point;
      this.highest = point;
    }
    if (point.value < this.lowest.value) this.lowest = point;
    if (point.value > this.highest.value) this.highest = point;
    this.steps.length = this.begin;
    this.values.length = this.begin;
    const kept = new Set([this.first, this.lowest, this.highest, point]);
    for (const { step, value } of [...kept].sort((a, b) => a.step - b.step)) {
      this.steps.push(step);
      this.values.push(value);
    }
  }

  points(): CurvePoints {
    return { steps: [...this.steps], values: [...this.values] };
  }
}

interface Shared {
  readonly lastStep: number;
  readonly reports: StepReport[];
  readonly curves: Readonly<Record<CurveName, ThinnedCurve>>;
}

function add(shared: Shared, report: StepReport): void {
  shared.reports.push(report);
  for (const name of curveNames) shared.curves[name].add({ step: report.step, value: report[name] });
}

/**
 * All reports of a run, immutable. Adding a report takes constant time, however long the run is: a log shares its memory with the
 * log it was made from, and the curves read each report only once.
 */
export class ReportLog {
  readonly length: number;
  private readonly shared: Shared;

  private constructor(shared: Shared) {
    this.shared = shared;
    this.length = shared.reports.length;
  }

  /** @param reports in order of steps @param lastStep the run's length, where the curves' axis ends */
  static of(reports: readonly StepReport[], lastStep: number): ReportLog {
    const curves = Object.fromEntries(curveNames.map((name) => [name, new ThinnedCurve(lastStep)]));
    const shared: Shared = { lastStep, reports: [], curves: curves as Shared['curves'] };
    for (const report of reports) add(shared, report);
    return new ReportLog(shared);
  }

  /** @returns a new log with the report added; this log still has the same reports */
  with(report: StepReport): ReportLog {
    const { reports, lastStep } = this.shared;
    // Another report was already added to this log, so the memory cannot be shared.
    if (reports.length !== this.length)
      return ReportLog.of([...reports.slice(0, this.length), report], lastStep);
    add(this.shared, report);
    return new ReportLog(this.shared);
  }

  get first(): StepReport | undefined {
    return this.length === 0 ? undefined : this.shared.reports[0];
  }

  get last(): StepReport | undefined {
    return this.shared.reports[this.length - 1];
  }

  /** @returns the last `count` reports, in order */
  tail(count: number): StepReport[] {
    return this.shared.reports.slice(Math.max(0, this.length - count), this.length);
  }

  /** The points for a plot; the last one is the last step's. Call it only on the latest log, since an older log's curves have grown. */
  curve(name: CurveName): CurvePoints {
    return this.shared.curves[name].points();
  }
}

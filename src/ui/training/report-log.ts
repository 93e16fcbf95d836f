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

/** The steps' numbers, and a quantity's values at them. */
export interface CurvePoints {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The axis of steps in so many parts, each about a pixel wide. */
const bucketCount = 600;

interface Point {
  readonly step: number;
  readonly value: number;
}

/** A curve as a picture can show it: of each bucket the first point, the lowest, the highest and the last, so that no peak is lost. */
class ThinnedCurve {
  private readonly steps: number[] = [];
  private readonly values: number[] = [];
  private readonly stepsPerBucket: number;
  private bucket = -1;
  /** Where the points of the last bucket begin, which may still change. */
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
 * What a run has reported. A step costs the same after a hundred thousand as after ten: a log shares its memory with the one that
 * it came from, and each report is looked at once for the curves.
 */
export class ReportLog {
  readonly length: number;
  private readonly shared: Shared;

  private constructor(shared: Shared) {
    this.shared = shared;
    this.length = shared.reports.length;
  }

  /** @param reports in order @param lastStep the run's length, where the curves' axis ends */
  static of(reports: readonly StepReport[], lastStep: number): ReportLog {
    const curves = Object.fromEntries(curveNames.map((name) => [name, new ThinnedCurve(lastStep)]));
    const shared: Shared = { lastStep, reports: [], curves: curves as Shared['curves'] };
    for (const report of reports) add(shared, report);
    return new ReportLog(shared);
  }

  /** @returns another log, one longer; this one keeps its reports */
  with(report: StepReport): ReportLog {
    const { reports, lastStep } = this.shared;
    // Somebody else has gone on from this log already.
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

  /** @returns the last so many reports, in order */
  tail(count: number): StepReport[] {
    return this.shared.reports.slice(Math.max(0, this.length - count), this.length);
  }

  /** What a picture needs, the last step's value at its end. Only of the latest log: the curves of one that was gone on from have grown. */
  curve(name: CurveName): CurvePoints {
    return this.shared.curves[name].points();
  }
}

/** Whether the teacher of a run learns anything: how often it tells the classes of the run's own photographs, each by the others. */
import type { Failure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import type { KeptPhotograph } from '../library/run-store.ts';
import { framePhotograph } from '../media/framing.ts';
import { prepareInput } from '../media/prepare-input.ts';
import { plainDots } from '../recognise/dot-products.ts';
import { unitVectors } from '../recognise/feature-vectors.ts';
import { accuracyOf, findNeighbours, vote } from '../recognise/knn.ts';
import type { Enqueue } from '../rpc/serial-queue.ts';
import type { Trainer } from '../train/trainer.ts';

/** k of the official script, or what there is. */
const usualK = 20;

/** More photographs would take longer than the steps between two measurements. */
const maxPhotographs = 64;

/** Those that are measured: evenly over all that have a class. */
function chosenOf(photographs: readonly KeptPhotograph[]): readonly KeptPhotograph[] {
  const known = photographs.filter(({ className = null }) => className !== null);
  const count = Math.min(maxPhotographs, known.length);
  return Array.from(
    { length: count },
    (_, at) => known[Math.floor((at * known.length) / count)] as KeptPhotograph,
  );
}

export class TeacherClasses {
  private readonly trainer: Trainer;
  private readonly photographs: readonly KeptPhotograph[];
  private readonly classes: readonly number[];
  private readonly classCount: number;

  constructor(photographs: readonly KeptPhotograph[], trainer: Trainer) {
    this.trainer = trainer;
    this.photographs = chosenOf(photographs);
    const names = [...new Set(this.photographs.map(({ className }) => className))];
    this.classes = this.photographs.map(({ className }) => names.indexOf(className));
    this.classCount = names.length;
  }

  /**
   * Leave one out, by CLS, with the official framing at the side of a global crop. One photograph a turn.
   * @param signal ends it: a run that is to pause does not wait for it
   * @returns null where there are not two classes, or it was ended
   */
  async measure(enqueue: Enqueue, signal: AbortSignal): Promise<Result<number | null, Failure>> {
    const { photographs, classes, classCount } = this;
    if (classCount < 2) return succeed(null);
    const rows: Float32Array[] = [];
    for (const photograph of photographs) {
      if (signal.aborted) return succeed(null);
      const row = await enqueue(() => this.embed(photograph));
      if (!row.ok) return row;
      rows.push(row.value);
    }
    const vectors = unitVectors(rows);
    const neighbours = await findNeighbours({
      queries: vectors.count,
      bank: vectors.count,
      k: usualK,
      dots: plainDots(vectors, vectors),
      own: photographs.map((_, at) => at),
    });
    const { predictions } = vote(neighbours, classes, classCount);
    return succeed(accuracyOf(predictions, classes));
  }

  private embed(photograph: KeptPhotograph): Promise<Result<Float32Array, Failure>> {
    const { architecture, configuration } = this.trainer;
    const framing = framePhotograph(
      photograph,
      { shape: 'official', sidePx: configuration.globalCropPx },
      architecture.patchSize,
    );
    const input = prepareInput({ ...photograph, channels: 3 }, framing);
    return this.trainer.embed('teacher', input, framing.inputSizePx);
  }
}

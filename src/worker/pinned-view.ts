/** The photograph whose maps a run takes as it goes on: what it looks like, and what teacher and student look at in it. */
import type { Failure } from '../core/failure.ts';
import { succeed, type Result } from '../core/result.ts';
import type { KeptPhotograph } from '../library/run-store.ts';
import { framePhotograph, type Framing } from '../media/framing.ts';
import { prepareInput } from '../media/prepare-input.ts';
import type { MapSnapshot, PinnedPhotograph } from '../rpc/training-contract.ts';
import type { Trainer } from '../train/trainer.ts';

/** Global crops' side, this many times: as large as the kept photograph mostly is. */
const pinnedSidePerCrop = 2;
const maxPinnedSidePx = 480;

export class PinnedView {
  private readonly photo: KeptPhotograph;
  private readonly trainer: Trainer;
  private readonly framing: Framing;
  private readonly input: Float32Array;

  constructor(photo: KeptPhotograph, trainer: Trainer) {
    this.photo = photo;
    this.trainer = trainer;
    const sidePx = Math.min(
      pinnedSidePerCrop * trainer.configuration.globalCropPx,
      maxPinnedSidePx,
      Math.max(photo.height, photo.width),
    );
    this.framing = framePhotograph(photo, { shape: 'photograph', sidePx }, trainer.architecture.patchSize);
    this.input = prepareInput({ ...photo, channels: 3 }, this.framing);
  }

  /** Of one snapshot's maps: [numHeads, rows, columns]. */
  get mapShape(): readonly [number, number, number] {
    return [this.trainer.architecture.numHeads, this.framing.rows, this.framing.columns];
  }

  describe(): PinnedPhotograph {
    const { height, width, values } = this.photo;
    const { box, inputSizePx } = this.framing;
    const [numHeads, rows, columns] = this.mapShape;
    const pixels = Uint8ClampedArray.from(values);
    return { size: { height, width }, pixels, box, inputSizePx, rows, columns, numHeads };
  }

  /** Not while a step runs. */
  async takeMaps(): Promise<Result<Omit<MapSnapshot, 'knnAccuracy'>, Failure>> {
    const { inputSizePx } = this.framing;
    const teacher = await this.trainer.attend('teacher', this.input, inputSizePx);
    if (!teacher.ok) return teacher;
    const student = await this.trainer.attend('student', this.input, inputSizePx);
    if (!student.ok) return student;
    return succeed({
      step: this.trainer.stepsTaken,
      teacher: teacher.value.maps,
      student: student.value.maps,
    });
  }
}

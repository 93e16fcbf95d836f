/**
 * The passes that ran last, on the device: with one of them, a patch is asked by one small product. Older ones go when together they
 * take too much; the last one stays, whatever it takes, until the next pass wants its room.
 */
import type { Tapped } from '../vit/tapped.ts';

/** A hundred and twenty photographs of the embedded model at 320 px, or one of ViT-B/8 at 640 px. */
const defaultMaxBytes = 48 * 1024 * 1024;

export class KeptPasses {
  private readonly maxBytes: number;
  /** By name; a Map keeps the order, the one used last at its end. */
  private readonly passes = new Map<string, Tapped>();

  constructor(maxBytes = defaultMaxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Lets go of what was kept under this name, and of the oldest others, until a pass of this size fits in. */
  makeRoom(name: string, byteLength: number): void {
    this.drop(name);
    for (const oldest of this.passes.keys()) {
      if (this.byteLength + byteLength <= this.maxBytes) return;
      this.drop(oldest);
    }
  }

  /** Owns the pass from now on. */
  keep(name: string, pass: Tapped): void {
    this.makeRoom(name, pass.byteLength);
    this.passes.set(name, pass);
  }

  /** @returns the pass, borrowed until the next one is kept; null where there is none of this name */
  find(name: string): Tapped | null {
    const pass = this.passes.get(name);
    if (pass === undefined) return null;
    this.passes.delete(name);
    this.passes.set(name, pass);
    return pass;
  }

  clear(): void {
    for (const name of this.passes.keys()) this.drop(name);
  }

  private get byteLength(): number {
    return [...this.passes.values()].reduce((sum, pass) => sum + pass.byteLength, 0);
  }

  private drop(name: string): void {
    const pass = this.passes.get(name);
    if (pass === undefined) return;
    this.passes.delete(name);
    pass.dispose();
  }
}

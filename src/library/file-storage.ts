/** Where models are kept: a folder for each, files in it. The browser's own file system, or memory where there is none. */

import type { NotKept } from '../core/not-kept.ts';

/** A file that is written where it lies. Nobody else has it open. */
export interface OpenFile {
  /** @throws FailureError 'storage-full' where the browser gives no more room */
  write(bytes: Uint8Array<ArrayBuffer>, at: number): void;
  /** Cuts the file off. */
  truncate(byteLength: number): void;
  /** What was written is on the disk afterwards. */
  flush(): void;
  close(): void;
}

export interface FileStorage {
  /** Null: what is written is there at the next visit. */
  readonly notKept: NotKept | null;
  /** Makes the file, and the model's folder, where there is none. */
  open(model: string, file: string): Promise<OpenFile>;
  /** A view of the file as it is now, or null where there is none. */
  read(model: string, file: string): Promise<Blob | null>;
  removeFile(model: string, file: string): Promise<void>;
  /** The whole folder; nothing happens where there is none. */
  remove(model: string): Promise<void>;
  list(): Promise<readonly string[]>;
}

/** Pieces in the order they came; a file is written from its front to its end. As blobs, so that reading it copies nothing. */
class MemoryFile implements OpenFile {
  private pieces: Blob[] = [];
  private byteLength = 0;

  write(bytes: Uint8Array<ArrayBuffer>, at: number): void {
    if (at !== this.byteLength) throw new Error(`a write at ${at} into a file of ${this.byteLength} bytes`);
    this.pieces.push(new Blob([bytes]));
    this.byteLength += bytes.byteLength;
  }

  truncate(byteLength: number): void {
    const kept: Blob[] = [];
    let length = 0;
    for (const piece of this.pieces) {
      const part = piece.slice(0, Math.max(0, byteLength - length));
      kept.push(part);
      length += part.size;
    }
    this.pieces = kept;
    this.byteLength = length;
  }

  flush(): void {}
  close(): void {}

  blob(): Blob {
    return new Blob(this.pieces);
  }
}

/** For a visit. @param notKept why there is nothing better */
export function createMemoryStorage(notKept: NotKept): FileStorage {
  const models = new Map<string, Map<string, MemoryFile>>();
  return {
    notKept,
    open: (model, name) => {
      const files = models.get(model) ?? new Map<string, MemoryFile>();
      models.set(model, files);
      const file = files.get(name) ?? new MemoryFile();
      files.set(name, file);
      return Promise.resolve(file);
    },
    read: (model, name) => Promise.resolve(models.get(model)?.get(name)?.blob() ?? null),
    removeFile: async (model, name) => void models.get(model)?.delete(name),
    remove: async (model) => void models.delete(model),
    list: () => Promise.resolve([...models.keys()]),
  };
}

/** The checkpoints written by PyTorch (tools/reference/make_checkpoints.py), as files. Node only. */
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../../tools/reference/fixtures/', import.meta.url);

export const checkpointPath = (file: string): string => fileURLToPath(new URL(`checkpoints/${file}`, folder));

export const openFixture = (file: string): Promise<Blob> => openAsBlob(checkpointPath(file));

/** Checkpoints wrapped as other programs do it, from tools/reference/make_wrapped.py. */
export const wrappedPath = (file: string): string => fileURLToPath(new URL(`wrapped/${file}`, folder));

export const openWrapped = (file: string): Promise<Blob> => openAsBlob(wrappedPath(file));

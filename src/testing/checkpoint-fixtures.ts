/** The checkpoints that PyTorch wrote (tools/reference/make_checkpoints.py), as files. Node only. */
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../../tools/reference/fixtures/checkpoints', import.meta.url);

export const checkpointPath = (file: string): string => fileURLToPath(new URL(file, folder));

export const openFixture = (file: string): Promise<Blob> => openAsBlob(checkpointPath(file));

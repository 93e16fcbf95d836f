import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';

/** Opens a new device, on which no code has been compiled yet. */
export async function openWebGpu(): Promise<OpenBackend> {
  const opened = await openBackend('webgpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

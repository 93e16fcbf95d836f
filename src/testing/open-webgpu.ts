import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';

/** On a device of its own, where no code has been compiled yet. */
export async function openWebGpu(): Promise<OpenBackend> {
  const opened = await openBackend('webgpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

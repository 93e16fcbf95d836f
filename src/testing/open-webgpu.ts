import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';

/** Opens a new back end, which has compiled nothing yet. Its device is that of all tests, see `one-device`. */
export async function openWebGpu(): Promise<OpenBackend> {
  const opened = await openBackend('webgpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

/** Fetches files for the checks from the server: the page's samples and PyTorch's numbers. */
import { appPath } from './app.ts';

async function fetchWell(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

/** @param name the name under which the page gets the file */
export async function sampleFile(id: string, name = `${id}.jpg`): Promise<File> {
  return new File([await (await fetchWell(`${appPath}samples/${id}.jpg`)).blob()], name, {
    type: 'image/jpeg',
  });
}

/** Fetches a file of tools/reference/fixtures. */
export async function fixtureFile(path: string, name = path.split('/').at(-1) ?? path): Promise<File> {
  return new File([await (await fetchWell(`/fixtures/${path}`)).blob()], name);
}

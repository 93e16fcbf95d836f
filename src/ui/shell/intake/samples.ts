import type { NewPhoto } from '../../state/photo.ts';

/** One of the photographs that come with the page; see public/samples/CREDITS.md. */
export interface Sample {
  readonly id: string;
  readonly title: string;
  readonly file: string;
  readonly height: number;
  readonly width: number;
  readonly alt: string;
  readonly credit: string;
  readonly licence: string;
}

const samplesFolder = (): URL => new URL('samples/', document.baseURI);

export const sampleUrl = (sample: Sample): string => new URL(sample.file, samplesFolder()).href;

function isSample(value: unknown): value is Sample {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return (
    ['id', 'title', 'file', 'alt', 'credit', 'licence'].every((name) => typeof fields[name] === 'string') &&
    ['height', 'width'].every((name) => typeof fields[name] === 'number')
  );
}

/** @returns an empty list if it cannot be loaded; the page works without samples */
export async function fetchSamples(): Promise<readonly Sample[]> {
  try {
    const response = await fetch(new URL('samples.json', samplesFolder()));
    const list: unknown = response.ok ? await response.json() : [];
    return Array.isArray(list) ? list.filter(isSample) : [];
  } catch {
    return [];
  }
}

/** @returns null if its file cannot be loaded */
export async function fetchSample(sample: Sample): Promise<NewPhoto | null> {
  try {
    const response = await fetch(sampleUrl(sample));
    if (!response.ok) return null;
    const { title: name, alt, credit, licence } = sample;
    return { name, alt, credit: `${credit}, ${licence}`, blob: await response.blob() };
  } catch {
    return null;
  }
}

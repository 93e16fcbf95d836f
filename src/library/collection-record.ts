/**
 * The lines and the record of a kept collection. They are checked field by field: they may be from another version, damaged, or cut
 * off by a crash.
 */
import { isKnownFailure, type Failure } from '../core/failure.ts';
import type { PhotographName } from '../core/photograph-name.ts';
import { parseSettings, type FeatureSettings, type FeatureSource } from '../core/recognition.ts';
import { addToCrc32 } from '../core/crc32.ts';

export interface CollectionRecord extends FeatureSource {
  readonly version: 1;
  /** Counts the saves: of two complete slots the one with the higher number is the collection's. */
  readonly generation: number;
  /** The files that hold its items begin with it. */
  readonly data: number;
  readonly title: string;
  readonly settings: FeatureSettings;
  /** C */
  readonly channels: number;
  readonly savedAt: string;
}

/** A photograph as it is kept: a line of the items' file. */
export interface KeptItem extends PhotographName {
  /** Its number for as long as the collection lasts. */
  readonly serial: number;
  readonly className: string | null;
  readonly failure: Failure | null;
  /** Its row in the features' file; null where it failed. */
  readonly row: number | null;
  /** Where its small picture lies; of length 0 where there is none. */
  readonly thumbnail: { readonly begin: number; readonly byteLength: number };
  /** Of its features' bytes and its small picture's. */
  readonly crc: number;
}

/** A class that the person gave to an item: a line of the classes' file, of which the last one of an item counts. */
export interface KeptClass {
  readonly serial: number;
  readonly className: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (json: unknown): json is Fields => typeof json === 'object' && json !== null;
const isCount = (json: unknown): json is number => Number.isSafeInteger(json) && Number(json) >= 0;
const isText = (json: unknown): json is string => typeof json === 'string';
const isTextOrNull = (json: unknown): json is string | null => json === null || isText(json);

export function parseCollectionRecord(json: unknown): CollectionRecord | null {
  if (!isFields(json) || json['version'] !== 1) return null;
  const { generation, data, title, modelKey, modelHash, modelTitle, channels, savedAt } = json;
  const settings = parseSettings(json['settings']);
  if (!isCount(generation) || !isCount(data) || !isCount(channels) || channels < 1) return null;
  if (!isText(title) || !isText(modelKey) || !isText(modelTitle) || !isText(savedAt)) return null;
  if (settings === null) return null;
  return {
    version: 1,
    generation,
    data,
    title,
    modelKey,
    // Older ones have none.
    modelHash: isText(modelHash) ? modelHash : null,
    modelTitle,
    settings,
    channels,
    savedAt,
  };
}

export function parseItem(json: unknown): KeptItem | null {
  if (!isFields(json)) return null;
  const { serial, path, byteLength, lastModified, className, failure, row, thumbnail, crc } = json;
  if (![serial, byteLength, crc].every(isCount) || !isText(path) || typeof lastModified !== 'number')
    return null;
  if (!isTextOrNull(className) || !(row === null || isCount(row))) return null;
  if (!isFields(thumbnail) || !isCount(thumbnail['begin']) || !isCount(thumbnail['byteLength'])) return null;
  // An item has features or the reason why it has none.
  if ((failure === null) !== (row !== null)) return null;
  if (failure !== null && !(isFields(failure) && isKnownFailure(failure['code']))) return null;
  return json as unknown as KeptItem;
}

export const parseClass = (json: unknown): KeptClass | null =>
  isFields(json) && isCount(json['serial']) && isTextOrNull(json['className'])
    ? (json as unknown as KeptClass)
    : null;

const encoder = new TextEncoder();

/** Eight digits that tell a whole line, a space, and the line itself. */
const crcDigits = 8;

/** @returns a line with its checksum and its end */
export function encodeLine(json: object): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(json);
  const crc = addToCrc32(0, encoder.encode(text)).toString(16).padStart(crcDigits, '0');
  return encoder.encode(`${crc} ${text}\n`);
}

interface WholeLines<T> {
  readonly entries: readonly T[];
  /** Where the last line ends that has an end: what comes after it was cut off by a crash. */
  readonly endsAt: number;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads the lines that are whole; damaged ones between them are left out. @param parse null where a line is none of these */
export function parseLines<T>(bytes: Uint8Array, parse: (json: unknown) => T | null): WholeLines<T> {
  const decoder = new TextDecoder();
  const entries: T[] = [];
  let begin = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
    const crc = Number.parseInt(decoder.decode(bytes.subarray(begin, begin + crcDigits)), 16);
    const text = bytes.subarray(begin + crcDigits + 1, end);
    begin = end + 1;
    if (addToCrc32(0, text) !== crc) continue;
    const entry = parse(readJson(decoder.decode(text)));
    if (entry !== null) entries.push(entry);
  }
  return { entries, endsAt: begin };
}

import { expect, test } from 'vitest';
import { describeUnknownFile } from '../formats/describe-unknown-file.ts';
import { firstLine, recogniseFile } from './recognise-file.ts';

/** @param text a letter a byte */
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'latin1'));

test.each([
  ['\x89PNG\r\n', { what: 'a photograph or drawing (PNG)' }],
  ['RIFF\x24\0\0\0WEBPVP8 ', { what: 'a picture (WebP)' }],
  ['RIFF\x24\0\0\0WAVEfmt ', { what: 'sound' }],
  ['\0\0\0\x18ftypmp42', { what: 'a film' }],
  ['\0\0\0\x18ftypcrx ', { what: 'a camera’s raw data', picture: 'camera raw' }],
  ['II*\0\x10\0\0\0CR\x02\0', { what: 'a camera’s raw data', picture: 'camera raw' }],
  [`${'\0'.repeat(128)}DICM`, { what: 'a DICOM picture', picture: 'dicom' }],
  ['8BPS\0\x01', { what: 'a Photoshop document', picture: 'psd' }],
  ['\0\0\0\x0cJXL \r\n\x87\n', { what: 'a JPEG XL picture', picture: 'jxl' }],
  ['\x08\x07\x12\x07pytorch\x1a\x051.13', { what: 'an ONNX file' }],
  ['%PDF-1.7', { what: 'a PDF document' }],
  ['\n<!DOCTYPE html>', { what: 'a web page' }],
  ['<!-- saved from\n--> <html>', { what: 'a web page' }],
  ['\xff\xfe<\0h\0t\0m\0l\0>\0', { what: 'a web page' }],
  ['\xef\xbb\xbf<?xml version="1.0"?><annotation>', { what: 'an XML document' }],
  ['Dear reader', null],
  ['', null],
])('%j is %j', (text, kind) => {
  const recognised = recogniseFile(bytesOf(text));
  expect(
    recognised && { what: recognised.what, ...(recognised.picture && { picture: recognised.picture }) },
  ).toEqual(kind);
});

test.each([
  ['Not Found', 'Not Found'],
  ['\n  model:\n  lr: 1', 'model:'],
  ['\xe2\x80\x9cHi\xe2\x80\x9d', '“Hi”'],
  ['x'.repeat(100), `${'x'.repeat(60)}…`],
  // Cut within a letter.
  ['caf\xc3', 'caf\ufffd'],
  ['\x08\x01\x12', null],
  ['\xff\xd8\xff', null],
  ['', null],
])('the first line of %j is %j', (text, line) => {
  expect(firstLine(bytesOf(text))).toBe(line);
});

test.each(['PK\x03\x04', '\x80\x02\x8a\x0a', '\x10\x02\0\0\0\0\0\0{"cls_token":'])(
  'what begins with %j may be a checkpoint',
  (text) => {
    expect(describeUnknownFile(bytesOf(text))).toBeNull();
  },
);

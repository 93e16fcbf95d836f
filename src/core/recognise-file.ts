/** What a file is by its first bytes, for a sentence to somebody who brought it as something else. */

type Signature = readonly [at: number, bytes: string];

interface Kind {
  /** With its article, as in 'a PDF document'. */
  readonly what: string;
  /** The name of its format, for a picture that nobody here decodes. */
  readonly picture?: string;
  readonly signs: readonly Signature[];
}

const start = (...texts: readonly string[]): Signature[] => texts.map((text) => [0, text] as const);

/** Bytes as latin1. A file is of the first kind that has one of its signs. */
const kinds: readonly Kind[] = [
  { what: 'a photograph or drawing (PNG)', signs: start('\x89PNG') },
  { what: 'a photograph (JPEG)', signs: start('\xff\xd8\xff') },
  { what: 'a picture (GIF)', signs: start('GIF8') },
  { what: 'a picture (WebP)', signs: [[8, 'WEBPVP8']] },
  { what: 'a JPEG XL picture', picture: 'jxl', signs: start('\0\0\0\x0cJXL \r\n', '\xff\x0a') },
  { what: 'a Photoshop document', picture: 'psd', signs: start('8BPS') },
  { what: 'a GIMP document', picture: 'xcf', signs: start('gimp xcf') },
  { what: 'an OpenEXR picture', picture: 'exr', signs: start('v/1\x01') },
  { what: 'a Radiance picture', picture: 'hdr', signs: start('#?RADIANCE', '#?RGBE') },
  { what: 'a QOI picture', picture: 'qoi', signs: start('qoif') },
  { what: 'an icon of macOS', picture: 'icns', signs: start('icns') },
  { what: 'a DICOM picture', picture: 'dicom', signs: [[128, 'DICM']] },
  { what: 'a FITS picture', picture: 'fits', signs: start('SIMPLE  =') },
  { what: 'a DirectDraw picture', picture: 'dds', signs: start('DDS ') },
  { what: 'a Windows metafile', picture: 'wmf', signs: start('\xd7\xcd\xc6\x9a') },
  {
    what: 'a camera’s raw data',
    picture: 'camera raw',
    signs: [
      ...start('FUJIFILMCCD-RAW', 'IIU\0', 'IIRO', 'IIRS', 'MMOR', '\0MRM'),
      [4, 'ftypcrx '],
      [8, 'CR\x02\0'],
    ],
  },
  {
    what: 'a film',
    signs: [
      ...[
        'isom',
        'iso2',
        'iso4',
        'iso5',
        'iso6',
        'mp41',
        'mp42',
        'avc1',
        'M4V ',
        'M4VH',
        '3gp4',
        '3gp5',
        'qt  ',
      ].map((brand) => [4, `ftyp${brand}`] as const),
      ...start('\x1aE\xdf\xa3', 'FLV\x01'),
      [8, 'AVI LIST'],
    ],
  },
  { what: 'sound', signs: [...start('ID3', 'OggS', 'fLaC'), [8, 'WAVEfmt '], [4, 'ftypM4A ']] },
  { what: 'a PDF document', signs: start('%PDF-') },
  { what: 'a PostScript document', signs: start('%!PS') },
  { what: 'an HDF5 file, as Keras writes', signs: start('\x89HDF') },
  { what: 'an array of NumPy (.npy)', signs: start('\x93NUMPY') },
  { what: 'a GGUF file, as llama.cpp reads', signs: start('GGUF') },
  {
    what: 'an ONNX file',
    // Behind its version, the name of what wrote it.
    signs: ['\x07pytorch', '\x07tf2onnx', '\x08skl2onnx', '\x0bonnx.helper', '\x0aonnx.utils'].map(
      (writer) => [2, `\x12${writer}`] as const,
    ),
  },
  { what: 'a TensorFlow Lite file', signs: [[4, 'TFL3']] },
  { what: 'a zip archive', signs: start('PK\x03\x04', 'PK\x05\x06') },
  { what: 'a RAR archive', signs: start('Rar!') },
  { what: 'a 7-Zip archive', signs: start('7z\xbc\xaf\x27\x1c') },
  { what: 'compressed with gzip', signs: start('\x1f\x8b') },
  { what: 'compressed with bzip2', signs: start('BZh') },
  { what: 'compressed with xz', signs: start('\xfd7zXZ\0') },
  { what: 'compressed with zstd', signs: start('\x28\xb5\x2f\xfd') },
  { what: 'a program', signs: start('\x7fELF', 'MZ\x90\0', '\xcf\xfa\xed\xfe') },
  { what: 'what macOS notes beside a file', signs: start('\0\x05\x16\x07') },
  { what: 'a Git LFS pointer in place of the file itself', signs: start('version https://git-lfs') },
];

export type RecognisedFile = Omit<Kind, 'signs'>;

/** Whether a file of this kind must be unpacked, to see what is in it. */
export const isPacked = (what: string): boolean => /^compressed|archive$/.test(what);

/** @returns the first bytes as text, without the mark of the encoding that may stand before it */
function decodeText(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes.subarray(0, 512)).trimStart();
}

/** @returns null where it is neither; comments may come first */
function kindOfMarkup(bytes: Uint8Array): RecognisedFile | null {
  const text = decodeText(bytes).replace(/^(<!--[^]*?-->\s*)+/, '');
  if (/^<(!doctype html|html)/i.test(text)) return { what: 'a web page' };
  return text.startsWith('<?xml') ? { what: 'an XML document' } : null;
}

/** @param bytes at least the first 512, or all where there are fewer @returns null where they are of no kind that is known here */
export function recogniseFile(bytes: Uint8Array): RecognisedFile | null {
  const has = ([at, text]: Signature): boolean =>
    Array.from(text).every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
  return kinds.find(({ signs }) => signs.some(has)) ?? kindOfMarkup(bytes);
}

const maxQuoted = 60;

/** @returns the first line where the bytes are text, else null */
export function firstLine(bytes: Uint8Array): string | null {
  const text = decodeText(bytes);
  // Signs that no text has. A letter may be cut in two at the end.
  const isText = /^[^\p{Cc}\ufffd]*$/u.test(text.replace(/[\t\n\v\f\r]/g, ' ').slice(0, -1));
  if (text === '' || !isText) return null;
  const [line = ''] = text.split(/[\r\n]/);
  return line.length > maxQuoted ? `${line.slice(0, maxQuoted)}…` : line;
}

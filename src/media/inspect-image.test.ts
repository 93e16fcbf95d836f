import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeFailure, type Failure } from '../core/failure.ts';
import { damage, seededRandom } from '../core/seeded-random.ts';
import { pngChunk, withPngChunk } from '../testing/png-chunks.ts';
import { inspectImage, undecodable } from './inspect-image.ts';
import { storedImage } from './stored-image.ts';

/** @returns a little-endian TIFF with this value in place of its first directory's tag, or of its last one */
function withTag(tiff: Buffer, tag: number, value: number): Buffer {
  const changed = Buffer.from(tiff);
  const directory = changed.readUInt32LE(4);
  const entries = Array.from({ length: changed.readUInt16LE(directory) }, (_, i) => directory + 2 + 12 * i);
  const at = entries.find((entry) => changed.readUInt16LE(entry) === tag) ?? (entries.at(-1) as number);
  changed.writeUInt16LE(tag, at);
  changed.writeUInt16LE(3, at + 2);
  changed.writeUInt32LE(1, at + 4);
  changed.writeUInt32LE(value, at + 8);
  return changed;
}

/** A TIFF whose first directory names another one. */
function withNext(tiff: Buffer): Buffer {
  const changed = Buffer.from(tiff);
  const directory = changed.readUInt32LE(4);
  changed.writeUInt32LE(directory, directory + 2 + 12 * changed.readUInt16LE(directory));
  return changed;
}

/** A picture with detail everywhere, so that its file has enough data to cut. */
const picture = (width = 64, height = 48): Sharp =>
  sharp(
    Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + (i >> 3) * 31) & 255)),
    { raw: { width, height, channels: 3 } },
  );

const animation = async (): Promise<Sharp> =>
  sharp([await picture().png().toBuffer(), await picture().negate().png().toBuffer()], {
    join: { animated: true },
  });

const files = {
  jpg: await picture().jpeg().toBuffer(),
  png: await picture().png().toBuffer(),
  webp: await picture().webp().toBuffer(),
  gif: await picture().gif().toBuffer(),
  avif: await picture().avif({ effort: 0 }).toBuffer(),
};
const tiff = await picture().tiff().toBuffer();
const progressive = await picture().jpeg({ progressive: true }).toBuffer();

/** A 24-bit BMP, the lowest row first, as most programs write it. */
function makeBmp(width: number, height: number): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + rowBytes * height);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

/** A PNG whose header states this size, with almost no data. */
function makePngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    files.png.subarray(0, 8),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(16))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A JPEG with one more segment right after its start. */
function withSegment(jpeg: Buffer, marker: number, payload: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)]);
}

const factsOf = (format: string, height: number, width: number, notices: string[] = []): object => ({
  ok: true,
  value: { format, storedSizePx: { height, width }, notices },
});
const failing = (error: Failure): object => ({ ok: false, error });
const truncated = (format: string): object =>
  failing({ code: 'damaged-image', format, problem: 'truncated' });

describe('a whole photograph', () => {
  test.each(Object.entries(files))('as %s is known by its bytes, with its size', (format, bytes) => {
    expect(inspectImage(bytes)).toEqual(factsOf(format, 48, 64));
  });

  test('as progressive JPEG has several scans and one end', () => {
    expect(inspectImage(progressive)).toEqual(factsOf('jpg', 48, 64));
  });

  test('as BMP is known, rows from below or from above, new header or old', () => {
    expect(inspectImage(makeBmp(20, 30))).toEqual(factsOf('bmp', 30, 20));
    const fromAbove = makeBmp(20, 30);
    fromAbove.writeInt32LE(-30, 22);
    expect(inspectImage(fromAbove)).toEqual(factsOf('bmp', 30, 20));
    const old = makeBmp(20, 30);
    old.writeUInt32LE(12, 14);
    old.writeUInt16LE(20, 18);
    old.writeUInt16LE(30, 20);
    expect(inspectImage(old)).toEqual(factsOf('bmp', 30, 20));
  });

  test('keeps the size it is stored in, whatever EXIF says of turning it', async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(inspectImage(turned)).toEqual(factsOf('jpg', 48, 64));
  });

  test('is found at any place of a larger buffer', () => {
    const larger = Buffer.concat([Buffer.from('front'), files.png, Buffer.from('behind')]);
    expect(inspectImage(larger.subarray(5, 5 + files.png.length))).toEqual(factsOf('png', 48, 64));
  });

  test.each(Object.entries(files))('as %s may have bytes after its end', (format, bytes) => {
    const followed = Buffer.concat([
      bytes,
      Buffer.from('MotionPhoto_Data and a film'),
      Buffer.alloc(300, 0xff),
    ]);
    expect(inspectImage(followed)).toEqual(factsOf(format, 48, 64));
  });

  test('as AVIF is known where another brand comes first', () => {
    const renamed = Buffer.from(files.avif);
    renamed.write('mif1', 8);
    expect(inspectImage(renamed)).toEqual(factsOf('avif', 48, 64));
  });
});

describe('a photograph that was cut short', () => {
  /** Number of bytes at the end that may be missing while the picture is still complete. */
  const spareBytes = { jpg: 2, png: 12, webp: 0, gif: 1, avif: 0, progressive: 0 } as const;

  test.each([
    ...Object.entries(files).map(([format, bytes]) => [format, bytes, format] as const),
    ['progressive', progressive, 'jpg'] as const,
  ])('as %s is told at every length, and the whole file is not', (name, bytes, format) => {
    const told = Array.from({ length: bytes.length + 1 }, (_, length) =>
      inspectImage(bytes.subarray(0, length)),
    );
    const firstWhole = bytes.length - spareBytes[name as keyof typeof spareBytes];
    // Twelve bytes are enough to recognise each format.
    const others = told
      .slice(12, firstWhole)
      .filter((result) => JSON.stringify(result) !== JSON.stringify(truncated(format)));
    expect(others).toEqual([]);
    for (const result of told.slice(firstWhole, -1))
      expect(result).toEqual(factsOf(format, 48, 64, ['end-missing']));
    expect(told.at(-1)).toEqual(factsOf(format, 48, 64));
  });

  test('is told although its EXIF thumbnail has an end of its own', async () => {
    const thumbnail = await picture(16, 12).jpeg().toBuffer();
    expect(thumbnail.subarray(-2)).toEqual(Buffer.from([0xff, 0xd9]));
    const exif = Buffer.concat([Buffer.from('Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0', 'latin1'), thumbnail]);
    const photo = withSegment(files.jpg, 0xe1, exif);
    expect(inspectImage(photo)).toEqual(factsOf('jpg', 48, 64));
    expect(inspectImage(photo.subarray(0, photo.length - 500))).toEqual(truncated('jpg'));
    expect(inspectImage(photo.subarray(0, 6 + exif.length + 20))).toEqual(truncated('jpg'));
  });

  test('is told although another segment’s length is a lie', () => {
    const photo = withSegment(files.jpg, 0xe5, Buffer.from('abc'));
    photo.writeUInt16BE(0xffff, 4);
    expect(inspectImage(photo)).toEqual(truncated('jpg'));
  });
});

describe('a JPEG without an end marker whose picture is whole', () => {
  const withoutEnd = (jpeg: Buffer): Buffer => jpeg.subarray(0, jpeg.length - 2);
  /** A trailer as in Samsung's panoramas, with bytes that look like the start of another frame. */
  const trailer = Buffer.from([
    ...Buffer.from('SEFH'),
    0xff,
    0xc3,
    0,
    17,
    8,
    0xe6,
    0x43,
    0xb4,
    0xbc,
    3,
    1,
    2,
  ]);
  const isWhole = factsOf('jpg', 48, 64, ['end-missing']);

  test.each([
    ['colours of half the resolution', () => picture().jpeg({ chromaSubsampling: '4:2:0' })],
    ['colours of full resolution', () => picture().jpeg({ chromaSubsampling: '4:4:4' })],
    ['grey', () => picture().greyscale().jpeg()],
    ['CMYK', () => picture().toColourspace('cmyk').jpeg()],
    ['tables of its own', () => picture().jpeg({ optimiseCoding: true, quantisationTable: 3 })],
    ['sides that are no whole blocks', () => picture(61, 43).jpeg()],
  ])('of %s is known, with a trailer and without; cut, it is not', async (_, make) => {
    const jpeg = withoutEnd(await make().toBuffer());
    for (const end of [Buffer.alloc(0), trailer, Buffer.alloc(40)]) {
      const facts = inspectImage(Buffer.concat([jpeg, end]));
      expect(facts).toMatchObject({ ok: true, value: { format: 'jpg' } });
      if (facts.ok) expect(facts.value.notices).toContain('end-missing');
    }
    // Data after the picture must not be read as part of it.
    for (const end of [Buffer.alloc(0), trailer.subarray(4)])
      expect(inspectImage(Buffer.concat([jpeg.subarray(0, -3), end]))).toEqual(truncated('jpg'));
  });

  test('is as large as its own frame says, and not as its trailer seems to say', () => {
    expect(inspectImage(Buffer.concat([withoutEnd(files.jpg), trailer]))).toEqual(isWhole);
  });

  test('with several scans cannot be told from a cut one, and is refused: Pillow does not open it either', () => {
    expect(inspectImage(Buffer.concat([withoutEnd(progressive), trailer]))).toEqual(truncated('jpg'));
  });
});

describe('a GIF whose end is odd and whose first frame is whole', () => {
  const withoutTrailer = files.gif.subarray(0, -1);
  test.each([
    ['nothing', []],
    ['a zero in front of the trailer', [0, 0x3b]],
    ['another byte in front of the trailer', [0x55, 0x3b]],
    ['half of a second frame', [0x2c, 0, 0, 0, 0, 8, 0, 8, 0, 0, 2, 9, 1, 2]],
  ])('with %s at its end is known', (_, end) => {
    const gif = Buffer.concat([withoutTrailer, Buffer.from(end)]);
    expect(inspectImage(gif)).toEqual(factsOf('gif', 48, 64, ['end-missing']));
  });
});

test('stray bytes before the first frame of a GIF are passed over', () => {
  const rest = 13 + 3 * 2 ** (((files.gif[10] ?? 0) & 7) + 1);
  const strewn = Buffer.concat([
    files.gif.subarray(0, rest),
    Buffer.from([0, 0x55]),
    files.gif.subarray(rest),
  ]);
  expect(inspectImage(strewn)).toEqual(factsOf('gif', 48, 64));
});

describe('a PNG without its end', () => {
  const data = deflateSync(Buffer.alloc(48 * (1 + 64 * 3)), { level: 0 });
  /** The header of a whole one, and its pixels in pieces. */
  const pieces = [
    files.png.subarray(0, 33),
    ...Array.from({ length: 4 }, (_, i) =>
      pngChunk('IDAT', data.subarray((i * data.length) / 4, ((i + 1) * data.length) / 4)),
    ),
  ];
  const isCut = async (bytes: Buffer): Promise<boolean | undefined> =>
    (await storedImage('png', bytes)).isCut;

  test.each([0, 1, 4, 11])('is whole with all rows, with %i bytes of the end', async (count) => {
    const png = Buffer.concat([...pieces, pngChunk('IEND', Buffer.alloc(0)).subarray(0, count)]);
    expect(inspectImage(png)).toEqual(factsOf('png', 48, 64, ['end-missing']));
    const { parts, isCut: isMissing } = await storedImage('png', png);
    expect(isMissing).toBe(false);
    expect((await sharp(Buffer.concat(parts)).raw().toBuffer()).length).toBe(48 * 64 * 3);
  });

  test('is cut where rows are missing, though its last piece is whole', async () => {
    expect(await isCut(Buffer.concat(pieces.slice(0, -1)))).toBe(true);
    expect(await isCut(files.png)).toBe(false);
  });
});

describe('a kind that few programs decode is told by its name', () => {
  const withFrame = (marker: number, precision = 8): Buffer => {
    const jpeg = Buffer.from(files.jpg);
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg[at + 1] = marker;
    jpeg[at + 4] = precision;
    return jpeg;
  };
  test.each([
    ['12-bit JPEG', withFrame(0xc1, 12)],
    ['lossless JPEG', withFrame(0xc3)],
    ['hierarchical JPEG', withFrame(0xc5)],
    ['arithmetic JPEG', withFrame(0xc9)],
    ['JPEG-LS', withFrame(0xf7)],
    [
      'Apple’s app PNG',
      Buffer.concat([files.png.subarray(0, 8), pngChunk('CgBI', Buffer.alloc(4)), files.png.subarray(8)]),
    ],
  ])('%s', (variant, bytes) => {
    const facts = inspectImage(bytes);
    if (!facts.ok) throw new Error(JSON.stringify(facts.error));
    expect(facts.value).toMatchObject({ variant });
    const failure = undecodable(facts.value);
    expect(failure).toEqual({ code: 'unsupported-image', format: variant });
    // Called as people write it.
    expect(describeFailure(failure)).toMatch(
      /^(Apple’s app PNG|12-bit JPEG|JPEG-LS|[A-Z][a-z]+ JPEG) images /,
    );
  });

  test('what has no name of its own is damaged where it cannot be decoded', () => {
    for (const precision of [8, 37]) {
      const facts = inspectImage(withFrame(0xc1, precision));
      expect(facts.ok && undecodable(facts.value)).toEqual({
        code: 'damaged-image',
        format: 'jpg',
        problem: 'undecodable',
      });
    }
  });
});

describe('a photograph whose metadata is askew is a photograph', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])(
    'EXIF with more entries than bytes, %i of them over',
    (extra) => {
      const exif = Buffer.concat([
        Buffer.from('Exif\0\0MM\0*\0\0\0\x08\xff\xff', 'latin1'),
        Buffer.alloc(24 + extra, 1),
      ]);
      // Not a Buffer, whose memory is larger than the file; in a browser the memory ends with the file.
      const bytes = Uint8Array.from(withSegment(files.jpg, 0xe1, exif));
      expect(inspectImage(bytes)).toEqual(factsOf('jpg', 48, 64));
    },
  );

  test('bytes between the segments of a JPEG', () => {
    const strewn = Buffer.concat([
      files.jpg.subarray(0, 2),
      Buffer.from([0, 0, 0xff]),
      files.jpg.subarray(2),
    ]);
    expect(inspectImage(strewn)).toEqual(factsOf('jpg', 48, 64));
  });
});

describe('what happens to a photograph on the way in is told', () => {
  const notices = (bytes: Uint8Array): readonly string[] => {
    const facts = inspectImage(bytes);
    return facts.ok ? facts.value.notices : [JSON.stringify(facts.error)];
  };

  test('a JPEG in CMYK', async () => {
    expect(notices(await picture().toColourspace('cmyk').jpeg().toBuffer())).toEqual(['cmyk-converted']);
  });

  test('a JPEG in grey, and one in colour, have nothing to tell', async () => {
    expect(notices(await picture().greyscale().jpeg().toBuffer())).toEqual([]);
    expect(notices(files.jpg)).toEqual([]);
  });

  test('a PNG of 16 bits', async () => {
    expect(notices(await picture().toColourspace('rgb16').png().toBuffer())).toEqual(['sixteen-bit-reduced']);
  });

  test('a GIF that moves', async () => {
    expect(notices(await (await animation()).gif().toBuffer())).toEqual(['animation-first-frame']);
  });

  test('a WebP that moves', async () => {
    expect(notices(await (await animation()).webp().toBuffer())).toEqual(['animation-first-frame']);
  });

  test('a WebP with an extended header that does not move', async () => {
    expect(notices(await picture().ensureAlpha(0.5).webp().toBuffer())).toEqual([]);
  });

  test.each([
    [1, []],
    [2, ['animation-first-frame']],
  ])('a PNG of %i frames', (frames, expected) => {
    const control = Buffer.alloc(8);
    control.writeUInt32BE(frames);
    const moving = withPngChunk(files.png, 'acTL', control);
    expect(notices(moving)).toEqual(expected);
  });
});

describe('a size that cannot be used', () => {
  const tooLarge = (height: number, width: number): object =>
    failing({ code: 'image-too-large', size: { height, width }, limitMegapixels: 100, limitSidePx: 16_384 });
  const tooSmall = (height: number, width: number): object =>
    failing({ code: 'image-too-small', size: { height, width }, minSidePx: 8 });

  test.each([
    [20_000, 20_000, tooLarge(20_000, 20_000)],
    [4_294_967_295, 4_294_967_295, tooLarge(4_294_967_295, 4_294_967_295)],
    [10_000, 10_001, tooLarge(10_001, 10_000)],
    [10_000, 10_000, factsOf('png', 10_000, 10_000)],
    [16_385, 10, tooLarge(10, 16_385)],
    [16_384, 10, factsOf('png', 10, 16_384)],
    [1, 1, tooSmall(1, 1)],
    [0, 0, failing({ code: 'damaged-image', format: 'png', problem: 'undecodable' })],
    [0, 10, failing({ code: 'damaged-image', format: 'png', problem: 'undecodable' })],
    [7, 100, tooSmall(100, 7)],
    [8, 8, factsOf('png', 8, 8)],
  ])('is judged by the header alone: %i × %i', (width, height, expected) => {
    expect(inspectImage(makePngHeader(width, height))).toEqual(expected);
  });

  test('comes before the question whether the file is whole', () => {
    expect(inspectImage(makePngHeader(20_000, 20_000).subarray(0, 50))).toEqual(tooLarge(20_000, 20_000));
  });
});

describe('what is no photograph', () => {
  const random = seededRandom(7);
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>';
  const brands = (...names: string[]): Buffer => {
    const box = Buffer.concat([
      Buffer.alloc(4),
      Buffer.from(`ftyp${names[0]}\0\0\0\0${names.slice(1).join('')}`),
    ]);
    box.writeUInt32BE(box.length);
    return Buffer.concat([box, Buffer.alloc(200, 3)]);
  };
  const psd = Buffer.alloc(40);
  psd.write('8BPS\0\x01');
  psd.writeUInt32BE(30, 14);
  psd.writeUInt32BE(20, 18);

  const isNone: Failure = { code: 'not-an-image' };
  const isOther = (what: string): Failure => ({ code: 'not-an-image', what });
  const isVector: Failure = { code: 'vector-image' };
  const isUnsupported = (format: string): Failure => ({ code: 'unsupported-image', format });

  test.each<[string, Uint8Array | string, Failure]>([
    ['nothing', '', { code: 'empty-file' }],
    ['one byte', 'x', isNone],
    ['a text', 'Dear reader, this is a text and no photograph.', isNone],
    ['a text about cars', 'BMW builds cars in Munich, and motorcycles in Berlin since 1969.', isNone],
    ['a text that begins like a bitmap of letters', 'P3 is a class in our school, and P4 another.', isNone],
    ['a PDF', '%PDF-1.7\n%âãÏÓ\n1 0 obj\n<< /Type /Catalog >>\nendobj\n', isOther('a PDF document')],
    ['a web page', '<!doctype html><html><body>A page</body></html>', isOther('a web page')],
    [
      'a web page with a drawing in it',
      `<!doctype html><html><body>${svg}</body></html>`,
      isOther('a web page'),
    ],
    ['a zip', 'PK\x03\x04\x14\0\0\0\x08\0 and its files', isOther('a zip archive')],
    ['a film', brands('isom', 'iso2', 'avc1', 'mp41'), isOther('a film')],
    ['zeros, as broken downloads hold them', new Uint8Array(5000), isNone],
    ['chance', Uint8Array.from({ length: 5000 }, () => random.below(256)), isNone],
    ['an SVG drawing', svg, isVector],
    ['an SVG drawing without a size', '<svg><path d="M0 0h9"/></svg>', isVector],
    [
      'an SVG drawing behind a declaration, a comment and a type',
      `\uFEFF<?xml version="1.0"?>\n<!-- ${'-'.repeat(3000)} -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">\n${svg}`,
      isVector,
    ],
    ['another XML', `<?xml version="1.0"?><note>${svg}</note>`, isOther('an XML document')],
    ['an XML declaration without an end', `<?xml ${svg}`, isOther('an XML document')],
    ['an OpenEXR picture', 'v/1\x01 and so on', isUnsupported('exr')],
    ['a TIFF', tiff, isUnsupported('tiff')],
    ['half a TIFF', tiff.subarray(0, 20), isUnsupported('tiff')],
    [
      'a small preview in front of a camera’s raw data',
      withNext(withTag(tiff, 0x00fe, 1)),
      isUnsupported('camera raw'),
    ],
    ['a small version that is alone in its file', withTag(tiff, 0x00fe, 1), isUnsupported('tiff')],
    ['a second page behind the photograph', withNext(tiff), isUnsupported('tiff')],
    [
      'a BigTIFF',
      Uint8Array.of(0x49, 0x49, 43, 0, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0),
      isUnsupported('tiff'),
    ],
    ['a sensor’s own values', withTag(tiff, 0x0106, 32_803), isUnsupported('camera raw')],
    ['an iPhone’s HEIC', brands('heic', 'mif1', 'heic'), isUnsupported('heic')],
    ['a HEIC of another name', brands('mif1', 'heix'), isUnsupported('heic')],
    ['an AVIF that moves', brands('avis', 'avif', 'msf1'), isUnsupported('animated AVIF')],
    ['a Photoshop file', psd, isUnsupported('psd')],
    ['a JPEG XL', Uint8Array.of(0xff, 0x0a, 0x7f, 0, 0, 0, 0, 0, 0, 0), isUnsupported('jxl')],
    [
      'a PNG that went through a text converter',
      Buffer.concat([Buffer.from('\x89PNG\n\x1a\n', 'latin1'), files.png.subarray(8)]),
      { code: 'damaged-image', format: 'png', problem: 'truncated' },
    ],
    [
      'a JPEG without a frame',
      Uint8Array.of(0xff, 0xd8, 0xff, 0xd9),
      { code: 'damaged-image', format: 'jpg', problem: 'undecodable' },
    ],
  ])('%s', (_, content, error) => {
    expect(inspectImage(Buffer.from(content as Uint8Array))).toEqual(failing(error));
  });
});

test.each([...Object.entries(files), ['bmp', makeBmp(20, 30)] as const])(
  'a thousand %s files with damaged headers end in facts or in a failure',
  (format, bytes) => {
    const random = seededRandom(format.length);
    const codes = new Map<string, number>();
    for (let run = 0; run < 1000; run++) {
      const head = damage(bytes.subarray(0, 160), random);
      const damaged = Buffer.concat([head, bytes.subarray(160)]);
      const result = inspectImage(damaged);
      if (result.ok) {
        const { height, width } = result.value.storedSizePx;
        if (!(height >= 8 && width >= 8 && height * width <= 1e8))
          expect.unreachable(`run ${run}: ${width} × ${height}`);
      }
      const code = result.ok ? 'facts' : result.error.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(codes.get('facts')).toBeGreaterThan(50);
    expect(1000 - (codes.get('facts') ?? 0)).toBeGreaterThan(50);
  },
);

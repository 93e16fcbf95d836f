import { type CatalogueEntry, wholeArchitecture } from '../src/catalogue/parse-catalogue.ts';
import { elementCount, parameterShapes } from '../src/core/architecture.ts';
import { encodeFloat16 } from '../src/core/float16.ts';
import { safetensorsBytes } from '../src/testing/make-safetensors.ts';
import { seededRandom } from '../src/core/seeded-random.ts';

/** A prime number, so that no two rows of a matrix are equal. */
const chanceCount = 65_537;

/**
 * A file with all parameters of a published network, since the page checks them by the model's name. The values are random and
 * stored as float16 to keep the file small. Heads of 32 to 64 channels still look at some patches more than at others.
 */
export function publishedCheckpoint({ architecture }: CatalogueEntry, prefix: string): Buffer {
  const random = seededRandom(7);
  const chance = encodeFloat16(
    Float32Array.from({ length: chanceCount }, () => random.below(2001) / 1e4 - 0.1),
  );
  const header: Record<string, unknown> = {};
  const pieces: Buffer[] = [];
  let offset = 0;
  for (const [name, shape] of parameterShapes(wholeArchitecture(architecture))) {
    const isGain = /norm\d?\.weight$/.test(name);
    const source = isGain ? encodeFloat16(Float32Array.of(1)) : chance;
    const piece = Buffer.alloc(2 * elementCount(shape), source);
    header[prefix + name] = { dtype: 'F16', shape, data_offsets: [offset, offset + piece.length] };
    offset += piece.length;
    pieces.push(piece);
  }
  return Buffer.from(safetensorsBytes(JSON.stringify(header), Buffer.concat(pieces)).buffer);
}

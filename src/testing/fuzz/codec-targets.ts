/**
 * Fuzz targets for parameters as text, as the address, the browser's storage and the command line hold them: those of
 * every lens and the shared ones.
 */
import type { Codec } from '../../core/codec.ts';
import type { SeededRandom } from '../../core/seeded-random.ts';
import { contractOf, lensIds } from '../../lenses/contracts.ts';
import { sharedDrawing } from '../../render/shared-drawing.ts';
import { damageText, type NonEmpty } from './damages.ts';
import type { FuzzTarget } from './fuzz-target.ts';

/** Texts that at least one field accepts, and texts that no field accepts. */
const texts: NonEmpty<string> = [
  'on', 'off', 'last', 'all', 'mean', 'max', 'mask', 'heat', 'inferno', '0', '1', '2', '60', '75', '99', '100', '1000',
  '-1', '-0', '0.5', '1e2', '1e309', '0x10', ' 5', '5 ', 'NaN', '', '1,2,3', '3,7', '0,0', '9999,9999', '1,', ',1',
  '1,1,1', '٣', '__proto__', 'constructor', 'true', 'null', '1'.repeat(400),
]; // prettier-ignore

/** @returns a query string in which the fields have some of these texts; sometimes a letter or two is damaged */
function randomQuery(codec: Codec<object>, random: SeededRandom): string {
  const query = new URLSearchParams();
  const fields = Object.entries(codec.fields as Readonly<Record<string, { write(value: unknown): string }>>);
  for (const [name, field] of fields) {
    const usual = field.write((codec.defaults as Readonly<Record<string, unknown>>)[name]);
    if (random.below(3) > 0) query.append(name, random.below(3) === 0 ? usual : random.pick(texts));
  }
  const text = query.toString();
  return random.below(2) === 0 ? text : damageText(text, random);
}

function readQuery(codec: Codec<object>, random: SeededRandom): boolean {
  const given = Object.fromEntries(new URLSearchParams(randomQuery(codec, random)));
  const read = codec.read(given);
  const lenient = codec.readLeniently(random.below(10) === 0 ? [given] : given);
  for (const params of read.ok ? [read.value, lenient] : [lenient]) {
    // Parameters that were read must give the same result after being written and read again.
    const again = codec.read(codec.write(params));
    if (!again.ok) throw new Error(`${JSON.stringify(params)} is written, and then refused: ${again.error}`);
    if (JSON.stringify(again.value) !== JSON.stringify(params))
      throw new Error(`${JSON.stringify(params)} comes back as ${JSON.stringify(again.value)}`);
  }
  return read.ok;
}

export const codecTargets = (): readonly FuzzTarget[] => {
  const codecs: (readonly [string, Codec<object>])[] = lensIds.flatMap((id) => {
    const { params, drawing } = contractOf(id);
    return [[`${id}, what is computed`, params] as const, [`${id}, what is drawn`, drawing] as const];
  });
  codecs.push(['what every lens draws', sharedDrawing as unknown as Codec<object>]);
  return codecs.map(([name, codec]): FuzzTarget => ({
    name: `parameters of ${name}`,
    run: (random) => readQuery(codec, random),
  }));
};

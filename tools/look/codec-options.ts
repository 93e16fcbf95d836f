/** Parameters of a codec as options of a command. */
import type { Codec, Field, Fields } from '../../src/core/codec.ts';
import { stopWithWrong } from '../stop-with.ts';

/** Options for `parseArgs`, one for each field. */
export const optionsOf = (
  ...codecs: readonly { readonly fields: object }[]
): Record<string, { readonly type: 'string' }> =>
  Object.fromEntries(
    codecs.flatMap(({ fields }) => Object.keys(fields)).map((name) => [name, { type: 'string' } as const]),
  );

const isSwitch = (field: unknown): boolean => (field as Field<unknown>).form === 'on|off';

/** @returns the arguments, with "on" for a switch that was given without a word: --together a.jpg b.jpg */
export function withBareSwitches(
  args: readonly string[],
  ...codecs: readonly { readonly fields: object }[]
): string[] {
  const switches = new Set(
    codecs.flatMap(({ fields }) =>
      Object.entries(fields).flatMap(([name, field]) => (isSwitch(field) ? [`--${name}`] : [])),
    ),
  );
  return args.map((arg, at) =>
    switches.has(arg) && !['on', 'off'].includes(args[at + 1] ?? '') ? `${arg}=on` : arg,
  );
}

/** @returns the lines of a usage */
export const describeFields = (fields: Fields<object>): string =>
  Object.entries(fields as Fields<Record<string, unknown>>)
    .map(([name, { form, help, defaultValue, write }]) => {
      const usually = write(defaultValue);
      return `  --${name} ${isSwitch({ form }) ? `[${form}]` : `<${form}>`}\n${' '.repeat(21)}${help}${usually === '' ? '' : ` (default: ${usually})`}`;
    })
    .join('\n');

/** What was given of a codec's fields; ends the command where a value is wrong. */
export function readFields<P>(codec: Codec<P>, options: object): P {
  const given = options as Readonly<Record<string, unknown>>;
  const texts = Object.fromEntries(
    Object.keys(codec.fields as object).flatMap((name) => {
      const text = given[name];
      return typeof text === 'string' ? [[name, text]] : [];
    }),
  );
  const read = codec.read(texts);
  return read.ok ? read.value : stopWithWrong(`--${read.error}`);
}

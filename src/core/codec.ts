/**
 * Parameters as text: in the page's address, in what the browser remembers, on the command line. A codec says, in one
 * place, which values a parameter may have, its default, and what it means.
 */
import { fail, succeed, type Result } from './result.ts';

/** One parameter. */
export interface Field<T> {
  /** The default. */
  readonly defaultValue: T;
  /** The values that are allowed, as the command line's help shows them: `<n>`, `mean|max|min`. */
  readonly form: string;
  /** What it means, in one line. */
  readonly help: string;
  /** @returns null where the text is not an allowed value */
  read(text: string): T | null;
  write(value: T): string;
}

export type Fields<P> = { readonly [K in keyof P]-?: Field<P[K]> };

/** Parameters by name, as text. */
export type Texts = Readonly<Record<string, string>>;

export interface Codec<P> {
  readonly fields: Fields<P>;
  readonly defaults: P;
  /** @returns the parameters, with defaults for those that are not given; or a sentence that says what is wrong */
  read(texts: Texts): Result<P, string>;
  /**
   * As `read`, but a value that cannot be read becomes the default: the text may be typed, or from another version.
   */
  readLeniently(texts: unknown): P;
  /** @returns what differs from the defaults */
  write(params: P): Texts;
}

export function defineCodec<P extends object>(fields: Fields<P>): Codec<P> {
  const names = Object.keys(fields) as (keyof P & string)[];
  const collect = (valueOf: <K extends keyof P & string>(name: K) => P[K]): P =>
    Object.fromEntries(names.map((name) => [name, valueOf(name)])) as P;
  const defaults = collect((name) => fields[name].defaultValue);
  return {
    fields,
    defaults,

    read(texts) {
      let problem: string | null = null;
      const params = collect((name) => {
        const text = texts[name];
        if (text === undefined) return defaults[name];
        const value = fields[name].read(text);
        if (value !== null) return value;
        problem ??= `${name} ${text} is not ${fields[name].form}.`;
        return defaults[name];
      });
      return problem === null ? succeed(params) : fail(problem);
    },

    readLeniently(texts) {
      const known: Readonly<Record<string, unknown>> =
        typeof texts === 'object' && texts !== null ? { ...texts } : {};
      return collect((name) => {
        const text = known[name];
        return (typeof text === 'string' ? fields[name].read(text) : null) ?? defaults[name];
      });
    },

    write: (params) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const text = fields[name].write(params[name]);
          return text === fields[name].write(defaults[name]) ? [] : [[name, text]];
        }),
      ),
  };
}

interface About {
  readonly help: string;
}

export function oneOf<const T extends string>(
  choices: readonly [T, ...T[]],
  { help, defaultValue = choices[0] }: About & { readonly defaultValue?: NoInfer<T> },
): Field<T> {
  return {
    defaultValue,
    form: choices.join('|'),
    help,
    read: (text) => choices.find((choice) => choice === text) ?? null,
    write: (value) => value,
  };
}

interface NumberAbout extends About {
  readonly defaultValue: number;
  readonly min: number;
  readonly max: number;
}

const readNumber = (text: string, min: number, max: number): number | null => {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return value >= min && value <= max ? value : null;
};

export const wholeNumber = ({ help, defaultValue, min, max }: NumberAbout): Field<number> => ({
  defaultValue,
  form: `a whole number from ${min} to ${max}`,
  help,
  read: (text) => {
    const value = readNumber(text, min, max);
    return value !== null && Number.isInteger(value) ? value : null;
  },
  write: String,
});

export const realNumber = ({ help, defaultValue, min, max }: NumberAbout): Field<number> => ({
  defaultValue,
  form: `a number from ${min} to ${max}`,
  help,
  read: (text) => readNumber(text, min, max),
  write: String,
});

export const onOrOff = ({
  help,
  defaultValue,
}: About & { readonly defaultValue: boolean }): Field<boolean> => ({
  defaultValue,
  form: 'on|off',
  help,
  read: (text) => (text === 'on' ? true : text === 'off' ? false : null),
  write: (value) => (value ? 'on' : 'off'),
});

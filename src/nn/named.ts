import { checkOptions, OptionError, shown, unknownName } from '../runtime/errors.ts';

/** Plain data that names a function of the library, with its options; it can be saved and rebuilds the function. */
export type Named = Readonly<{ name: string } & Record<string, unknown>>;

/** A function that knows what rebuilds it. */
export interface Configured {
  readonly config?: Named;
}

// biome-ignore lint/suspicious/noExplicitAny: each entry knows its own options
export type Table<F> = Readonly<Record<string, (options?: any) => F>>;

type AnyFunction = (...args: never[]) => unknown;

/** `body` with the configuration that rebuilds it. */
export function named<F extends AnyFunction>(
  name: string,
  options: object,
  body: F,
): F & { readonly config: Named } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.defineProperty(body, 'config', {
    value: { name, ...Object.fromEntries(given) },
    enumerable: true,
  }) as F & { readonly config: Named };
}

/** The function meant by a name, a configuration, an entry of the table, or itself. */
export function find<F>(what: string, given: string | Named | F, table: Table<F>): F {
  if (typeof given === 'function') {
    const entry = Object.values(table).find((make) => (make as unknown) === given);
    return entry ? entry() : (given as F);
  }
  const { name, ...options } =
    typeof given === 'object' && given !== null ? (given as Named) : { name: given as string };
  const make = Object.hasOwn(table, name) ? table[name] : undefined;
  return make ? make(options) : unknownName(what, name, Object.keys(table));
}

/** Throws unless `value` is of the type. */
export function checkType(what: string, value: unknown, type: 'boolean' | 'string'): void {
  if (typeof value !== type)
    throw new OptionError(`${what} is ${shown(value)}, expected a ${type}`);
}

/** `given` completed by defaults; throws on options that are not among them, and unless a yes or no is one. */
export function withDefaults<Options extends object>(
  what: string,
  given: object,
  defaults: Options,
): Options {
  checkOptions(what, given, Object.keys(defaults));
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [key, value] of set)
    if (typeof defaults[key as keyof Options] === 'boolean')
      checkType(`${what}: ${key}`, value, 'boolean');
  return { ...defaults, ...Object.fromEntries(set) };
}

/** `value` as plain data: functions of the library become their configuration. */
export function toPlain(what: string, value: unknown): unknown {
  if (typeof value === 'function') {
    const { config } = value as Configured;
    if (config) return toPlain(what, config);
    throw new OptionError(
      `${what} is a function of your own, which cannot be saved; expected a name`,
    );
  }
  if (Array.isArray(value)) return value.map((v, i) => toPlain(`${what}[${i}]`, v));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]) =>
      v === undefined ? [] : [[k, toPlain(`${what}: ${k}`, v)]],
    ),
  );
}

/** What stands in errors for a layer under construction. */
export function layerTitle(type: string, options: { readonly name?: string } | null): string {
  return options?.name ? `${type} "${options.name}"` : type;
}

interface Bounds {
  readonly above?: number;
  readonly from?: number;
  readonly below?: number;
  readonly to?: number;
}

/** Throws unless `value` is a number in the range. */
export function checkNumber(
  what: string,
  value: number,
  { above, from, below, to }: Bounds = {},
): number {
  const fits =
    Number.isFinite(value) &&
    (above === undefined || value > above) &&
    (from === undefined || value >= from) &&
    (below === undefined || value < below) &&
    (to === undefined || value <= to);
  if (fits) return value;
  const bounds = [
    above === undefined ? '' : ` > ${above}`,
    from === undefined ? '' : ` ≥ ${from}`,
    below === undefined ? '' : ` < ${below}`,
    to === undefined ? '' : ` ≤ ${to}`,
  ].filter(Boolean);
  throw new OptionError(`${what} is ${shown(value)}, expected a number${bounds.join(' and')}`);
}

/** Throws unless `value` is a whole number of at least `from`. */
export function checkCount(what: string, value: number, from = 1): number {
  if (Number.isSafeInteger(value) && value >= from) return value;
  throw new OptionError(`${what} is ${shown(value)}, expected a whole number ≥ ${from}`);
}

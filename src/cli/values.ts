import { nearest, WasmgradError } from '../runtime/errors.ts';
import type { OptionValues } from './command.ts';

/** A command line that cannot be run: exit code 2. */
export class UsageError extends WasmgradError {}

export function textValue(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  if (value === '') throw new UsageError(`--${name}: its value is empty`);
  return value === undefined ? undefined : String(value);
}

export interface Limits {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly below?: number;
  readonly whole?: boolean;
}

/** The number after `--name`, checked; undefined when it was not given. */
export function numberValue(
  values: OptionValues,
  name: string,
  limits: Limits = {},
): number | undefined {
  const text = textValue(values, name);
  if (text === undefined) return undefined;
  const x = text.trim() === '' ? Number.NaN : Number(text);
  const { from = -Infinity, above = -Infinity, to = Infinity, below = Infinity, whole } = limits;
  const inside = Number.isFinite(x) && x >= from && x > above && x <= to && x < below;
  if (inside && (!whole || Number.isSafeInteger(x))) return x;
  throw new UsageError(`--${name} ${text}: expected ${inWords(limits)}`);
}

function inWords({ from, above, to, below, whole }: Limits): string {
  const bounds = [
    ...(from === undefined ? [] : [`at least ${from}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(to === undefined ? [] : [`at most ${to}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  const kind = whole ? 'a whole number' : 'a number';
  return bounds.length ? `${kind}, ${bounds.join(', ')}` : kind;
}

/** The word after `--name`, which must be one of `known`. */
export function choiceValue<T extends string>(
  values: OptionValues,
  name: string,
  known: readonly T[],
): T | undefined {
  const text = textValue(values, name);
  if (text === undefined) return undefined;
  return known.includes(text as T) ? (text as T) : unknown(`--${name}`, text, known);
}

/** Throws that `given` is not among `known`, with the nearest one. */
export function unknown(what: string, given: string, known: readonly string[]): never {
  const near = nearest(given, known);
  const hint = near ? `; did you mean "${near}"?` : '.';
  throw new UsageError(`unknown ${what} "${given}"${hint} Known: ${known.join(', ')}`);
}

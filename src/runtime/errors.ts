/** All errors that the library throws on purpose. */
export class WasmgradError extends Error {
  /** Spelt out, since minifiers rename classes. */
  override name = 'WasmgradError';
}

/** Shapes that do not fit; names the layer or op, what was given and what was expected. */
export class ShapeError extends WasmgradError {
  override name = 'ShapeError';
}
/** A tensor or array of the wrong type. */
export class TypeMismatchError extends WasmgradError {
  override name = 'TypeMismatchError';
}
/** An option or argument outside what is allowed. */
export class OptionError extends WasmgradError {
  override name = 'OptionError';
}
/** Data that cannot be used: NaN, labels out of range, lengths that differ. */
export class DataError extends WasmgradError {
  override name = 'DataError';
}
/** The memory cannot hold what was asked for. */
export class MemoryError extends WasmgradError {
  override name = 'MemoryError';
}
/** The engine broke: a thread died, WebAssembly is blocked. */
export class EngineError extends WasmgradError {
  override name = 'EngineError';
}
/** Use after `dispose`. */
export class DisposedError extends WasmgradError {
  override name = 'DisposedError';
}
/** Not possible now: `predictSync` on a model that is training, `fit` before `compile`. */
export class StateError extends WasmgradError {
  override name = 'StateError';
}

/** The known name nearest to `name` by edit distance, for "did you mean". */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const scored = known.map((k) => ({ k, d: distance(lower, k.toLowerCase()) }));
  scored.sort((a, b) => a.d - b.d);
  const best = scored[0];
  return best && best.d <= Math.max(2, name.length / 2) ? best.k : undefined;
}

/** Throws that `what` is unknown, with the nearest known name and all of them. */
export function unknownName(what: string, name: unknown, known: readonly string[]): never {
  const near = typeof name === 'string' ? nearest(name, known) : undefined;
  const hint = near ? `; did you mean "${near}"?` : '.';
  throw new OptionError(
    `unknown ${what} ${shown(name)}${hint} Known: ${known.join(', ') || 'none'}`,
  );
}

/** Throws unless `given` is an object of known options. */
export function checkOptions(what: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new OptionError(`${what}: options are ${shown(given)}, expected an object`);
  for (const key of Object.keys(given))
    if (!known.includes(key)) unknownName(`option of ${what}`, key, known);
}

/** A value of the wrong kind, as errors show it: words in quotes, numbers as they are, and of others what they are. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${short(value)}"`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `[${short(value.slice(0, MOST).join())}]`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Characters of a value that an error shows. */
const MOST = 80;

function short(text: string): string {
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  const { message } = Object(error) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}

/** Texts that stand for a missing value where nobody says otherwise, in any case: those of pandas, Excel and SQL, and dashes. */
const MISSING = new Set(
  [
    ['', '?', '.', '-', '--', '–', '—', 'na', 'n/a', 'n.a.', '<na>', 'nan', '-nan'],
    ['null', '(null)', 'none', '\\n', '#n/a', '#na', '#n/a n/a', '#null!', '#value!'],
    ['#ref!', '#div/0!', '#num!', '#name?'],
  ].flat(),
);
const LONGEST = 8;

/** Whether a cell stands for a value that is not there. */
export type Missing = (cell: string) => boolean;

/** By the usual texts: empty, NA, N/A, #N/A, NaN, null, None, ?, - and others. */
export function isMissing(cell: string): boolean {
  return cell.length <= LONGEST && MISSING.has(cell.toLowerCase());
}

/** By the usual texts and the given ones, which must be met exactly; an empty list: by the empty text alone. */
export function missingBy(texts: readonly string[] | undefined): Missing {
  if (!texts) return isMissing;
  const given = oneOf(texts);
  return texts.length ? (cell) => isMissing(cell) || given(cell) : given;
}

/** By the given texts, and the empty one. */
export function oneOf(texts: readonly string[]): Missing {
  const known = new Set(['', ...texts]);
  return (cell) => known.has(cell);
}

/** The number in a cell; NaN if it is none. */
export function numberIn(cell: string): number {
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isFinite(value) && !/^[+-]?0[xob]/i.test(cell) ? value : Number.NaN;
}

/**
 * How a class is called that a cell of numbers stands for, so that 1, 1.0 and 01 are one; undefined where there is none, and for
 * whole numbers that f64 cannot tell apart.
 */
export function classOf(cell: string): string | undefined {
  const value = numberIn(cell);
  return Number.isNaN(value) || !isExact(value) ? undefined : String(value);
}

/** Whether no other whole number is the same in f64. */
export function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

/** The different words in a cell, in small letters. */
export function wordsOf(cell: string): Set<string> {
  return new Set(cell.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

const MISSING = new Set(['', 'na', 'n/a', 'nan', '?', 'null']);

/** Whether a cell stands for a value that is not there: empty, NA, N/A, NaN, ? or null. */
export function isMissing(cell: string): boolean {
  return cell.length < 5 && MISSING.has(cell.toLowerCase());
}

/** The number in a cell; NaN if it is none. */
export function numberIn(cell: string): number {
  const value = cell === '' ? Number.NaN : Number(cell);
  return Number.isFinite(value) && !/^[+-]?0[xob]/i.test(cell) ? value : Number.NaN;
}

/** How an example ends: its targets, or what it lacks. `npm run examples` reads these lines. */

/** Says whether `value` reaches at least, or at most, what it should; without it the process ends with code 1. */
export function target(
  what: string,
  value: number,
  limit: { readonly atLeast: number } | { readonly atMost: number },
  format: (value: number) => string = String,
): void {
  const [sign, bound] = 'atLeast' in limit ? ['≥', limit.atLeast] : ['≤', limit.atMost];
  const met = sign === '≥' ? value >= bound : value <= bound;
  if (!met) process.exitCode = 1;
  const result = met ? 'reached' : 'missed';
  console.log(`target ${what} ${sign} ${format(bound)}: ${format(value)} ${result}`);
}

/** Ends the process: the example needs something that is not here. */
export function skip(why: string): never {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

export function percent(share = Number.NaN): string {
  return `${(100 * share).toFixed(2)} %`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import { median } from '../numbers.ts';
import { rounded } from '../probes.ts';
import { isTimed, type Row, type SizeRow } from '../types.ts';

/** What another checkout is called among the contestants. */
export const AGAINST = 'against';

/** The rows of this checkout with their times divided by those of the other. */
export function withRatios(rows: readonly Row[]): Row[] {
  return rows.map((row) => {
    const other = rows.find(
      (r) => r.contestant === AGAINST && r.build === row.build && r.threads === row.threads,
    );
    if (!other || row.contestant !== 'wasmgrad') return row;
    return {
      ...row,
      times_against: rounded(row.median_ms / other.median_ms),
      times_against_min: rounded(row.min_ms / other.min_ms),
    };
  });
}

/** A line for each build and number of threads: the middle ratio of the cases, and the worst. */
export function formatRatios(all: readonly (Row | SizeRow)[]): string {
  const rows = all.filter((r): r is Row => isTimed(r) && r.times_against !== undefined);
  const variants = Map.groupBy(rows, (r) => `${r.build} ×${r.threads}`);
  return [...variants]
    .map(([variant, own]) => {
      const of = (key: 'times_against' | 'times_against_min') => {
        const ratios = own.map((r) => [r[key] as number, r.case] as const);
        const [most, where] = ratios.reduce((a, b) => (b[0] > a[0] ? b : a));
        return `${median(ratios.map(([x]) => x)).toFixed(3)} (at most ${most.toFixed(3)}, ${where})`;
      };
      return `${variant.padEnd(10)} ${of('times_against')}, least times ${of('times_against_min')}`;
    })
    .join('\n');
}

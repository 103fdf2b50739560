import type { Missing, Row, Variant } from './types.ts';

const COLUMNS = [
  ['case', -22],
  ['contestant', -10],
  ['build', -8],
  ['threads', 7],
  ['median', 10],
  ['least', 10],
  ['GFLOP/s', 8],
  ['GB/s', 7],
  ['of peak', 8],
  ['× limit', 8],
] as const;

function line(cells: readonly string[]): string {
  const padded = COLUMNS.map(([, width], i) => {
    const cell = cells[i] ?? '';
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return padded.join('  ').trimEnd();
}

export function head(): string {
  return [
    line(COLUMNS.map(([name]) => name)),
    line(COLUMNS.map(([, w]) => '─'.repeat(Math.abs(w)))),
  ].join('\n');
}

export function formatRow(row: Row): string {
  const { median_ms, gflops, gbps, peak_fraction, limit_ms } = row;
  const number = (x: number | undefined, digits: number) =>
    x === undefined ? '' : x.toFixed(digits);
  return line([
    row.case,
    row.contestant,
    row.build,
    `${row.threads}`,
    duration(median_ms),
    duration(row.min_ms),
    number(gflops, 2),
    number(gbps, 1),
    peak_fraction === undefined ? '' : `${(100 * peak_fraction).toFixed(1)}%`,
    number(limit_ms === undefined ? undefined : median_ms / limit_ms, 2),
  ]);
}

export function formatMissing({ contestant, build, threads, reason, ...rest }: Missing): string {
  return `${line([rest.case, contestant, build, `${threads}`])}  ${reason}`;
}

/** One point of a curve, of all its series. */
export function formatPoint(
  { name, unit }: { readonly name: string; readonly unit: string },
  x: number,
  variants: readonly Variant[],
  points: readonly (readonly (readonly [number, number])[])[],
): string {
  const cells = variants.map(({ build, threads }, i) => {
    const y = points[i]?.at(-1)?.[1] ?? Number.NaN;
    return `${build} ×${threads} ${String(y).padEnd(8)}`;
  });
  return `${name.padEnd(15)} ${String(x).padStart(6)}  ${cells.join('  ')} ${unit}`;
}

export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 1) return `${ms.toFixed(2)} ms`;
  return ms >= 1e-3 ? `${(ms * 1e3).toFixed(2)} µs` : `${(ms * 1e6).toFixed(0)} ns`;
}

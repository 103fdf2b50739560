import { AGAINST } from './trees/ratios.ts';
import { isTimed, type Missing, type Row, type SizeRow, type Variant } from './types.ts';

const COLUMNS = [
  ['case', -28],
  ['contestant', -16],
  ['build', -7],
  ['threads', 7],
  ['median', 10],
  ['least', 10],
  ['samples', 7],
  ['GFLOP/s', 8],
  ['GB/s', 7],
  ['ns/elem', 8],
  ['of peak', 8],
  ['× limit', 8],
] as const;

function line(cells: readonly string[], note = ''): string {
  const padded = COLUMNS.map(([, width], i) => {
    const cell = cells[i] ?? '';
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  const text = padded.join('  ').trimEnd();
  return note ? `${text}  ${note}` : text;
}

/** What stands above a suite's lines. */
export function head(suite: string): string {
  return [
    `\n${TITLES[suite] ?? suite}`,
    line(COLUMNS.map(([name]) => name)),
    line(COLUMNS.map(([, w]) => '─'.repeat(Math.abs(w)))),
  ].join('\n');
}

export const TITLES: Readonly<Record<string, string>> = {
  gemm: 'Matrix products (M×K×N; batched: number×M×K×N)',
  elementwise: 'Element by element',
  reduce: 'Reductions',
  vectorise: 'Explicit loops against the engine',
  train: 'Training steps',
  infer: 'Inference',
  startup: 'From process start to first result',
  size: 'Size of what is downloaded',
  growth: 'Cost as work grows',
  peak: 'SIMD peak of a thread',
};

function fixed(x: number | undefined, digits: number): string {
  return x === undefined ? '' : x.toFixed(digits);
}

export function formatRow(row: Row | SizeRow): string {
  const { contestant, build, threads, note } = row;
  const names = [row.case, contestant, build];
  if (!isTimed(row)) {
    const sizes = `${row.bytes} bytes, ${row.gzip} by gzip`;
    return line(names, note ? `${sizes}; ${note}` : sizes);
  }
  const { peak_fraction, above_ms, above_min_ms, cores_gave, as_fast, times_against } = row;
  const cells = [
    ...names,
    `${threads}`,
    duration(row.median_ms),
    duration(row.min_ms),
    `${row.samples}`,
    fixed(row.gflops, 2),
    fixed(row.gbps, 1),
    fixed(row.ns_per_element, 3),
    peak_fraction === undefined ? '' : `${(100 * peak_fraction).toFixed(1)}%`,
    fixed(row.times_limit, 2),
  ];
  const notes = [
    above_ms === undefined
      ? ''
      : `${fixed(above_ms, 1)} ms above node, least ${fixed(above_min_ms, 1)} ms`,
    times_against === undefined
      ? ''
      : `${times_against.toFixed(3)} × ${AGAINST}, least ${fixed(row.times_against_min, 3)} ×`,
    as_fast ? `${as_fast.times.toPrecision(3)} × as fast as ${as_fast.as}` : '',
    cores_gave && contestant === 'wasmgrad' ? formatCores(threads, cores_gave) : '',
    note ?? '',
  ];
  return line(cells, notes.filter(Boolean).join('; '));
}

/** What so many independent threads could give. */
export function formatCores(threads: number, gave: number): string {
  return `${threads} cores gave ${gave.toFixed(2)}×`;
}

/** Reasons why somebody has no rows, each with who and where. */
export function formatMissing(missing: readonly Missing[]): string {
  return groupMissing(missing)
    .map(({ who, reason, cases }) => `${who}: ${reason} (${cases.join(', ')})`)
    .join('\n');
}

export function groupMissing(missing: readonly Missing[]) {
  const nameOf = (m: Missing) => labelOf({ ...m, threads: 1 });
  const reasons = Map.groupBy(missing, (m) => `${nameOf(m)}\n${m.reason}`);
  return [...reasons.values()].map((all) => {
    const [first] = all as [Missing];
    return {
      who: nameOf(first),
      reason: first.reason,
      cases: [...new Set(all.map((m) => m.case))],
    };
  });
}

/** Contestant, build and threads in short. */
export function labelOf({ contestant, build, threads }: Variant & { contestant: string }): string {
  const own = build && build !== contestant && build !== 'js' ? ` ${build}` : '';
  return `${contestant}${own}${threads > 1 ? ` ×${threads}` : ''}`;
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

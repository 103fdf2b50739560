import type { Engines } from './engines.ts';
import { agreeing, type Entrant, enter } from './entrants.ts';
import type { Curve } from './growth.ts';
import { type Machine, machine } from './machine.ts';
import { measure, type Samples } from './measure.ts';
import { makeRow, Probes, rounded } from './probes.ts';
import { formatMissing, formatRow, head } from './report.ts';
import type { Case, Contestant, Missing, Row, SizeRow, Wanted, Weight } from './types.ts';

export interface BenchOptions extends Wanted {
  readonly seconds: number;
}

export interface Report {
  readonly machine: Machine;
  readonly rows: readonly (Row | SizeRow)[];
  /** What could not run or disagreed, and why. */
  readonly missing: readonly Missing[];
  /** How cost grows with work, where that was asked for. */
  readonly curves?: readonly Curve[];
}

/** Runs the cases one by one, printing each line when it is known. */
export async function bench(
  cases: readonly Case[],
  contestants: readonly Contestant[],
  engines: Engines,
  options: BenchOptions,
  print: (text: string) => void,
): Promise<Report> {
  const rows: (Row | SizeRow)[] = [];
  const missing: Missing[] = [];
  const probes = new Probes(engines);
  const tell = (row: Row | SizeRow) => {
    rows.push(row);
    print(formatRow(row));
  };
  print(head());
  for (const c of cases) {
    const run =
      c.kind === 'size'
        ? weigh(c, await enter(c, contestants, options, missing))
        : await race(c, await enter(c, contestants, options, missing), probes, options, missing);
    for (const row of run) tell(row);
  }
  for (const { c, variant, samples } of probes.peaks()) {
    tell(makeRow(c, { contestant: 'wasmgrad', ...variant }, samples));
  }
  for (const m of missing) print(formatMissing(m));
  return { machine: { ...machine(), copyGBs: probes.copyGBs }, rows, missing };
}

function weigh({ name }: Case, entrants: readonly Entrant<Weight>[]): SizeRow[] {
  return entrants.map(({ contestant, build, threads, runner }) => {
    return { suite: 'size', case: name, contestant, build, threads, ...runner };
  });
}

/** Times those who agree, in turns with what limits them. */
async function race(
  c: Case,
  entered: readonly Entrant[],
  probes: Probes,
  { seconds }: BenchOptions,
  missing: Missing[],
): Promise<Row[]> {
  const entrants = await agreeing(c, entered, missing);
  try {
    const limits = await probes.open(c, entrants);
    const runners = [...entrants, ...limits].map((e) => e.runner);
    const samples = await measure(runners, seconds * 1000, c.samples);
    const rates = probes.add(c, samples.slice(entrants.length));
    const rows = entrants.map((e, i) => {
      const row = makeRow(c, e, samples[i] as Samples, rates);
      return e.runner.note ? { ...row, note: e.runner.note } : row;
    });
    return c.baseline ? above(rows, c.baseline) : rows;
  } finally {
    for (const { runner } of entrants) runner.dispose?.();
    probes.close();
  }
}

/** The rows with what they take more than the baseline. */
function above(rows: readonly Row[], baseline: string): Row[] {
  const base = rows.find((r) => r.contestant === baseline);
  return rows.map((row) => {
    if (!base || row === base) return row;
    const above_ms = rounded(row.median_ms - base.median_ms);
    return { ...row, above_ms, above_min_ms: rounded(row.min_ms - base.min_ms) };
  });
}

import type { Engines } from './engines.ts';
import { type Entrant, enter } from './entrants.ts';
import type { Curve } from './growth.ts';
import { type Machine, machine } from './machine.ts';
import { makeRow, Probes, rounded } from './probes.ts';
import { Race } from './race.ts';
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
        : await race(c, contestants, probes, options, missing);
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

async function race(
  c: Case,
  contestants: readonly Contestant[],
  probes: Probes,
  options: BenchOptions,
  missing: Missing[],
): Promise<Row[]> {
  const run = await Race.open(c, contestants, probes, options, options.seconds * 1000, missing);
  try {
    await run.run();
    return c.baseline ? above(run.rows(), c.baseline) : run.rows();
  } finally {
    run.close();
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

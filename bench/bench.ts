import { openSpinners } from './cores.ts';
import type { Engines } from './engines.ts';
import { type Entrant, enter } from './entrants.ts';
import type { Curve } from './growth.ts';
import { type Machine, machine } from './machine.ts';
import { makeRow, Probes, rounded } from './probes.ts';
import { Race } from './race.ts';
import { formatRow, head } from './report.ts';
import { withRatios } from './trees/ratios.ts';
import type { Case, Contestant, Missing, Row, SizeRow, Wanted, Weight } from './types.ts';

export interface BenchOptions extends Wanted {
  readonly seconds: number;
}

export interface Report {
  readonly machine: Machine;
  readonly rows: readonly (Row | SizeRow)[];
  /** What could not run or disagreed, and why. */
  readonly missing: readonly Missing[];
  /** What each suite took. */
  readonly minutes: Readonly<Record<string, number>>;
  /** The other checkout, where there was one. */
  readonly against?: string;
  /** How cost grows with work, where that was asked for. */
  readonly curves?: readonly Curve[];
}

/** Who takes part, under which conditions, and who hears of it. */
export interface Run {
  readonly contestants: readonly Contestant[];
  readonly engines: Engines;
  readonly options: BenchOptions;
  print(text: string): void;
  /** Is given what is known after each case. */
  keep?(report: Report): void;
}

/** Runs the cases one by one, printing a table for each suite line by line. */
export async function bench(cases: readonly Case[], run: Run): Promise<Report> {
  const rows: (Row | SizeRow)[] = [];
  const missing: Missing[] = [];
  const probes = new Probes(run.engines, openSpinners);
  const host = machine();
  const report = (): Report => {
    const { copyGBs, cores } = probes;
    return {
      machine: { ...host, copyGBs, ...(cores ? { coresGave: cores } : {}) },
      rows,
      missing,
      minutes,
    };
  };
  const minutes: Record<string, number> = {};
  let suite = '';
  const tell = (row: Row | SizeRow) => {
    if (row.suite !== suite) run.print(head(row.suite));
    suite = row.suite;
    rows.push(row);
    run.print(formatRow(row));
  };
  for (const c of cases) {
    const started = performance.now();
    const found =
      c.kind === 'size'
        ? weigh(c, await enter(c, run.contestants, run.options, missing))
        : await race(c, probes, run, missing);
    for (const row of found) tell(row);
    const [name] = c.name.split('/') as [string];
    minutes[name] = rounded((minutes[name] ?? 0) + (performance.now() - started) / 60_000);
    run.keep?.(report());
  }
  for (const { c, variant, samples } of probes.peaks()) {
    tell(makeRow(c, { contestant: 'wasmgrad', ...variant }, samples));
  }
  return report();
}

function weigh({ name }: Case, entrants: readonly Entrant<Weight>[]): SizeRow[] {
  return entrants.map(({ contestant, build, threads, runner }) => {
    return { suite: 'size', case: name, contestant, build, threads, ...runner };
  });
}

async function race(
  c: Case,
  probes: Probes,
  { contestants, options }: Run,
  missing: Missing[],
): Promise<Row[]> {
  const run = await Race.open(c, contestants, probes, options, options.seconds * 1000, missing);
  try {
    await run.run();
    return above(asFast(withRatios(run.rows()), c.against), c.baseline);
  } finally {
    run.close();
  }
}

/** The rows with how many times as fast as another they are. */
function asFast(rows: readonly Row[], as: string | undefined): readonly Row[] {
  const other = rows.find((r) => r.contestant === as);
  if (!as || !other) return rows;
  return rows.map((row) => {
    if (row === other) return row;
    return { ...row, as_fast: { as, times: rounded(other.median_ms / row.median_ms) } };
  });
}

/** The rows with what they take more than the baseline. */
function above(rows: readonly Row[], baseline: string | undefined): Row[] {
  const base = rows.find((r) => r.contestant === baseline);
  return rows.map((row) => {
    if (!base || row === base) return row;
    const above_ms = rounded(row.median_ms - base.median_ms);
    return { ...row, above_ms, above_min_ms: rounded(row.min_ms - base.min_ms) };
  });
}

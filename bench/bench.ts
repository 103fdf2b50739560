import type { Engines } from './engines.ts';
import { absent, agreeing, type Entrant, enter } from './entrants.ts';
import type { Curve } from './growth.ts';
import { type Machine, machine } from './machine.ts';
import { measure, type Samples } from './measure.ts';
import { makeRow, Probes, rounded } from './probes.ts';
import { formatRow, head } from './report.ts';
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
  const probes = new Probes(run.engines);
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
    const entrants = await enter<never>(c, run.contestants, run.options, missing);
    const found =
      c.kind === 'size' ? weigh(c, entrants) : await race(c, entrants, probes, run, missing);
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

/** Times those who agree, in turns with what limits them. */
async function race(
  c: Case,
  entered: readonly Entrant[],
  probes: Probes,
  { options: { seconds } }: Run,
  missing: Missing[],
): Promise<Row[]> {
  const entrants = await agreeing(c, entered, missing);
  try {
    const limits = await probes.open(c, entrants);
    const entries = c.samples ? entrants.map(({ runner }) => ({ runner })) : entrants;
    const beside = limits.map(({ runner }) => ({ runner, aside: true }));
    const measured = await measure([...entries, ...beside], seconds * 1000, c.samples);
    const samples = measured.map((m) => m.samples);
    const rates = probes.add(c, samples.slice(entrants.length));
    const rows = entrants.flatMap((e, i): Row[] => {
      const { error } = measured[i] ?? {};
      if (error) missing.push(absent(c, e, error));
      return error ? [] : [makeRow(c, e, samples[i] as Samples, rates)];
    });
    return above(asFast(rows, c.against), c.baseline);
  } finally {
    for (const { runner } of entrants) runner.dispose?.();
    probes.close();
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

import { messageOf } from '../src/runtime/errors.ts';
import { type Engines, openPeak } from './engines.ts';
import type { Curve } from './growth.ts';
import { type Machine, machine } from './machine.ts';
import { measure, type Samples } from './measure.ts';
import { median } from './numbers.ts';
import { formatMissing, formatRow, head } from './report.ts';
import {
  type Case,
  type Contestant,
  type Missing,
  type Row,
  type Runner,
  Unable,
  type Variant,
  type Wanted,
} from './types.ts';

export interface BenchOptions extends Wanted {
  readonly seconds: number;
}

export interface Report {
  readonly machine: Machine;
  readonly rows: readonly Row[];
  /** What could not run, and why. */
  readonly missing: readonly Missing[];
  /** How cost grows with work, where that was asked for. */
  readonly curves?: readonly Curve[];
}

/** A contestant in one of its variants. */
interface Entrant extends Variant {
  readonly contestant: string;
  readonly runner: Runner;
}

interface Peak {
  readonly build: string;
  readonly runner: Runner & { readonly flops: number };
}

/** Runs the cases one by one, printing each line when it is known. */
export async function bench(
  cases: readonly Case[],
  contestants: readonly Contestant[],
  engines: Engines,
  options: BenchOptions,
  print: (text: string) => void,
): Promise<Report> {
  const rows: Row[] = [];
  const missing: Missing[] = [];
  const peaks = new Peaks();
  print(head());
  for (const c of cases) {
    const entrants = await enter(c, contestants, options, missing);
    try {
      await compare(c, entrants);
      const probes = await peaks.open(entrants, engines);
      const runners = [...entrants, ...probes].map((e) => e.runner);
      const samples = await measure(runners, options.seconds * 1000);
      const measured = peaks.add(probes, samples.slice(entrants.length));
      for (const [i, entrant] of entrants.entries()) {
        const row = makeRow(c, entrant, samples[i] as Samples, measured.get(entrant.build));
        rows.push(row);
        print(formatRow(row));
      }
    } finally {
      for (const { runner } of entrants) runner.dispose?.();
      peaks.close();
    }
  }
  for (const row of peaks.rows()) {
    rows.push(row);
    print(formatRow(row));
  }
  for (const m of missing) print(formatMissing(m));
  return { machine: machine(), rows, missing };
}

/** Opens the case for all contestants that can do it. */
async function enter(
  c: Case,
  contestants: readonly Contestant[],
  options: BenchOptions,
  missing: Missing[],
): Promise<Entrant[]> {
  const task = c.task();
  const entrants: Entrant[] = [];
  for (const { name, variants, open } of contestants) {
    const start = open[c.kind] as
      | ((task: unknown, v: Variant) => Runner | Promise<Runner>)
      | undefined;
    for (const variant of variants(options)) {
      try {
        if (!start) throw new Unable(`has nothing for ${c.kind}`);
        entrants.push({ contestant: name, ...variant, runner: await start(task, variant) });
      } catch (error) {
        if (!(error instanceof Unable)) throw error;
        missing.push({ case: c.name, contestant: name, ...variant, reason: messageOf(error) });
      }
    }
  }
  return entrants;
}

/** Throws unless all entrants compute the same within the tolerance of the case. */
async function compare({ name, check }: Case, entrants: readonly Entrant[]): Promise<void> {
  let first: { label: string; numbers: ArrayLike<number> } | undefined;
  for (const { contestant, build, threads, runner } of entrants) {
    runner.reset?.();
    await runner.run(check.steps);
    const numbers = Float64Array.from(await runner.output());
    const label = `${contestant} ${build} on ${threads} threads`;
    first ??= { label, numbers };
    const error = difference(first.numbers, numbers);
    if (error <= check.tolerance) continue;
    const found = `differ by ${error.toExponential(1)}, tolerance ${check.tolerance}`;
    throw new Error(`${name}: ${label} and ${first.label} ${found}`);
  }
}

/** The largest difference, relative to the largest number. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [error, largest] = [0, Number.MIN_VALUE];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY;
    error = Math.max(error, Math.abs(x - y));
    largest = Math.max(largest, Math.abs(x), Math.abs(y));
  }
  return error / largest;
}

function makeRow(c: Case, entrant: Entrant, samples: Samples, peak: number | undefined): Row {
  const { contestant, threads, build } = entrant;
  const [median_ms, min_ms] = [median(samples), Math.min(...samples)];
  const gflops = c.flops === undefined ? undefined : c.flops / (median_ms * 1e6);
  const gbps = c.bytes === undefined ? undefined : c.bytes / (median_ms * 1e6);
  const limited = c.flops !== undefined && gflops !== undefined && peak !== undefined;
  return {
    suite: c.name.split('/')[0] as string,
    case: c.name,
    contestant,
    threads,
    build,
    median_ms: rounded(median_ms),
    min_ms: rounded(min_ms),
    ...(gflops === undefined ? {} : { gflops: rounded(gflops) }),
    ...(gbps === undefined ? {} : { gbps: rounded(gbps) }),
    ...(limited
      ? {
          peak_fraction: rounded(gflops / (peak * threads)),
          limit_ms: rounded(c.flops / (peak * threads * 1e6)),
        }
      : {}),
  };
}

function rounded(x: number): number {
  return Number(x.toPrecision(5));
}

/** The SIMD peak of each build, measured in every case in turns with the contestants. */
class Peaks {
  readonly #all = new Map<string, { flops: number; samples: number[] }>();
  #open: Peak[] = [];

  async open(entrants: readonly Entrant[], engines: Engines): Promise<readonly Peak[]> {
    const ours = entrants.filter((e) => e.contestant === 'wasmgrad');
    for (const build of new Set(ours.map((e) => e.build))) {
      const { threads } = ours.find((e) => e.build === build) as Entrant;
      this.#open.push({ build, runner: openPeak(await engines.get({ build, threads })) });
    }
    return this.#open;
  }

  close(): void {
    for (const { runner } of this.#open) runner.dispose?.();
    this.#open = [];
  }

  /** Keeps the samples; returns GFLOP/s of each build in this case. */
  add(peaks: readonly Peak[], samples: readonly Samples[]): Map<string, number> {
    return new Map(
      peaks.map(({ build, runner: { flops } }, i) => {
        const found = samples[i] as Samples;
        const all = this.#all.get(build) ?? { flops, samples: [] };
        all.samples.push(...found);
        this.#all.set(build, all);
        return [build, flops / (median(found) * 1e6)];
      }),
    );
  }

  rows(): Row[] {
    return [...this.#all].map(([build, { flops, samples }]) => {
      const c = { name: `peak/${build}`, flops } as Case;
      const runner = { run() {}, output: () => [] };
      return makeRow(c, { contestant: 'wasmgrad', build, threads: 1, runner }, samples, undefined);
    });
  }
}

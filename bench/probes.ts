import { openSpinners, type Spinners } from './cores.ts';
import { type Engines, openCopy, openPeak, type Probe } from './engines.ts';
import type { Entrant } from './entrants.ts';
import type { Samples } from './measure.ts';
import { median } from './numbers.ts';
import type { Case, Row, Runner, Variant } from './types.ts';

/**
 * Limits of the machine by name (`peak/relaxed`, `copy/2`, `cores/2`): GFLOP/s of one thread, GB/s of so many threads,
 * what so many give, one being 1. By medians; `best peak/relaxed` by the least time.
 */
export type Rates = ReadonlyMap<string, number>;

interface Open {
  readonly name: string;
  readonly runner: Probe | Spinners;
}

/** What limits a case is measured in turns with its contestants. */
export class Probes {
  readonly #engines: Engines;
  readonly #peaks = new Map<string, { work: number; samples: number[] }>();
  /** The bandwidth of the longest copies so far. */
  readonly #copies = new Map<number, { n: number; gbps: number }>();
  readonly #cores: number[] = [];
  #open: Open[] = [];

  constructor(engines: Engines) {
    this.#engines = engines;
  }

  /** The SIMD peak of each build of ours, and copies of the case's size on each number of threads. */
  async open(
    { flops, copies, baseline }: Case,
    entrants: readonly Entrant[],
  ): Promise<readonly Open[]> {
    const ours = entrants.filter((e) => e.contestant === 'wasmgrad');
    for (const entrant of flops ? firstOfEach(ours, (e) => e.build) : []) {
      const runner = openPeak(await this.#engines.get(entrant));
      this.#open.push({ name: `peak/${entrant.build}`, runner });
    }
    for (const entrant of copies ? firstOfEach(ours, (e) => e.threads) : []) {
      const runner = openCopy(await this.#engines.get(entrant), copies as number);
      this.#open.push({ name: `copy/${entrant.threads}`, runner });
    }
    const most = Math.max(1, ...ours.map((e) => e.threads));
    for (const threads of most > 1 && !baseline ? [1, most] : []) {
      this.#open.push({ name: `spin/${threads}`, runner: openSpinners(threads) });
    }
    return this.#open;
  }

  /** Keeps the samples; returns the rates in this case. */
  add({ copies = 0 }: Case, samples: readonly Samples[]): Rates {
    const known = new Map<string, number>();
    for (const [i, { name, runner }] of this.#open.entries()) {
      const { work } = runner;
      const found = samples[i] as Samples;
      const rate = work / (median(found) * 1e6);
      const [kind, of] = name.split('/') as [string, string];
      if (kind === 'copy') this.#addCopy(Number(of), copies, rate);
      else if (kind === 'peak') this.#addPeak(of, work, found);
      else if (of !== '1') this.#addCores(known, of, rate);
      known.set(name, rate);
      known.set(`best ${name}`, work / (Math.min(...found) * 1e6));
    }
    return known;
  }

  #addCores(known: Map<string, number>, threads: string, rate: number): void {
    const gave = rate / (known.get('spin/1') as number);
    this.#cores.push(gave);
    known.set(`cores/${threads}`, gave);
  }

  #addPeak(build: string, work: number, samples: Samples): void {
    const peak = this.#peaks.get(build) ?? { work, samples: [] };
    peak.samples.push(...samples);
    this.#peaks.set(build, peak);
  }

  #addCopy(threads: number, n: number, gbps: number): void {
    const known = this.#copies.get(threads);
    const best = known && known.n === n ? Math.max(known.gbps, gbps) : gbps;
    if (!known || n >= known.n) this.#copies.set(threads, { n, gbps: best });
  }

  close(): void {
    for (const { runner } of this.#open) runner.dispose?.();
    this.#open = [];
  }

  /** The peaks of the whole run, as lines. */
  peaks(): { c: Case; variant: Variant; samples: Samples }[] {
    return [...this.#peaks].map(([build, { work, samples }]) => ({
      c: { name: `peak/${build}`, flops: work } as Case,
      variant: { build, threads: 1 },
      samples,
    }));
  }

  /** What the most threads gave, one being 1: the median of the cases; absent for one thread. */
  get cores(): number | undefined {
    return this.#cores.length ? rounded(median(this.#cores)) : undefined;
  }

  /** GB/s, read and written, of the longest copies, by number of threads. */
  get copyGBs(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#copies].map(([t, { gbps }]) => [t, rounded(gbps)]));
  }
}

function firstOfEach<T>(items: readonly T[], key: (item: T) => unknown): T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}

/** A line of the report. */
export function makeRow(
  given: Case,
  { contestant, build, threads, runner }: Variant & { contestant: string; runner?: Runner },
  samples: Samples,
  rates: Rates = new Map(),
): Row {
  const wide = build === 'f64' && given.bytes !== undefined;
  const c = wide ? { ...given, bytes: 2 * (given.bytes as number) } : given;
  const [median_ms, min_ms] = [median(samples), Math.min(...samples)];
  const per = (n: number | undefined) => (n === undefined ? undefined : n / (median_ms * 1e6));
  const limit_ms = limitOf(c, build, threads, rates);
  const least_limit = limitOf(c, build, threads, rates, 'best ');
  const peak = rates.get(`peak/${build}`);
  const measured = {
    gflops: per(c.flops),
    gbps: per(c.bytes),
    ns_per_element: c.elements && (median_ms * 1e6) / c.elements,
    peak_fraction: c.flops && peak && (per(c.flops) as number) / (peak * threads),
    limit_ms,
    cores_gave: rates.get(`cores/${threads}`),
    times_limit: limit_ms && median_ms / limit_ms,
    least_times_limit: least_limit && min_ms / least_limit,
  };
  const known = Object.entries(measured).filter(([, x]) => x !== undefined) as [string, number][];
  return {
    suite: c.name.split('/')[0] as string,
    case: c.name,
    contestant,
    threads,
    build,
    median_ms: rounded(median_ms),
    min_ms: rounded(min_ms),
    samples: samples.length,
    ...(runner?.note ? { note: runner.note } : {}),
    ...Object.fromEntries(known.map(([key, x]) => [key, rounded(x)])),
  };
}

/** Milliseconds of the flops at the build's peak on all threads, or of the bytes at that of a copy. */
function limitOf(
  { flops, bytes }: Case,
  build: string,
  threads: number,
  rates: Rates,
  which: '' | 'best ' = '',
) {
  const peak = rates.get(`${which}peak/${build}`);
  const copy = rates.get(`${which}copy/${threads}`);
  if (flops && peak) return flops / (peak * threads * 1e6);
  return bytes && copy ? bytes / (copy * 1e6) : undefined;
}

export function rounded(x: number): number {
  return Number(x.toPrecision(5));
}

import { openSpinners } from './cores.ts';
import { type Entry, measure, type Samples } from './measure.ts';
import { median } from './numbers.ts';
import { rounded } from './probes.ts';
import { formatCores, formatPoint } from './report.ts';
import { gemmCase } from './suites/gemm.ts';
import { deepTask, perceptronCase } from './suites/growth.ts';
import { type Contestant, type Runner, Unable, type Variant, type Wanted } from './types.ts';

/** How one contestant's cost grows. */
export interface Series {
  readonly contestant: string;
  readonly build: string;
  /** Absent where it is what grows. */
  readonly threads?: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Curve {
  readonly name: string;
  /** What grows. */
  readonly x: string;
  /** Of the points' second numbers. */
  readonly unit: string;
  readonly series: readonly Series[];
  /** What as many independent threads as the series with most gave at each point, one being 1: the least. */
  readonly cores_gave?: number;
}

export interface GrowthOptions extends Wanted {
  /** Time for each point of each series. */
  readonly seconds: number;
  readonly filter: readonly string[];
}

type Print = (text: string) => void;

/** A curve whose points are steps timed in turns. */
interface Timed {
  readonly name: string;
  readonly x: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  open(open: Contestant['open'], size: number, variant: Variant): Promise<Runner>;
  /** From the milliseconds of a step. */
  y(ms: number, size: number): number;
}

const trainer = (sizes: (n: number) => readonly number[], batch: (n: number) => number) =>
  function open(openers: Contestant['open'], n: number, variant: Variant): Promise<Runner> {
    return openTrain(openers, perceptronCase(sizes(n), batch(n)).task(), variant);
  };

type Trainer = NonNullable<Contestant['open']['train']>;

async function openTrain(
  { train }: Contestant['open'],
  task: Parameters<Trainer>[0],
  variant: Variant,
): Promise<Runner> {
  if (!train) throw new Unable('has nothing for train');
  return train(task, variant);
}

const powers = (from: number, to: number) =>
  Array.from({ length: Math.log2(to / from) + 1 }, (_, i) => from * 2 ** i);

const TIMED: readonly Timed[] = [
  {
    name: 'growth/gemm',
    x: 'M = K = N',
    unit: 'GFLOP/s',
    sizes: [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048],
    async open({ gemm }, n, variant) {
      if (!gemm) throw new Unable('has nothing for gemm');
      return gemm(gemmCase(`${n}x${n}x${n}`).task(), variant);
    },
    y: (ms, n) => (2 * n ** 3) / (ms * 1e6),
  },
  {
    name: 'growth/batch',
    x: 'examples in a batch (784-128-10)',
    unit: 'ms a step',
    sizes: powers(1, 1024),
    open: trainer(
      () => [784, 128, 10],
      (n) => n,
    ),
    y: (ms) => ms,
  },
  {
    name: 'growth/width',
    x: 'W of 784-W-10, batch 64',
    unit: 'ms a step',
    sizes: powers(16, 2048),
    open: trainer(
      (n) => [784, n, 10],
      () => 64,
    ),
    y: (ms) => ms,
  },
];

interface Timing {
  readonly samples: readonly Samples[];
  /** What `threads` independent threads gave meanwhile, one being 1. */
  readonly gave: number;
}

async function timeAll(runners: readonly Runner[], seconds: number, threads = 1): Promise<Timing> {
  const spinners = threads > 1 ? [openSpinners(1), openSpinners(threads)] : [];
  try {
    const beside = spinners.map((runner): Entry => ({ runner, aside: true }));
    const entries = [...runners.map((runner): Entry => ({ runner })), ...beside];
    const all = (await measure(entries, seconds * 1000)).map(({ samples, error }) => {
      if (error) throw error;
      return samples;
    });
    const [one, most] = all.slice(runners.length).map(median);
    const gave = one && most ? (threads * one) / most : Number.NaN;
    return { samples: all.slice(0, runners.length), gave };
  } finally {
    for (const spinner of spinners) spinner.dispose?.();
  }
}

/** Points of each variant, one for each size, the variants timed in turns; least of the samples. */
async function timedCurve(
  curve: Timed,
  contestant: Contestant,
  variants: readonly Variant[],
  options: GrowthOptions,
  print: Print,
): Promise<Curve> {
  const points = variants.map((): [number, number][] => []);
  const most = Math.max(...variants.map((v) => v.threads));
  const gave: number[] = [];
  for (const size of curve.sizes) {
    const runners: Runner[] = [];
    try {
      for (const v of variants) runners.push(await curve.open(contestant.open, size, v));
      const timing = await timeAll(runners, options.seconds, most);
      gave.push(rounded(timing.gave));
      timing.samples.forEach((s, i) => {
        points[i]?.push([size, rounded(curve.y(Math.min(...s), size))]);
      });
    } finally {
      for (const runner of runners) runner.dispose?.();
    }
    const note = most > 1 ? formatCores(most, gave.at(-1) as number) : '';
    print(`${formatPoint(curve, size, variants, points)}  ${note}`.trimEnd());
  }
  const series = variants.map((v, i) => {
    return { contestant: contestant.name, ...v, points: points[i] ?? [] };
  });
  const cores = most > 1 ? { cores_gave: Math.min(...gave) } : {};
  return { name: curve.name, x: curve.x, unit: curve.unit, series, ...cores };
}

const THREADED = { sizes: [784, 512, 512, 10], batch: 128 };

/** Examples a second of one network on 1, 2 … cores, one series for each build. */
async function threadsCurve(
  contestant: Contestant,
  cores: number,
  options: GrowthOptions,
  print: Print,
): Promise<Curve> {
  const { sizes, batch } = THREADED;
  const x = `threads (${sizes.join('-')}, batch ${batch})`;
  const head = { name: 'growth/threads', x, unit: 'examples/s' };
  const series: Series[] = [];
  let cores_gave = cores;
  for (const build of options.builds) {
    const variants = Array.from({ length: cores }, (_, i) => ({ build, threads: i + 1 }));
    const runners: Runner[] = [];
    try {
      const task = perceptronCase(sizes, batch).task();
      for (const v of variants) runners.push(await openTrain(contestant.open, task, v));
      const timing = await timeAll(runners, options.seconds, cores);
      cores_gave = Math.min(cores_gave, timing.gave);
      const points = timing.samples.map((s, i): [number, number] => {
        return [i + 1, rounded((batch * 1000) / Math.min(...s))];
      });
      series.push({ contestant: contestant.name, build, points });
      for (const p of points) print(formatPoint(head, p[0], [{ build, threads: p[0] }], [[p]]));
    } finally {
      for (const runner of runners) runner.dispose?.();
    }
  }
  return { ...head, series, cores_gave: rounded(cores_gave) };
}

const DEPTHS = [10, 30, 100, 300, 1000, 3000, 10_000];

/** What a network of `depth` layers costs: compiling, a step, memory. */
interface DepthCost {
  readonly compile: number;
  readonly step: number;
  readonly bytes: number;
}

async function depthCost(
  contestant: Contestant,
  depth: number,
  variant: Variant,
  seconds: number,
): Promise<DepthCost> {
  const task = deepTask(depth);
  let compile = Number.POSITIVE_INFINITY;
  for (let spent = 0; ; ) {
    const started = performance.now();
    const runner = await openTrain(contestant.open, task, variant);
    try {
      await runner.run(1);
      const taken = performance.now() - started;
      compile = Math.min(compile, taken);
      spent += taken;
      if (spent < seconds * 1000) continue;
      const { samples } = await timeAll([runner], seconds);
      return {
        compile,
        step: Math.min(...(samples[0] as Samples)),
        bytes: runner.memory?.() ?? Number.NaN,
      };
    } finally {
      runner.dispose?.();
    }
  }
}

/** Compiling, steps and memory of networks of 16 units a layer, batch 16, as they get deeper. */
async function depthCurves(
  contestant: Contestant,
  variants: readonly Variant[],
  options: GrowthOptions,
  print: Print,
): Promise<Curve[]> {
  const x = 'layers of 16 units';
  const heads = [
    { name: 'growth/depth', x, unit: 'ms a step', of: (c: DepthCost) => c.step },
    { name: 'growth/compile', x, unit: 'ms to the first step', of: (c: DepthCost) => c.compile },
    { name: 'growth/memory', x, unit: 'MB', of: (c: DepthCost) => c.bytes / 1e6 },
  ];
  const costs: DepthCost[][] = variants.map(() => []);
  await depthCost(contestant, 100, variants[0] as Variant, 0.5);
  for (const depth of DEPTHS) {
    for (const [i, v] of variants.entries()) {
      costs[i]?.push(await depthCost(contestant, depth, v, options.seconds));
    }
    for (const head of heads) {
      const found = costs.map((c) => [[depth, rounded(head.of(c.at(-1) as DepthCost))] as const]);
      print(formatPoint(head, depth, variants, found));
    }
  }
  const series = (of: (c: DepthCost) => number) =>
    variants.map((v, i): Series => {
      const points = (costs[i] as DepthCost[]).map((c, d): [number, number] => {
        return [DEPTHS[d] as number, rounded(of(c))];
      });
      return { contestant: contestant.name, ...v, points };
    });
  return heads.map(({ of, ...head }) => ({ ...head, series: series(of) }));
}

/** How the cost of one contestant grows with the work, one curve for each thing that grows. */
export async function* growth(
  contestant: Contestant,
  cores: number,
  options: GrowthOptions,
  print: Print,
): AsyncGenerator<Curve> {
  const { builds, threads, filter } = options;
  const variants = builds.flatMap((build) => threads.map((n): Variant => ({ build, threads: n })));
  const wanted = (name: string) =>
    filter.length === 0 || filter.some((part) => name.includes(part));
  for (const timed of TIMED) {
    if (wanted(timed.name)) yield await timedCurve(timed, contestant, variants, options, print);
  }
  if (wanted('growth/threads')) yield await threadsCurve(contestant, cores, options, print);
  if (['growth/compile', 'growth/depth', 'growth/memory'].some(wanted)) {
    yield* await depthCurves(contestant, variants, options, print);
  }
}

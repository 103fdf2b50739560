import { Bench, type Task } from 'tinybench';
import type { Runner } from './types.ts';

/** Calls of a contestant aim at this share of its time; so many are measured. */
const SAMPLES = 16;
/** Measured even if they take longer than the time given. */
const LEAST = 3;
/** So much slower than the fastest is far slower, and gets a quarter of the time. */
const FAR = 8;

/** Milliseconds of a step that is not repeated. */
const LONG = 500;

/** Milliseconds a step, one for each call that was measured. */
export type Samples = readonly number[];

export interface Entry {
  readonly runner: Runner;
  /** Milliseconds a step that it took before, where that is known: a call of seconds is not repeated. */
  readonly before?: number;
  /** Measured beside the contestants, whom it is not compared with. */
  readonly aside?: boolean;
}

/** What was measured, or why nothing was. */
export interface Measured {
  readonly samples: Samples;
  readonly error?: unknown;
}

class Lane {
  readonly samples: number[] = [];
  error: unknown;
  spent = 0;
  share = 1;
  best = Number.POSITIVE_INFINITY;
  task: Task | undefined;
  readonly entry: Entry;

  constructor(entry: Entry) {
    this.entry = entry;
  }

  /** What fails is out. */
  async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.error = error ?? new Error('failed');
    }
  }

  hungry(ms: number, least: number): boolean {
    if (this.error || !this.task) return false;
    return this.spent < ms * this.share || this.samples.length < least;
  }
}

/** Times contestants in turns, round by round, after warming each up until it gets no faster. */
export class Measurement {
  readonly #lanes: readonly Lane[];

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  /** `ms`: time that each is to get in all. */
  static async prepare(entries: readonly Entry[], ms: number): Promise<Measurement> {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
    const lanes = entries.map((entry) => new Lane(entry));
    for (const [i, lane] of lanes.entries()) {
      await lane.attempt(() => prepare(bench, `${i}`, lane, ms));
    }
    const racing = lanes.filter((lane) => !lane.entry.aside);
    const fastest = Math.min(...racing.map((lane) => lane.best));
    for (const lane of racing) if (lane.best > FAR * fastest) lane.share = 1 / 4;
    return new Measurement(lanes);
  }

  /** Goes on until each has had `ms` milliseconds and `least` calls in all. */
  async until(ms: number, least = LEAST): Promise<void> {
    const hungry = (lane: Lane) => lane.hungry(ms, least);
    while (this.#lanes.some(hungry)) {
      for (const lane of this.#lanes.filter(hungry)) await lane.attempt(() => sample(lane));
    }
  }

  get measured(): Measured[] {
    return this.#lanes.map(({ samples, error }) => ({ samples, error }));
  }
}

/** Measures each for `ms` milliseconds and at least `least` calls. */
export async function measure(
  entries: readonly Entry[],
  ms: number,
  least = LEAST,
): Promise<Measured[]> {
  const measurement = await Measurement.prepare(entries, ms);
  await measurement.until(ms, least);
  return measurement.measured;
}

async function prepare(bench: Bench, name: string, lane: Lane, ms: number): Promise<void> {
  const { runner, before = 0 } = lane.entry;
  if (before > Math.max(2 * ms, LONG)) {
    lane.samples.push(before);
    lane.best = before;
    return;
  }
  const { steps, best } = await warmUp(runner, ms);
  lane.best = best;
  lane.task = addTask(bench, name, runner, steps);
}

/** Calls of several steps begin behind one that is not timed: as in a loop, caches hold what it works on, not what a reset or others left. */
function addTask(bench: Bench, name: string, runner: Runner, steps: number): Task {
  const once = async () => ({ overriddenDuration: (await timed(runner, steps)) / steps });
  const beforeEach = async () => {
    await runner.reset?.();
    if (steps > 1) await runner.run(1);
  };
  bench.add(name, once, { async: true, beforeEach });
  return bench.getTask(name) as Task;
}

/** Milliseconds of a call, by the runner's own clock where it has one. */
export async function timed(runner: Runner, steps: number): Promise<number> {
  const started = performance.now();
  await runner.run(steps);
  return runner.took?.() ?? performance.now() - started;
}

async function sample(lane: Lane): Promise<void> {
  const task = lane.task as Task;
  const started = performance.now();
  task.reset(false);
  await task.run();
  lane.spent += performance.now() - started;
  const { result } = task;
  if (result.state !== 'completed') throw new Error(`a measurement was ${result.state}`);
  lane.samples.push(result.latency.min);
}

/** Runs until code is compiled to its last tier; finds the steps that fill one call, and the best time of one. */
async function warmUp(runner: Runner, ms: number): Promise<{ steps: number; best: number }> {
  const { maxSteps = Number.POSITIVE_INFINITY } = runner;
  let steps = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let spent = 0, calm = 0; (spent < ms / 2 || calm < 2) && spent < 2 * ms; ) {
    await runner.reset?.();
    const taken = await timed(runner, steps);
    spent += taken;
    calm = taken / steps > 0.97 * best ? calm + 1 : 0;
    best = Math.min(best, taken / steps);
    steps = Math.max(1, Math.min(Math.round(ms / SAMPLES / best), maxSteps));
  }
  return { steps, best };
}

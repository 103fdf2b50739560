import { Bench, type Task } from 'tinybench';
import type { Runner } from './types.ts';

/** Calls of a contestant aim at this share of its time; so many are measured. */
const SAMPLES = 16;
/** Measured even if they take longer than the time given. */
const LEAST = 3;

/** Milliseconds a step, one for each call that was measured. */
export type Samples = readonly number[];

interface Lane {
  readonly task: Task;
  readonly samples: number[];
  spent: number;
}

/** Times contestants in turns, round by round, after warming each up until it gets no faster. */
export class Measurement {
  readonly #lanes: readonly Lane[];

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  /** `ms`: time that each is to get in all. */
  static async prepare(runners: readonly Runner[], ms: number): Promise<Measurement> {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
    const lanes: Lane[] = [];
    for (const [i, runner] of runners.entries()) {
      const steps = await warmUp(runner, ms);
      const lane: Lane = { task: addTask(bench, `${i}`, runner, steps), samples: [], spent: 0 };
      lanes.push(lane);
    }
    return new Measurement(lanes);
  }

  /** Goes on until each has had `ms` milliseconds and `least` calls in all. */
  async until(ms: number, least = LEAST): Promise<void> {
    const hungry = (lane: Lane) => lane.spent < ms || lane.samples.length < least;
    while (this.#lanes.some(hungry)) {
      for (const lane of this.#lanes.filter(hungry)) await sample(lane);
    }
  }

  get samples(): Samples[] {
    return this.#lanes.map((lane) => lane.samples);
  }
}

/** Measures each for `ms` milliseconds and at least `least` calls. */
export async function measure(
  runners: readonly Runner[],
  ms: number,
  least = LEAST,
): Promise<Samples[]> {
  const measurement = await Measurement.prepare(runners, ms);
  await measurement.until(ms, least);
  return measurement.samples;
}

function addTask(bench: Bench, name: string, runner: Runner, steps: number): Task {
  const once = async () => {
    const started = bench.now();
    await runner.run(steps);
    return { overriddenDuration: (bench.now() - started) / steps };
  };
  bench.add(name, once, { async: true, beforeEach: () => runner.reset?.() });
  return bench.getTask(name) as Task;
}

async function sample(lane: Lane): Promise<void> {
  const started = performance.now();
  lane.task.reset(false);
  await lane.task.run();
  lane.spent += performance.now() - started;
  const { result } = lane.task;
  if (result.state !== 'completed') throw new Error(`a measurement was ${result.state}`);
  lane.samples.push(result.latency.min);
}

/** Runs until code is compiled to its last tier; returns the steps that fill one call. */
async function warmUp(runner: Runner, ms: number): Promise<number> {
  const { maxSteps = Number.POSITIVE_INFINITY } = runner;
  let steps = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let spent = 0, calm = 0; (spent < ms / 2 || calm < 2) && spent < 4 * ms; ) {
    await runner.reset?.();
    const started = performance.now();
    await runner.run(steps);
    const taken = performance.now() - started;
    spent += taken;
    calm = taken / steps > 0.97 * best ? calm + 1 : 0;
    best = Math.min(best, taken / steps);
    steps = Math.max(1, Math.min(Math.round(ms / SAMPLES / best), maxSteps));
  }
  return steps;
}

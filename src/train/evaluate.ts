import type { NDArray } from '../compile/array.ts';
import { plainStep } from '../compile/executable.ts';
import { checkOptions } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import type { Compiled, ModelCore } from './core.ts';
import { tabulatingData } from './data.ts';
import { type Feed, ResidentData } from './feed.ts';
import { type Logs, RunningMeans } from './history.ts';
import { asLogs } from './metricSums.ts';
import { type Inputs, rowShapes } from './networkCore.ts';
import { checkWhole } from './options.ts';
import { metricSums } from './prepare.ts';
import { traceLoss } from './programs.ts';

/** Frees data and the programs that read it. */
export function release(core: ModelCore, data: ResidentData): void {
  if (!core.disposed) core.state.dropPrograms(`fit${data.id}:`);
  data.free();
}

/** Runs `body` on examples that are checked and lie in the engine's memory; builds the model where it is not. */
export async function withData<T>(
  core: ModelCore,
  x: Inputs,
  y: Inputs,
  sampleWeight: ArrayLike<number> | undefined,
  body: (data: ResidentData) => Promise<T>,
): Promise<T> {
  await core.build(rowShapes(await inTurns(core.tabulating(x))));
  const tables = await inTurns(tabulatingData(core, x, y, sampleWeight));
  const data = await ResidentData.open(core.state.engine, tables, false);
  try {
    return await body(data);
  } finally {
    release(core, data);
  }
}

const names = new WeakMap<readonly Feed[], readonly string[]>();

/** Names of what a batch records. */
export function lossNames(
  core: ModelCore,
  feeds: readonly Feed[],
  compiled = core.requireCompiled,
): readonly string[] {
  const known = names.get(feeds);
  if (known) return known;
  const found = traceLoss(core.network, compiled, feeds, 1, false).names;
  names.set(feeds, found);
  return found;
}

export interface EvaluateOptions {
  /** Examples that are computed together, default 32. */
  readonly batchSize?: number;
  /** Factor of each example's loss. */
  readonly sampleWeight?: ArrayLike<number>;
}

/** Mean loss and metrics over the examples. */
export function evaluate(
  core: ModelCore,
  x: Inputs,
  y: Inputs,
  options: EvaluateOptions,
): Promise<Logs> {
  checkOptions('evaluate', options, ['batchSize', 'sampleWeight']);
  const { batchSize = 32, sampleWeight } = options;
  checkWhole('batchSize', batchSize, 1);
  return withData(core, x, y, sampleWeight, (data) => evaluateData(core, data, batchSize));
}

/** Steps of one call: predictions of others take their turn between calls. */
const EVALUATE_STEPS = 16;

/** Mean loss and metrics over resident data. */
export async function evaluateData(
  core: ModelCore,
  data: ResidentData,
  batchSize: number,
): Promise<Logs> {
  const { means, values } = await measureData(core, data, batchSize, core.requireCompiled);
  return { ...means, ...asLogs(values) };
}

/** Means of what programs record, and the figures of metrics with state. */
export async function measureData(
  core: ModelCore,
  data: ResidentData,
  batchSize: number,
  given: Compiled,
): Promise<{ means: Logs; values: Record<string, NDArray> }> {
  const { state } = core;
  const { feeds } = data;
  const owner = `fit${data.id}`;
  const examples = core.updateExamples ?? data.examples;
  const compiled = { ...given, examples };
  const sums = metricSums(core, owner, feeds, compiled);
  sums.reset();
  const means = new RunningMeans(lossNames(core, feeds, compiled));
  const run = async (count: number, size: number, start: number) => {
    const spec = function* () {
      const { records, accumulated } = traceLoss(core.network, compiled, feeds, size, false);
      yield;
      const assignments = sums.assignments(accumulated);
      return { name: `evaluate ${core.network.name}`, records, assignments };
    };
    for (let done = 0; done < count; done += EVALUATE_STEPS) {
      await core.pausing.pass();
      const steps = Array.from({ length: Math.min(EVALUATE_STEPS, count - done) }, (_, i) => ({
        ...plainStep(core.seed),
        offset: start + (done + i) * size,
      }));
      await state.engine.exclusive(async () => {
        const executable = await state.programInTurns(
          `${owner}:evaluate:${size}:${examples}`,
          spec,
        );
        await executable.run(steps);
        const records = await executable.records(steps.length);
        means.add(records, steps.length, size, executable.program.slots);
      });
    }
  };
  const full = Math.floor(data.examples / batchSize);
  if (full > 0) await run(full, batchSize, 0);
  if (data.examples % batchSize) await run(1, data.examples % batchSize, full * batchSize);
  return { means: means.logs(), values: await sums.values(owner) };
}

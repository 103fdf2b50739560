import { plainStep } from '../compile/evaluate.ts';
import type { ModelCore } from './core.ts';
import type { Feed, ResidentData } from './feed.ts';
import { type Logs, RunningMeans } from './history.ts';
import { traceLoss } from './programs.ts';

/** Frees data and the programs that read it. */
export function release(core: ModelCore, data: ResidentData): void {
  if (!core.disposed) core.state.dropPrograms(`fit${data.id}:`);
  data.free();
}

const names = new WeakMap<readonly Feed[], readonly string[]>();

/** Names of what a batch records. */
export function lossNames(core: ModelCore, feeds: readonly Feed[]): readonly string[] {
  const known = names.get(feeds);
  if (known) return known;
  const found = traceLoss(core.network, core.requireCompiled, feeds, 1, false).names;
  names.set(feeds, found);
  return found;
}

/** Steps of one call: predictions of others take their turn between calls. */
const EVALUATE_STEPS = 16;

/** Mean loss and metrics over resident data. */
export async function evaluateData(
  core: ModelCore,
  data: ResidentData,
  batchSize: number,
): Promise<Logs> {
  const { state } = core;
  const compiled = core.requireCompiled;
  const means = new RunningMeans(lossNames(core, data.feeds));
  const run = async (count: number, size: number, start: number) => {
    const executable = state.program(`fit${data.id}:evaluate:${size}`, () => {
      const { records } = traceLoss(core.network, compiled, data.feeds, size, false);
      return { name: `evaluate ${core.network.name}`, records };
    });
    for (let done = 0; done < count; done += EVALUATE_STEPS) {
      const steps = Array.from({ length: Math.min(EVALUATE_STEPS, count - done) }, (_, i) => ({
        ...plainStep(core.seed),
        offset: start + (done + i) * size,
      }));
      const records = await state.engine.exclusive(async () => {
        await executable.run(steps);
        return executable.records(steps.length);
      });
      means.add(records, steps.length, size);
    }
  };
  const full = Math.floor(data.examples / batchSize);
  if (full > 0) await run(full, batchSize, 0);
  if (data.examples % batchSize) await run(1, data.examples % batchSize, full * batchSize);
  return means.logs();
}

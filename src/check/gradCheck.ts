import { hostValues } from '../data/table.ts';
import type { Tensor } from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import { createEngine } from '../runtime/create.ts';
import { checkOptions, OptionError, StateError, shown } from '../runtime/errors.ts';
import { atOnce } from '../runtime/turns.ts';
import type { ModelCore } from '../train/core.ts';
import { tabulatingData } from '../train/data.ts';
import { hostFeed } from '../train/feed.ts';
import { coreOf, type Model } from '../train/model.ts';
import { rowShapes } from '../train/networkCore.ts';
import { type TracedLoss, traceLoss, trainable } from '../train/programs.ts';
import type { StreamBatch } from '../train/source.ts';
import { readVariable } from '../train/variables.ts';
import { uniqueNames } from '../train/weights.ts';
import { checkLoss } from './check.ts';
import { checkEpsilon, EPSILON } from './derivative.ts';
import type { LossSetting } from './probe.ts';
import type { GradCheck } from './report.ts';

export interface GradCheckOptions {
  /** Step of the differences, default 1e-5, the most accurate in double precision; the course uses 1e-7. */
  readonly epsilon?: number;
  /** Entries to check, small parameters whole and large ones in equal parts; default 2000; `Infinity`: all. */
  readonly samples?: number;
  /** Governs which, default 0. */
  readonly seed?: number;
  /** `'off'`: dropout and other random layers do nothing, all else is as in training. Otherwise they are refused. */
  readonly noise?: 'off';
}

const SAMPLES = 2000;

export async function gradCheck(
  model: Model,
  batch: StreamBatch,
  options: GradCheckOptions = {},
): Promise<GradCheck> {
  checkOptions('gradCheck', options, ['epsilon', 'samples', 'seed', 'noise']);
  if (typeof batch !== 'object' || batch === null)
    throw new OptionError(`gradCheck: the batch is ${shown(batch)}, expected { x, y }`);
  const { epsilon = EPSILON, samples = SAMPLES, seed = 0, noise } = options;
  checkEpsilon('gradCheck', epsilon);
  if (!(samples >= 1))
    throw new OptionError(`gradCheck: samples is ${samples}, expected at least 1`);
  if (noise !== undefined && noise !== 'off')
    throw new OptionError(`gradCheck: noise is ${JSON.stringify(noise)}, expected "off"`);
  const core = coreOf(model);
  const setting = await core.exclusively('gradCheck', () =>
    settingOf(core, batch, noise !== 'off'),
  );
  refuseNoise(setting.loss, noise !== 'off');
  const engine = await createEngine({ build: 'f64', kind: 'inline' });
  const names = uniqueNames(setting.parameters);
  try {
    return await checkLoss(engine, setting, names, { epsilon, samples, seed });
  } finally {
    engine.dispose();
  }
}

/** The model's training loss on the batch, with the values of its weights; random layers act as asked by `noise`. */
export async function settingOf(
  core: ModelCore,
  { x, y, sampleWeight }: StreamBatch,
  noise: boolean,
): Promise<LossSetting> {
  const compiled = core.requireCompiled;
  const state = await core.build(rowShapes(core.inputTables(x)));
  const tables = atOnce(tabulatingData(core, x, y, sampleWeight));
  const size = tables[0]?.shape[0] ?? 0;
  const traced = traceLoss(core.network, compiled, tables.map(hostFeed), size, true, noise);
  await state.adopt(traced.trace, core.seed);
  const variables = [...traced.trace.variables];
  const read = await state.engine.exclusive(() =>
    Promise.all(variables.map((v) => readVariable(state.engine, v))),
  );
  return {
    loss: traced.loss,
    parameters: trainedOf(core, traced),
    values: new Map(variables.map((v, i) => [v, read[i]?.data as ArrayLike<number>])),
    inputs: new Map(tables.map((t) => [t.name, hostValues(t)])),
  };
}

function trainedOf(core: ModelCore, { trace }: TracedLoss) {
  const parameters = trainable(trace);
  if (parameters.length > 0) return parameters;
  throw new StateError(`model "${core.network.name}" has no trainable weights`);
}

function refuseNoise(loss: Tensor, noise: boolean): void {
  const random = reachable([loss]).find(({ op }) => op.random);
  if (!random) return;
  const where = random.scope ? `layer "${random.scope}"` : 'the loss';
  const help = noise
    ? "pass noise: 'off' to check without it"
    : 'let it ask `scope.noise` whether to act';
  throw new StateError(`gradCheck: ${where} draws random numbers (${random.op.name}): ${help}`);
}

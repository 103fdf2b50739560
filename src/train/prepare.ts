import type { Executable } from '../compile/executable.ts';
import type { ProgramSpec } from '../compile/program.ts';
import { StateError } from '../runtime/errors.ts';
import { turn, type Work } from '../runtime/turns.ts';
import type { ModelCore } from './core.ts';
import type { Feed } from './feed.ts';
import { MetricSums } from './metricSums.ts';
import type { Mixer } from './mixing.ts';
import type { Probe } from './probe.ts';
import { traceLoss, trainable, trainSpec } from './programs.ts';
import type { Accumulation } from './step.ts';

/** Gives late variables memory, and parameters their gradients and slots. */
export async function prepare(
  core: ModelCore,
  feeds: readonly Feed[],
  size: number,
  mixer?: Mixer,
): Promise<void> {
  const { optimizer } = core.requireCompiled;
  const { trace } = traceLoss(core.network, core.requireCompiled, feeds, size, true, true, mixer);
  await turn();
  await core.state.adopt(trace, core.seed);
  const parameters = trainable(trace);
  if (parameters.length === 0)
    throw new StateError(`model "${core.network.name}" has no trainable weights`);
  if (await core.state.prepareTraining(parameters, optimizer)) core.restart();
}

/** State of the metrics over the data of `owner`, which its programs share. */
export function metricSums(
  core: ModelCore,
  owner: string,
  feeds: readonly Feed[],
  compiled = core.requireCompiled,
): MetricSums {
  const { network, state } = core;
  const trace = () => traceLoss(network, compiled, feeds, 1, false).accumulated;
  return state.metricSums(owner, () => new MetricSums(state, trace()));
}

/** Which of the training programs of one batch size. */
export interface StepVariant {
  readonly accumulation?: Accumulation;
  /** Measures more of the step. */
  readonly probe?: Probe | undefined;
  /** Examples are mixed with each other. */
  readonly mixer?: Mixer | undefined;
}

/** What the training program for batches of `size` computes. */
export function* trainingSpec(
  core: ModelCore,
  feeds: readonly Feed[],
  owner: string,
  size: number,
  { accumulation = 'only', probe, mixer }: StepVariant = {},
): Work<ProgramSpec> {
  const { optimizer, accumulate } = core.requireCompiled;
  const traced = traceLoss(core.network, core.requireCompiled, feeds, size, true, true, mixer);
  yield;
  return yield* trainSpec(
    `train ${core.network.name}`,
    traced,
    optimizer,
    core.state,
    accumulation,
    accumulate,
    metricSums(core, owner, feeds),
    probe,
  );
}

/** That program. To be called within `engine.exclusive`. */
export async function trainProgram(
  core: ModelCore,
  feeds: readonly Feed[],
  owner: string,
  size: number,
  variant: StepVariant = {},
): Promise<Executable> {
  const { accumulation = 'only', probe } = variant;
  const parts = [core.network, ...core.models, ...core.layers];
  const frozen = parts.map((part) => (part.trainable === false ? '0' : '1')).join('');
  const named = feeds.map((f) => f.name).join();
  return core.state.programInTurns(
    `${owner}:train:${size}:${accumulation}:${frozen}:${named}${probe ? ':probe' : ''}`,
    () => trainingSpec(core, feeds, owner, size, variant),
  );
}

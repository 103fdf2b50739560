import type { Tensor } from '../graph/tensor.ts';
import { checkCount, checkNumber, type Named, withDefaults } from '../nn/named.ts';
import type { Common } from '../ops/update.ts';
import { OptionError } from '../runtime/errors.ts';
import { resolveGroups, settingsOf } from './groups.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';
import { schedule } from './schedule.ts';

/** Where ε stands in the update; the optimisers say how. Default `'keras'`. */
export type EpsilonPlacement = 'keras' | 'torch';

interface Rules {
  readonly slots: Optimizer['slots'];
  update(
    parameter: Tensor,
    gradient: Tensor,
    slots: readonly Tensor[],
    guard: Tensor,
    common: Common,
  ): Tensor;
}

interface Defaults {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** The slot of moving averages, behind all others. */
const AVERAGE = 'average';

const COMMON = {
  clipValue: undefined,
  clipNorm: undefined,
  globalClipNorm: undefined,
  groups: undefined,
  useEma: false,
  emaMomentum: 0.99,
  emaOverwriteFrequency: undefined,
};

/** Makes an optimiser: completes and checks the options that all have, and adds the rules of its own. */
export function makeOptimizer<Own extends Defaults>(
  name: string,
  given: OptimizerOptions,
  defaults: Own,
  rules: (own: Own) => Rules,
): Optimizer {
  const set: Own = withDefaults(name, given, { ...COMMON, ...defaults });
  const common: OptimizerOptions = set;
  checkCommon(name, common);
  const groups = common.groups && resolveGroups(name, common.groups);
  const { slots, update } = rules(set);
  let rate = rateOf(name, set.learningRate);
  return {
    name,
    options: common,
    slots: common.useEma ? [...slots, { name: AVERAGE, initial: 'parameter' }] : slots,
    get config() {
      return { ...(set as Record<string, unknown>), learningRate: rate, groups };
    },
    get learningRate() {
      return rate;
    },
    set learningRate(value) {
      rate = rateOf(name, value);
    },
    update: (parameter, gradient, state, guard, parameterName) =>
      update(
        parameter,
        gradient,
        state.slice(0, slots.length),
        guard,
        settingsOf(groups ?? [], set.weightDecay, parameterName),
      ),
  };
}

function rateOf(name: string, rate: OptimizerOptions['learningRate'] | Named) {
  if (typeof rate === 'number') return checkNumber(`${name}: learningRate`, rate, { from: 0 });
  if (!rate)
    throw new OptionError(`${name}: learningRate is ${rate}, expected a number or a schedule`);
  return schedule(rate);
}

function checkCommon(name: string, options: OptimizerOptions): void {
  const clips = (['clipValue', 'clipNorm', 'globalClipNorm'] as const).filter(
    (key) => options[key] !== undefined,
  );
  for (const key of clips) checkNumber(`${name}: ${key}`, options[key] as number, { above: 0 });
  if (clips.length > 1)
    throw new OptionError(`${name}: ${clips.join(' and ')} are set, expected at most one`);
  checkNumber(`${name}: emaMomentum`, options.emaMomentum ?? 0, { from: 0, to: 1 });
  checkCount(`${name}: emaOverwriteFrequency`, options.emaOverwriteFrequency ?? 1);
  checkNumber(`${name}: weightDecay`, options.weightDecay ?? 0, { from: 0 });
}

/** Throws unless `value` names a placement; whether ε stands where PyTorch has it. */
export function placedAsTorch(name: string, value: EpsilonPlacement): boolean {
  if (value === 'keras' || value === 'torch') return value === 'torch';
  throw new OptionError(`${name}: epsilonPlacement "${value}", expected "keras" or "torch"`);
}

import { expect, it } from 'vitest';
import { unsqueeze } from '../../src/ops/layout.ts';
import { concat } from '../../src/ops/slice.ts';
import { clipGradients } from '../../src/optim/clip.ts';
import { optimizer, optimizers } from '../../src/optim/index.ts';
import { type Schedule, schedule, schedules } from '../../src/optim/schedule.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import {
  type Call,
  camel,
  type GoldenArray,
  goldenCases,
  goldenSuite,
  hasGolden,
  options,
  type Plan,
  readGolden,
  toTensor,
} from '../support/golden.ts';
import { Descent, Slab } from '../support/optimize.ts';

interface Update {
  readonly optimizer: { readonly class: string; readonly config?: Record<string, unknown> };
  readonly optimizer_id: number;
  readonly grad: GoldenArray;
  readonly excluded_from_weight_decay?: boolean;
}

const CLIPS: Record<string, string> = {
  clipnorm: 'clipNorm',
  clipvalue: 'clipValue',
  global_clipnorm: 'globalClipNorm',
};

function ours({ class: name = '', config = {} }: Pick<Call, 'class' | 'config'>) {
  const renamed = Object.entries(config).map(([key, value]) => [CLIPS[key] ?? key, value]);
  return { name: name.toLowerCase(), ...options(Object.fromEntries(renamed)) };
}

async function follow(
  engine: Engine,
  initial: GoldenArray,
  updates: readonly Update[],
): Promise<number[]> {
  const parameter = new Slab(engine, 'parameter', initial.data as number[]);
  const runs = new Map<number, Descent>();
  for (const { optimizer: made, optimizer_id: id, grad, ...update } of updates) {
    const name = update.excluded_from_weight_decay ? 'excluded' : 'other';
    const follower = optimizer({ ...ours(made), groups: EXCLUDE });
    const run = runs.get(id) ?? new Descent(engine, follower, parameter, name);
    runs.set(id, run);
    await run.step(grad.data as number[]);
  }
  for (const run of runs.values()) run.free();
  return parameter.read();
}

/** What Keras has and this library has not. */
const OTHERS = 'not offered: Ftrl, Lamb, Muon, Adafactor, schedule-free AdamW';
/** Keras leaves out a variable by its name, or by itself; a group does both. */
const EXCLUDE = [{ match: 'excluded', weightDecay: 0 }];

function optimizerPlan(call: Call): Plan {
  const { initial, updates = [] } = call as { initial?: GoldenArray; updates?: Update[] };
  const made = call.of ?? updates[0]?.optimizer;
  if (!made?.class || !(made.class.toLowerCase() in optimizers)) return OTHERS;
  if (call.method === '_clip_gradients') {
    const [gradients] = call.args as [unknown[]];
    return {
      compute: () =>
        concat(
          clipGradients(gradients.map(toTensor), optimizer(ours(made)).options).map((g) =>
            unsqueeze(g, 0),
          ),
          0,
        ),
    };
  }
  return { compute: (engine) => follow(engine, initial as GoldenArray, updates) };
}

goldenSuite('optimisers', goldenCases('optimizers'), optimizerPlan, { leftOut: 39 });

/** Names of positional arguments. */
const ARGUMENTS: Record<string, string[]> = {
  exponentialDecay: ['initialLearningRate', 'decaySteps', 'decayRate'],
  inverseTimeDecay: ['initialLearningRate', 'decaySteps', 'decayRate'],
  polynomialDecay: ['initialLearningRate', 'decaySteps', 'endLearningRate'],
  piecewiseConstantDecay: ['boundaries', 'values'],
  cosineDecay: ['initialLearningRate', 'decaySteps', 'alpha'],
  cosineDecayRestarts: ['initialLearningRate', 'firstDecaySteps'],
};

function schedulePlan({ of, args = [] }: Call): Plan {
  const name = camel(of?.class ?? '');
  if (!(name in schedules)) return 'not offered';
  const positional = Object.fromEntries(
    (of?.args ?? []).map((value, i) => [ARGUMENTS[name]?.[i], value]),
  );
  const step = typeof args[0] === 'number' ? args[0] : Number((args[0] as GoldenArray).data[0]);
  return { compute: () => schedule({ name, ...positional, ...options(of?.config) })(step, 0) };
}

goldenSuite('schedules', goldenCases('lr-schedules'), schedulePlan, { leftOut: 0 });

/** [file, steps of the warm-up] of linear warm-up and decay to 0 over 100 steps (0, 30, 70), or beyond them (200). */
const WARMUPS = ['0', '30', '70', '200'].flatMap(
  (steps) =>
    [
      [steps, ''],
      [steps, '_restored'],
    ] as const,
);

it.skipIf(!hasGolden).each(WARMUPS)(
  'linear warm-up in %s steps%s as in ONNX Runtime',
  (steps, restored) => {
    const file = `ort-training/lr_scheduler/warmup_linear_scheduler_warmupstep-${steps}${restored}.json`;
    const points = readGolden(file) as [number, [number]][];
    const warm = Number(steps);
    const decay = schedules.polynomialDecay({
      initialLearningRate: 1e-3,
      decaySteps: Math.max(1, 100 - warm),
      endLearningRate: 0,
    });
    const rate: Schedule = schedules.warmup(decay, warm);
    for (const [step, [want]] of points) expect(rate(step, 0)).toBeCloseTo(want, 12);
  },
);

interface Trajectory {
  readonly Parameters: Record<string, number[][]>;
  readonly Gradients: Record<string, number[][]>;
  readonly Momentum1s?: Record<string, number[][]>;
  readonly Momentum2s?: Record<string, number[][]>;
}

const torchAdamW = { name: 'adamw', epsilon: 1e-8, weightDecay: 0.01, epsilonPlacement: 'torch' };
const huggingFace = { name: 'adamw', epsilon: 1e-6, weightDecay: 0, epsilonPlacement: 'keras' };
const TRAJECTORIES = [
  ['adamw_test/cpu/adamw_test_single_weight_mode_0', torchAdamW],
  ['adamw_test/cpu/adamw_test_multiple_weights_mode_0', torchAdamW],
  ['adamw_test/cpu/adamw_test_single_weight_mode_1', huggingFace],
  ['adamw_test/cpu/adamw_test_multiple_weights_mode_1', huggingFace],
  ['sgd_test/cpu/sgd_test_single_weight', { name: 'sgd', learningRate: 0.001 }],
  ['sgd_test/cpu/sgd_test_multiple_weights', { name: 'sgd', learningRate: 0.001 }],
] as const;

const BUILDS = ['simd', 'f64'] as const;
const RUNS = TRAJECTORIES.flatMap(([file, config]) =>
  BUILDS.map((build) => ({ file, config, build })),
);

it.skipIf(!hasGolden).each(RUNS)(
  "follows PyTorch's $file in 10 steps, build $build",
  async ({ file, config, build }) => {
    const { Parameters, Gradients, Momentum1s, Momentum2s } = readGolden(
      `ort-training/${file}.json`,
    ) as Trajectory;
    using engine = await createEngine({ kind: 'inline', build });
    for (const [name, values] of Object.entries(Parameters)) {
      const run = new Descent(
        engine,
        optimizer(config),
        new Slab(engine, name, values[0] as number[]),
      );
      for (const [i, gradient] of (Gradients[name] as number[][]).entries()) {
        near(await run.step(gradient), values[i + 1]);
        const [m, v] = run.slots;
        if (m && Momentum1s) near(await m.read(), Momentum1s[name]?.[i + 1]);
        if (v && Momentum2s) near(await v.read(), Momentum2s[name]?.[i + 1]);
      }
    }
  },
);

function near(got: readonly number[], want: readonly number[] = []): void {
  expect(got.length).toBe(want.length);
  got.forEach((x, i) => {
    expect(Math.abs(x - (want[i] as number))).toBeLessThan(1e-6);
  });
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { toPlain } from '../../src/nn/named.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { clipGradients } from '../../src/optim/clip.ts';
import { optimizer, optimizerConfig, optimizers } from '../../src/optim/index.ts';
import { schedule, schedules } from '../../src/optim/schedule.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { Descent, Slab } from '../support/optimize.ts';

/** One number at a time: the next p from p, g, the step t from 1 and the state. */
type Rule = (p: number, g: number, t: number, s: Record<string, number>) => number;

function momentum(rate: number, mu: number, nesterov: boolean): Rule {
  return (p, g, _, s) => {
    s.m = mu * (s.m ?? 0) - rate * g;
    return nesterov ? p + mu * s.m - rate * g : p + s.m;
  };
}

function rmsprop({
  torch = false,
  centered = false,
  mu = 0,
  rho = 0.9,
  epsilon = 1e-7,
  rate = 0.001,
}): Rule {
  return (p, g, _, s) => {
    s.v = rho * (s.v ?? 0) + (1 - rho) * g * g;
    s.a = rho * (s.a ?? 0) + (1 - rho) * g;
    const v = centered ? s.v - s.a ** 2 : s.v;
    const step = (rate * g) / (torch ? Math.sqrt(v) + epsilon : Math.sqrt(v + epsilon));
    s.m = mu * (s.m ?? 0) + step;
    return p - s.m;
  };
}

function adam({ torch = false, amsgrad = false, decay = 0, epsilon = 1e-7, rate = 0.001 }): Rule {
  return (p, g, t, s) => {
    s.m = 0.9 * (s.m ?? 0) + 0.1 * g;
    s.v = 0.999 * (s.v ?? 0) + 0.001 * g * g;
    s.max = Math.max(s.max ?? 0, s.v);
    const v = amsgrad ? s.max : s.v;
    const [first, second] = [1 - 0.9 ** t, 1 - 0.999 ** t];
    const move = torch
      ? ((rate / first) * s.m) / (Math.sqrt(v / second) + epsilon)
      : (((rate * Math.sqrt(second)) / first) * s.m) / (Math.sqrt(v) + epsilon);
    return p - rate * decay * p - move;
  };
}

function adagrad(torch: boolean): Rule {
  return (p, g, _, s) => {
    s.a = (s.a ?? 0.1) + g * g;
    return p - (0.001 * g) / (torch ? Math.sqrt(s.a) + 1e-7 : Math.sqrt(s.a + 1e-7));
  };
}

const adamax: Rule = (p, g, t, s) => {
  s.m = 0.9 * (s.m ?? 0) + 0.1 * g;
  s.u = Math.max(0.999 * (s.u ?? 0), Math.abs(g));
  return p - (0.001 / (1 - 0.9 ** t)) * (s.m / (s.u + 1e-7));
};

const nadam: Rule = (p, g, t, s) => {
  const mu = (i: number) => 0.9 * (1 - 0.5 * 0.96 ** i);
  s.product = (s.product ?? 1) * mu(t);
  s.m = 0.9 * (s.m ?? 0) + 0.1 * g;
  s.v = 0.999 * (s.v ?? 0) + 0.001 * g * g;
  const next = mu(t + 1);
  const m = (next * s.m) / (1 - s.product * next) + ((1 - mu(t)) * g) / (1 - s.product);
  return p - (0.001 * m) / (Math.sqrt(s.v / (1 - 0.999 ** t)) + 1e-7);
};

const adadelta: Rule = (p, g, _, s) => {
  s.a = 0.95 * (s.a ?? 0) + 0.05 * g * g;
  const change = (g * Math.sqrt((s.d ?? 0) + 1e-7)) / Math.sqrt(s.a + 1e-7);
  s.d = 0.95 * (s.d ?? 0) + 0.05 * change * change;
  return p - 0.001 * change;
};

const lion: Rule = (p, g, _, s) => {
  const m = s.m ?? 0;
  s.m = 0.99 * m + 0.01 * g;
  return p - 0.001 * Math.sign(0.9 * m + 0.1 * g);
};

/** The parameter of the tests is "p". */
const GROUPS = [
  { match: '^q', learningRateFactor: 9 },
  { match: '^p$', learningRateFactor: 10, weightDecay: 0.5 },
  { match: 'p', learningRateFactor: 3 },
];
/** Ten times the change of a rule, and decay. */
const grouped =
  (rule: Rule, rate = 0.001): Rule =>
  (p, g, t, s) =>
    p - 10 * rate * 0.5 * p + 10 * (rule(p, g, t, s) - p);

const torch = { epsilonPlacement: 'torch', epsilon: 1e-2 };
const CASES: [string, object, Rule][] = [
  ['sgd', {}, (p, g) => p - 0.01 * g],
  ['sgd', { learningRate: 0.1, weightDecay: 0.5 }, (p, g) => p - 0.05 * p - 0.1 * g],
  ['sgd', { momentum: 0.9 }, momentum(0.01, 0.9, false)],
  ['sgd', { momentum: 0.9, nesterov: true }, momentum(0.01, 0.9, true)],
  ['rmsprop', {}, rmsprop({})],
  ['rmsprop', { centered: true, momentum: 0.5 }, rmsprop({ centered: true, mu: 0.5 })],
  ['rmsprop', { momentum: 0.5, rho: 0.8 }, rmsprop({ mu: 0.5, rho: 0.8 })],
  ['rmsprop', torch, rmsprop({ torch: true, epsilon: 1e-2 })],
  ['adam', {}, adam({})],
  ['adam', { amsgrad: true, learningRate: 0.1 }, adam({ amsgrad: true, rate: 0.1 })],
  ['adam', torch, adam({ torch: true, epsilon: 1e-2 })],
  ['adamw', {}, adam({ decay: 0.004 })],
  ['adamw', { weightDecay: 0.5, ...torch }, adam({ decay: 0.5, torch: true, epsilon: 1e-2 })],
  ['adagrad', {}, adagrad(false)],
  ['adamax', {}, adamax],
  ['adamax', { groups: GROUPS }, grouped(adamax)],
  ['nadam', {}, nadam],
  ['nadam', { groups: GROUPS }, grouped(nadam)],
  ['adadelta', {}, adadelta],
  ['adadelta', { groups: GROUPS }, grouped(adadelta)],
  ['lion', {}, lion],
  ['lion', { groups: GROUPS }, grouped(lion)],
  ['adam', { groups: GROUPS }, grouped(adam({}))],
  ['adamw', { groups: [{ match: 'p', weightDecay: 0 }] }, adam({})],
  ['adamw', { groups: [{ match: '^q', weightDecay: 0 }] }, adam({ decay: 0.004 })],
  ['sgd', { momentum: 0.9, groups: GROUPS }, grouped(momentum(0.01, 0.9, false), 0.01)],
  ['rmsprop', { groups: GROUPS }, grouped(rmsprop({}))],
  ['adagrad', { epsilonPlacement: 'torch' }, adagrad(true)],
];

const START = [1, -2, 0.5, 3, -1e-3];
const GRADIENTS = [
  [0.1, 2, -3, 0, 1e-4],
  [-1, 2, 0.5, 0, 1e-4],
  [4, 2, 0, 0, -1e-4],
  [0, 0, 0, 1, 0],
  [0.3, -2, 3, 0, 5],
];

describe.each([
  ['f64', 1e-13],
  ['simd', 1e-6],
] as const)('build %s', (build, bound) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ kind: 'inline', build });
  });
  afterAll(() => engine.dispose());

  it.each(CASES)('%s %o follows its rule', async (name, options, rule) => {
    const run = new Descent(engine, optimizer({ name, ...options }), new Slab(engine, 'p', START));
    const states = START.map(() => ({}));
    let want = START;
    for (const [i, gradient] of GRADIENTS.entries()) {
      want = want.map((p, k) =>
        rule(p, gradient[k] as number, i + 1, states[k] as Record<string, number>),
      );
      const got = await run.step(gradient);
      got.forEach((x, k) => {
        expect(Math.abs(x - (want[k] as number))).toBeLessThan(bound * Math.max(1, Math.abs(x)));
      });
    }
    run.free();
  });

  it.each(Object.keys(optimizers))(
    '%s changes nothing when the loss is not finite',
    async (name) => {
      const run = new Descent(engine, optimizer(name), new Slab(engine, 'p', START));
      const before = await run.step(GRADIENTS[0] as number[]);
      for (const loss of [Number.NaN, Infinity])
        expect(await run.step([Number.NaN, 1, 1, 1, 1], loss)).toEqual(before);
      run.free();
    },
  );

  it.each([
    [{}, [3, -4, 0, 12]],
    [{ clipValue: 2 }, [2, -2, 0, 2]],
    [{ clipNorm: 1 }, [0.6, -0.8, 0, 1]],
    [{ clipNorm: 100 }, [3, -4, 0, 12]],
    [{ globalClipNorm: 6.5 }, [1.5, -2, 0, 6]],
    [{ globalClipNorm: 100 }, [3, -4, 0, 12]],
  ])('clips by %o', async (options, want) => {
    const found = await evaluate(clipGradients([tensor([3, -4]), tensor([[0, 12]])], options), {
      engine,
    });
    expect(found.map((g) => g.shape)).toEqual([[2], [1, 2]]);
    const all = found.flatMap((g) => [...g.data]);
    want.forEach((x, i) => {
      expect(all[i]).toBeCloseTo(x, 6);
    });
  });
});

it('keeps the defaults of Keras', () => {
  const rates = Object.fromEntries(
    Object.keys(optimizers).map((name) => [name, optimizer(name).learningRate]),
  );
  const { sgd, ...others } = rates;
  expect(sgd).toBe(0.01);
  expect(new Set(Object.values(others))).toEqual(new Set([0.001]));
  expect(optimizers.adagrad().slots).toEqual([{ name: 'accumulator', initial: 0.1 }]);
  expect(optimizers.sgd().slots).toEqual([]);
});

it.each(Object.keys(optimizers))('%s is rebuilt from its configuration', (name) => {
  const made = optimizer({
    name,
    learningRate: { name: 'timeBasedDecay', initialLearningRate: 0.1 },
    clipNorm: 1,
    groups: [{ match: /bias/, weightDecay: 0 }],
  });
  const config = optimizerConfig(made);
  const again = optimizer(JSON.parse(JSON.stringify(config)));
  expect(optimizerConfig(again)).toEqual(config);
  expect(again.learningRate).toBeTypeOf('function');
  again.learningRate = 0.5;
  expect(optimizerConfig(again).learningRate).toBe(0.5);
  expect(optimizer(again)).toBe(again);
});

it.each([
  [() => optimizer('adm'), 'unknown optimizer "adm"; did you mean "adam"?'],
  [() => optimizers.adam({ lr: 1 } as never), 'unknown option of adam "lr"'],
  [() => optimizers.adam({ beta1: 1 }), 'adam: beta1 is 1, expected a number ≥ 0 and < 1'],
  [
    () => optimizers.adamw({ epsilonPlacement: 'jax' as never }),
    'adamw: epsilonPlacement "jax", expected "keras" or "torch"',
  ],
  [() => optimizers.sgd({ learningRate: -1 }), 'sgd: learningRate is -1, expected a number ≥ 0'],
  [
    () => optimizers.sgd({ groups: [{ match: 'a' }, { match: /b/i }] }),
    'sgd: groups[1]: match is /b/i, expected a regular expression without flags',
  ],
  [() => optimizers.sgd({ groups: [{ match: '(' }] }), 'sgd: groups[0]: match: Invalid regular'],
  [
    () => optimizers.sgd({ groups: [{ match: 'a', learningRateFactor: -1 }] }),
    'sgd: groups[0]: learningRateFactor is -1, expected a number ≥ 0',
  ],
  [
    () => optimizers.sgd({ groups: [{ match: 'a', rate: 1 } as never] }),
    'unknown option of sgd: groups[0] "rate"',
  ],
  [
    () => optimizers.sgd({ clipNorm: 1, clipValue: 1 }),
    'sgd: clipValue and clipNorm are set, expected at most one',
  ],
  [
    () => {
      optimizers.sgd().learningRate = Number.NaN;
    },
    'sgd: learningRate is NaN, expected a number ≥ 0',
  ],
  [
    () => optimizerConfig(optimizers.sgd({ learningRate: () => 1 })),
    'sgd: learningRate is a function of your own',
  ],
  [
    () => schedules.exponentialDecay({ initialLearningRate: 1, decaySteps: 0, decayRate: 1 }),
    'exponentialDecay: decaySteps is 0',
  ],
  [
    () => schedules.exponentialDecay({ initialLearningRate: 1 } as never),
    'exponentialDecay: decaySteps is undefined',
  ],
  [
    () => schedules.piecewiseConstantDecay({ boundaries: [1], values: [1] }),
    '1 values, expected 2: one more than boundaries',
  ],
  [
    () => schedules.piecewiseConstantDecay({ boundaries: [2, 1], values: [1, 1, 1] }),
    'boundaries[1] is 1, expected a number > 2',
  ],
  [() => schedules.warmup(1, -1), 'warmup: steps is -1, expected a whole number ≥ 0'],
  [
    () => schedules.sqrtDecay({ initialLearningRate: 1, per: 'batch' as never }),
    'per "batch", expected "step" or "epoch"',
  ],
])('wrong options are errors in words', (body, words) => expect(body).toThrow(words));

const initialLearningRate = 0.2;
it.each([
  ['constant', schedules.constant(0.3), [0.3, 0.3, 0.3]],
  ['time based', schedules.timeBasedDecay({ initialLearningRate }), [0.2, 0.2, 0.1]],
  [
    'time based by step',
    schedules.timeBasedDecay({ initialLearningRate, decayRate: 0.5, per: 'step' }),
    [0.2, 0.2 / 1.5, 0.2 / 6],
  ],
  [
    'square root',
    schedules.sqrtDecay({ initialLearningRate }),
    [0.2, 0.2 / Math.sqrt(2), 0.2 / Math.sqrt(11)],
  ],
  [
    'square root by epoch',
    schedules.sqrtDecay({ initialLearningRate, per: 'epoch' }),
    [0.2, 0.2, 0.2 / Math.sqrt(2)],
  ],
  ['warm-up', schedules.warmup(0.4, 4), [0, 0.1, 0.4]],
  [
    'warm-up of a schedule',
    schedules.warmup(schedules.sqrtDecay({ initialLearningRate }), 2),
    [0, 0.1, 0.2 / 3],
  ],
  [
    'exponential by epoch',
    schedules.exponentialDecay({
      initialLearningRate,
      decaySteps: 1,
      decayRate: 0.5,
      per: 'epoch',
    }),
    [0.2, 0.2, 0.1],
  ],
  [
    'staircase by epoch',
    schedules.inverseTimeDecay({
      initialLearningRate,
      decaySteps: 2,
      decayRate: 0.5,
      staircase: true,
      per: 'epoch',
    }),
    [0.2, 0.2, 0.2],
  ],
  [
    'one cycle',
    schedules.oneCycle({ maxLearningRate: 1, totalSteps: 11, warmupShare: 0.5 }),
    [0.04, 0.04 + 0.96 * (1 - Math.cos(Math.PI / 4.5)) * 0.5, 0.04 / 1e4],
  ],
  ['the number itself', schedule(0.7), [0.7, 0.7, 0.7]],
])('schedule: %s', (_, rate, want) => {
  const points = [
    [0, 0],
    [1, 0],
    [10, 1],
  ] as const;
  points.forEach(([step, epoch], i) => {
    expect(rate(step, epoch)).toBeCloseTo(want[i] as number, 14);
  });
  const config = JSON.parse(JSON.stringify(toPlain('schedule', rate)));
  expect(schedule(config)(7, 2)).toBe(rate(7, 2));
});

/** torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=20) by PyTorch. */
const ONE_CYCLE = [
  [0, 0.004],
  [1, 0.0131671843],
  [3, 0.0668328157],
  [5, 0.1],
  [6, 0.0987464006],
  [12, 0.0500002],
  [18, 0.00125399938],
  [19, 4e-7],
  [50, 4e-7],
] as const;

it.each(ONE_CYCLE)('one cycle, step %d: as in PyTorch', (step, want) => {
  const rate = schedules.oneCycle({ maxLearningRate: 0.1, totalSteps: 20 });
  expect(Math.abs(rate(step, 0) / want - 1)).toBeLessThan(1e-8);
});

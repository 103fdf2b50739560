import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { NONE, type Pointer, type Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads, stepRow } from '../support/threads.ts';

const DEFAULTS = {
  rate: 0.01,
  weightDecay: 0,
  momentum: 0,
  nesterov: 0,
  rho: 0.9,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
  outside: 0,
  centered: 0,
  amsgrad: 0,
  /** What the accumulators start at. */
  initial: 0,
};
type Options = typeof DEFAULTS;
type Slots = [Pointer, Pointer, Pointer];
type Tail = readonly [factor: number, weightDecay: number, guard: Pointer, step: Pointer];

interface Update {
  row(p: Pointer, g: Pointer, s: Slots, n: number, o: Options, tail: Tail): Row;
  /** The change of one parameter; `s` are its three moments, updated. */
  change(s: [number, number, number], g: number, t: number, o: Options): number;
}

const updates = {
  sgd: {
    row: (p, g, _s, n, _o, tail) => kernels.sgd(p, g, n, 1, ...tail),
    change: (_s, g, _t, o) => -o.rate * g,
  },
  momentum: {
    row: (p, g, [m], n, o, tail) =>
      kernels.momentum(p, g, m, n, 1, o.momentum, o.nesterov, ...tail),
    change(s, g, _t, o) {
      s[0] = o.momentum * s[0] - o.rate * g;
      return o.nesterov ? o.momentum * s[0] - o.rate * g : s[0];
    },
  },
  rmsprop: {
    row(p, g, [v, mg, m], n, o, tail) {
      const means = o.centered ? mg : NONE;
      const moments = o.momentum ? m : NONE;
      const { rho, momentum, epsilon, outside } = o;
      return kernels.rmsprop(
        p,
        g,
        v,
        means,
        moments,
        n,
        1,
        rho,
        momentum,
        epsilon,
        outside,
        ...tail,
      );
    },
    change(s, g, _t, o) {
      s[0] = o.rho * s[0] + (1 - o.rho) * g * g;
      s[1] = o.rho * s[1] + (1 - o.rho) * g;
      const d = s[0] - (o.centered ? s[1] * s[1] : 0);
      const root = o.outside ? Math.sqrt(d) + o.epsilon : Math.sqrt(d + o.epsilon);
      s[2] = o.momentum * s[2] + (o.rate * g) / root;
      return -s[2];
    },
  },
  adam: {
    row(p, g, [m, v, vmax], n, o, tail) {
      const { beta1, beta2, epsilon, outside } = o;
      const most = o.amsgrad ? vmax : NONE;
      return kernels.adam(p, g, m, v, most, n, 1, beta1, beta2, epsilon, outside, ...tail);
    },
    change(s, g, t, o) {
      s[0] += (g - s[0]) * (1 - o.beta1);
      s[1] += (g * g - s[1]) * (1 - o.beta2);
      s[2] = Math.max(s[1], s[2]);
      const root = Math.sqrt(1 - o.beta2 ** t);
      const alpha = (o.rate * root) / (1 - o.beta1 ** t);
      const epsilon = o.outside ? o.epsilon * root : o.epsilon;
      return (-alpha * s[0]) / (Math.sqrt(o.amsgrad ? s[2] : s[1]) + epsilon);
    },
  },
  adagrad: {
    row: (p, g, [a], n, o, tail) => kernels.adagrad(p, g, a, n, 1, o.epsilon, o.outside, ...tail),
    change(s, g, _t, o) {
      s[0] += g * g;
      const root = o.outside ? Math.sqrt(s[0]) + o.epsilon : Math.sqrt(s[0] + o.epsilon);
      return (-o.rate * g) / root;
    },
  },
  adamax: {
    row: (p, g, [m, u], n, o, tail) =>
      kernels.adamax(p, g, m, u, n, 1, o.beta1, o.beta2, o.epsilon, ...tail),
    change(s, g, t, o) {
      s[0] += (g - s[0]) * (1 - o.beta1);
      s[1] = Math.max(o.beta2 * s[1], Math.abs(g));
      return (-o.rate * s[0]) / ((1 - o.beta1 ** t) * (s[1] + o.epsilon));
    },
  },
  nadam: {
    row: (p, g, [m, v], n, o, tail) =>
      kernels.nadam(p, g, m, v, n, 1, o.beta1, o.beta2, o.epsilon, ...tail),
    change(s, g, t, o) {
      const mu = (i: number) => o.beta1 * (1 - 0.5 * 0.96 ** i);
      const product = range(t).reduce((all, i) => all * mu(i + 1), 1);
      s[0] += (g - s[0]) * (1 - o.beta1);
      s[1] += (g * g - s[1]) * (1 - o.beta2);
      const next = mu(t + 1);
      const m = (next * s[0]) / (1 - product * next) + ((1 - mu(t)) * g) / (1 - product);
      return (-o.rate * m) / (Math.sqrt(s[1] / (1 - o.beta2 ** t)) + o.epsilon);
    },
  },
  adadelta: {
    row: (p, g, [a, d], n, o, tail) =>
      kernels.adadelta(p, g, a, d, n, 1, o.rho, o.epsilon, ...tail),
    change(s, g, _t, o) {
      s[0] = o.rho * s[0] + (1 - o.rho) * g * g;
      const delta = (g * Math.sqrt(s[1] + o.epsilon)) / Math.sqrt(s[0] + o.epsilon);
      s[1] = o.rho * s[1] + (1 - o.rho) * delta * delta;
      return -o.rate * delta;
    },
  },
  lion: {
    row: (p, g, [m], n, o, tail) => kernels.lion(p, g, m, n, 1, o.beta1, o.beta2, ...tail),
    change(s, g, _t, o) {
      const way = Math.sign(o.beta1 * s[0] + (1 - o.beta1) * g);
      s[0] = o.beta2 * s[0] + (1 - o.beta2) * g;
      return -o.rate * way;
    },
  },
} satisfies Record<string, Update>;
type Name = keyof typeof updates;

/** A parameter with its moments in memory. */
class Variable {
  readonly bench: KernelBench;
  readonly p: Pointer;
  readonly slots: Slots;
  readonly update: Update;
  readonly options: Options;

  constructor(bench: KernelBench, name: Name, p: Pointer, options: Partial<Options>) {
    this.bench = bench;
    this.p = p;
    this.update = updates[name];
    this.options = { ...DEFAULTS, ...options };
    const n = p.bytes / bench.realBytes;
    const slot = () => bench.buffer(new Array(n).fill(this.options.initial));
    this.slots = [slot(), slot(), slot()];
  }

  step(gradient: readonly number[], number: number, guard = NONE): void {
    const step = stepRow(this.bench, { rate: this.options.rate, number });
    const tail = [1, this.options.weightDecay, guard, step] as const;
    const g = this.bench.buffer(gradient);
    const n = gradient.length;
    const row = this.update.row(this.p, g, this.slots, n, this.options, tail);
    runOnThreads(this.bench, row, this.p, ...this.slots);
  }
}

const cases: [Name, Partial<Options>][] = [
  ['sgd', {}],
  ['sgd', { weightDecay: 0.1 }],
  ['momentum', { momentum: 0.9 }],
  ['momentum', { momentum: 0.9, nesterov: 1, weightDecay: 0.1 }],
  ['rmsprop', {}],
  ['rmsprop', { centered: 1, epsilon: 1e-3 }],
  ['rmsprop', { momentum: 0.8, outside: 1, weightDecay: 0.01 }],
  ['rmsprop', { momentum: 0.5, centered: 1, outside: 1, epsilon: 1e-2 }],
  ['adam', {}],
  ['adam', { outside: 1, epsilon: 1e-3, weightDecay: 0.1 }],
  ['adam', { amsgrad: 1, beta1: 0.5, beta2: 0.7 }],
  ['adamax', {}],
  ['adamax', { beta1: 0.5, beta2: 0.7, epsilon: 1e-3, weightDecay: 0.1 }],
  ['nadam', {}],
  ['nadam', { beta1: 0.5, beta2: 0.7, epsilon: 1e-3, weightDecay: 0.1 }],
  ['adadelta', { rate: 1, epsilon: 1e-3 }],
  ['adadelta', { weightDecay: 0.1 }],
  ['lion', { beta2: 0.99 }],
  ['lion', { beta1: 0.5, beta2: 0.7, weightDecay: 0.1 }],
  ['adagrad', { initial: 0.1 }],
  ['adagrad', { initial: 0.1, outside: 1, epsilon: 1e-2, weightDecay: 0.1 }],
];

describe.each(BUILDS)('updates, %s', (build) => {
  const tolerance = build === 'f64' ? 1e-12 : 3e-6;

  test.each(cases)('%s %o over six steps', (name, options) => {
    for (const n of [...range(10), 37]) {
      const bench = new KernelBench(build);
      const start = numbers(n, 9);
      const variable = new Variable(bench, name, bench.buffer(start), options);
      const o = variable.options;
      const expected = [...start];
      const moments = start.map(
        () => [o.initial, o.initial, o.initial] as [number, number, number],
      );
      for (let t = 1; t <= 6; t++) {
        const gradient = numbers(n, t);
        variable.step(gradient, t);
        gradient.forEach((g, i) => {
          const p = expected[i] as number;
          const change = updates[name].change(moments[i] as [number, number, number], g, t, o);
          expected[i] = p - o.rate * o.weightDecay * p + change;
        });
      }
      expectClose(bench.real(variable.p), expected, tolerance, name);
    }
  });

  test.each(cases)('%s %o keeps still when the guard is not finite', (name, options) => {
    for (const [guard, moves] of [
      [1, true],
      [Number.NaN, false],
      [-Infinity, false],
    ] as const) {
      const bench = new KernelBench(build);
      const variable = new Variable(bench, name, bench.buffer([1, 2, 3, 4, 5]), options);
      const memory = () => [variable.p, ...variable.slots].map((p) => bench.bytes(p));
      const before = memory();
      variable.step([1, 2, Number.NaN, 4, 5], 1, bench.buffer([guard]));
      if (moves) expect(memory()).not.toEqual(before);
      else expect(memory()).toEqual(before);
    }
  });

  test('moments below 1e-30 become zero, NaN stays', () => {
    const bench = new KernelBench(build);
    const variable = new Variable(bench, 'adam', bench.buffer([1, 1, 1, 1, 1]), { initial: 1e-30 });
    variable.step([0, 0, Number.NaN, 1, 0], 1);
    const [m, v] = variable.slots.map((s) => bench.real(s)) as [number[], number[]];
    for (const moment of [m, v]) {
      expect(moment.map((x) => x === 0)).toEqual([true, true, false, false, true]);
      expect(moment[2]).toBeNaN();
    }
  });
});

const golden = new URL('../../../shared/golden/', import.meta.url);
if (!existsSync(golden))
  console.warn(`golden figures of the updates skipped: no ${golden.pathname}`);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, golden), 'utf8'));

interface KerasUpdate {
  optimizer: {
    class: 'SGD' | 'Adam' | 'AdamW' | 'Adagrad' | 'RMSprop';
    config: {
      learning_rate?: number;
      weight_decay?: number;
      epsilon?: number;
      centered?: boolean;
      amsgrad?: boolean;
      initial_accumulator_value?: number;
    };
  };
  optimizer_id: number;
  excluded_from_weight_decay?: boolean;
  grad: { data: number[] };
}

const KERAS = {
  SGD: 'sgd',
  Adam: 'adam',
  AdamW: 'adam',
  Adagrad: 'adagrad',
  RMSprop: 'rmsprop',
} as const;

/** The kernel of a Keras optimizer and its options, with the defaults that the configuration leaves out. */
function fromKeras(update: KerasUpdate): [Name, Partial<Options>] {
  const { class: kind, config } = update.optimizer;
  const weightDecay = config.weight_decay ?? (kind === 'AdamW' ? 0.004 : 0);
  const options = {
    rate: config.learning_rate ?? (kind === 'SGD' ? 0.01 : 0.001),
    weightDecay: update.excluded_from_weight_decay ? 0 : weightDecay,
    epsilon: config.epsilon ?? 1e-7,
    centered: +(config.centered ?? false),
    amsgrad: +(config.amsgrad ?? false),
    initial: kind === 'Adagrad' ? (config.initial_accumulator_value ?? 0.1) : 0,
  };
  return [KERAS[kind], options];
}

describe.skipIf(!existsSync(golden)).each(BUILDS)('golden figures, %s', (build) => {
  const FILES = ['sgd', 'adam', 'adamw', 'adagrad', 'rmsprop'];
  test.each(FILES)('Keras %s', (file) => {
    const all = read('keras-optimizers.json').cases[`keras/src/optimizers/${file}_test.py`];
    const sequences = all.filter((c: { actual: object }) => 'initial' in c.actual);
    expect(sequences.length).toBeGreaterThan(5);
    for (const { actual, expected, tol } of sequences) {
      const bench = new KernelBench(build);
      const p = bench.buffer(actual.initial.data as number[]);
      const optimizers = new Map<number, { variable: Variable; steps: number }>();
      for (const update of actual.updates as KerasUpdate[]) {
        const [name, options] = fromKeras(update);
        const known = optimizers.get(update.optimizer_id);
        const { variable, steps } = known ?? {
          variable: new Variable(bench, name, p, options),
          steps: 0,
        };
        optimizers.set(update.optimizer_id, { variable, steps: steps + 1 });
        variable.step(update.grad.data, steps + 1);
      }
      expectClose(bench.real(p), expected.data, tol.atol ?? 10 ** -tol.decimal, file);
    }
  });

  const adamW = { outside: 1, epsilon: 1e-8, weightDecay: 0.01 };
  const TORCH: [string, Name, Partial<Options>][] = [
    ['adamw_test/cpu/adamw_test_single_weight_mode_0', 'adam', adamW],
    ['adamw_test/cpu/adamw_test_multiple_weights_mode_0', 'adam', adamW],
    ['adamw_test/cpu/adamw_test_single_weight_mode_1', 'adam', { epsilon: 1e-6 }],
    ['adamw_test/cpu/adamw_test_multiple_weights_mode_1', 'adam', { epsilon: 1e-6 }],
    ['sgd_test/cpu/sgd_test_single_weight', 'sgd', {}],
    ['sgd_test/cpu/sgd_test_multiple_weights', 'sgd', {}],
  ];
  test.each(TORCH)('PyTorch %s', (file, name, options) => {
    const figures = read(`ort-training/${file}.json`);
    for (const [weight, steps] of Object.entries<number[][]>(figures.Parameters)) {
      const bench = new KernelBench(build);
      const p = bench.buffer(steps[0] as number[]);
      const variable = new Variable(bench, name, p, { ...options, rate: 1e-3 });
      figures.Gradients[weight].forEach((gradient: number[], t: number) => {
        variable.step(gradient, t + 1);
        expectClose(bench.real(p), steps[t + 1] as number[], 2e-7, `${weight} after step ${t + 1}`);
        [figures.Momentum1s, figures.Momentum2s].forEach((moments, i) => {
          if (!moments) return;
          expectClose(bench.real(variable.slots[i] as Pointer), moments[weight][t + 1], 1e-6);
        });
      });
    }
  });
});

import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import type { Common } from '../../src/ops/update.ts';
import { type Case, NAN, SIZES, spread, type Values, values } from './case.ts';

const RATE = 0.125;
const STEP = 3;
const DECAY = 0.25;
/** Of the decayed cases. */
const FACTOR = 0.5;

/** The new parameter and slots from the old ones and the gradient; the decay is already in p. */
type Rule = (p: number, g: number, slots: readonly number[], rate: number) => readonly number[];

type Bounds = readonly [low: number, high: number];

const MEAN: Bounds = [-0.5, 0.5];
const SQUARES: Bounds = [0.5, 2];

interface Form {
  readonly name: string;
  readonly op: (
    p: Tensor,
    g: Tensor,
    slots: readonly Tensor[],
    guard: Tensor,
    common: Common,
  ) => Tensor;
  /** What the slots hold before. */
  readonly slots: readonly Bounds[];
  readonly rule: Rule;
}

function updateCases(forms: readonly Form[]): Case[] {
  return forms.flatMap((form) => [
    ...SIZES.map((n) => updateCase(form, [n], 0, 1)),
    updateCase(form, [5, 7], DECAY, 1),
    updateCase(form, [5, 7], DECAY, NAN),
    { ...updateCase(form, [150, 120], DECAY, 1), bench: true as const },
  ]);
}

function updateCase(
  { name, op, slots, rule }: Form,
  shape: number[],
  weightDecay: number,
  guard: number,
): Case {
  const variable = (seed: number, [low, high]: Bounds): Values => ({
    ...spread(shape, seed, low, high),
    from: 'variable',
  });
  const common = { weightDecay, factor: weightDecay ? FACTOR : 1 };
  const rate = RATE * common.factor;
  const state = slots.map((bounds, i) => variable(i + 3, bounds));
  return {
    name: `${name}[${shape}]${weightDecay ? ', decay' : ''}${guard === 1 ? '' : ', guarded'}`,
    inputs: [variable(1, [-2, 2]), spread(shape, 2), ...state, values([], [guard])],
    op: (p, g, ...rest) =>
      op(p as Tensor, g as Tensor, rest.slice(0, -1), rest.at(-1) as Tensor, common),
    reference: (p, g, ...rest) => {
      const old = [p, ...rest.slice(0, -1)] as Values[];
      if (guard !== 1) return old;
      const news = (p as Values).data.map((v, i) =>
        rule(
          v - rate * weightDecay * v,
          g?.data[i] as number,
          old.slice(1).map((s) => s.data[i] as number),
          rate,
        ),
      );
      return old.map((v, k) =>
        values(
          v.shape,
          news.map((n) => n[k] as number),
        ),
      );
    },
    step: { rate: RATE, number: STEP },
  };
}

const momentum = (nesterov: boolean): Form => ({
  name: nesterov ? 'Nesterov ' : '',
  slots: [MEAN],
  op: (p, g, slots, guard, common) =>
    ops.momentumUpdate(p, g, slots, guard, { momentum: 0.75, nesterov, ...common }),
  rule: (p, g, [m], rate) => {
    const v = 0.75 * (m as number) - rate * g;
    return [nesterov ? p + 0.75 * v - rate * g : p + v, v];
  },
});

const EPSILON = 0.0625;
const root = (v: number, outside: boolean) =>
  outside ? Math.sqrt(v) + EPSILON : Math.sqrt(v + EPSILON);

const rmsprop = (centered: boolean, mu: number, outside: boolean): Form => ({
  name: `centered ${centered}, momentum ${mu}, outside ${outside} `,
  slots: [SQUARES, ...(centered ? [MEAN] : []), ...(mu > 0 ? [MEAN] : [])],
  op: (p, g, slots, guard, common) =>
    ops.rmspropUpdate(p, g, slots, guard, {
      rho: 0.75,
      momentum: mu,
      epsilon: EPSILON,
      outside,
      centered,
      ...common,
    }),
  rule: (p, g, old, rate) => {
    const v = 0.75 * (old[0] as number) + 0.25 * g * g;
    const a = centered ? 0.75 * (old[1] as number) + 0.25 * g : 0;
    const by = (rate * g) / root(v - a * a, outside);
    const m = mu * ((mu > 0 ? old.at(-1) : 0) as number) + by;
    return [p - m, v, ...(centered ? [a] : []), ...(mu > 0 ? [m] : [])];
  },
});

const adam = (amsgrad: boolean, outside: boolean): Form => ({
  name: `amsgrad ${amsgrad}, outside ${outside} `,
  slots: [MEAN, SQUARES, ...(amsgrad ? [SQUARES] : [])],
  op: (p, g, slots, guard, common) =>
    ops.adamUpdate(p, g, slots, guard, {
      beta1: 0.75,
      beta2: 0.875,
      epsilon: EPSILON,
      outside,
      ...common,
    }),
  rule: (p, g, [m0, v0, most], rate) => {
    const m = 0.75 * (m0 as number) + 0.25 * g;
    const v = 0.875 * (v0 as number) + 0.125 * g * g;
    const u = amsgrad ? Math.max(v, most as number) : v;
    const [first, second] = [1 - 0.75 ** STEP, 1 - 0.875 ** STEP];
    const by = outside
      ? m / first / (Math.sqrt(u / second) + EPSILON)
      : (Math.sqrt(second) / first) * (m / (Math.sqrt(u) + EPSILON));
    return [p - rate * by, m, v, ...(amsgrad ? [u] : [])];
  },
});

const adagrad = (outside: boolean): Form => ({
  name: `outside ${outside} `,
  slots: [SQUARES],
  op: (p, g, slots, guard, common) =>
    ops.adagradUpdate(p, g, slots, guard, { epsilon: EPSILON, outside, ...common }),
  rule: (p, g, [a], rate) => [
    p - (rate * g) / root((a as number) + g * g, outside),
    (a as number) + g * g,
  ],
});

const plain: Form = {
  name: '',
  slots: [],
  op: (p, g, slots, guard, common) => ops.sgdUpdate(p, g, slots, guard, common),
  rule: (p, g, _, rate) => [p - rate * g],
};

const BETAS = { beta1: 0.75, beta2: 0.875 };

const adamax: Form = {
  name: '',
  slots: [MEAN, SQUARES],
  op: (p, g, slots, guard, common) =>
    ops.adamaxUpdate(p, g, slots, guard, { ...BETAS, epsilon: EPSILON, ...common }),
  rule: (p, g, [m0, u0], rate) => {
    const m = 0.75 * (m0 as number) + 0.25 * g;
    const u = Math.max(0.875 * (u0 as number), Math.abs(g));
    return [p - ((rate / (1 - 0.75 ** STEP)) * m) / (u + EPSILON), m, u];
  },
};

const nadam: Form = {
  name: '',
  slots: [MEAN, SQUARES],
  op: (p, g, slots, guard, common) =>
    ops.nadamUpdate(p, g, slots, guard, { ...BETAS, epsilon: EPSILON, ...common }),
  rule: (p, g, [m0, v0], rate) => {
    const m = 0.75 * (m0 as number) + 0.25 * g;
    const v = 0.875 * (v0 as number) + 0.125 * g * g;
    const mu = (t: number) => 0.75 * (1 - 0.5 * 0.96 ** t);
    const product = mu(1) * mu(2) * mu(3);
    const moment =
      (mu(STEP + 1) * m) / (1 - product * mu(STEP + 1)) + ((1 - mu(STEP)) * g) / (1 - product);
    return [p - (rate * moment) / (Math.sqrt(v / (1 - 0.875 ** STEP)) + EPSILON), m, v];
  },
};

const adadelta: Form = {
  name: '',
  slots: [SQUARES, SQUARES],
  op: (p, g, slots, guard, common) =>
    ops.adadeltaUpdate(p, g, slots, guard, { rho: 0.75, epsilon: EPSILON, ...common }),
  rule: (p, g, [a0, d0], rate) => {
    const a = 0.75 * (a0 as number) + 0.25 * g * g;
    const by = (g * Math.sqrt((d0 as number) + EPSILON)) / Math.sqrt(a + EPSILON);
    return [p - rate * by, a, 0.75 * (d0 as number) + 0.25 * by * by];
  },
};

const lion: Form = {
  name: '',
  slots: [MEAN],
  op: (p, g, slots, guard, common) => ops.lionUpdate(p, g, slots, guard, { ...BETAS, ...common }),
  rule: (p, g, [m], rate) => [
    p - rate * Math.sign(0.75 * (m as number) + 0.25 * g),
    0.875 * (m as number) + 0.125 * g,
  ],
};

const BOTH = [false, true];

const LARGE = 3e38;
/** Numbers that do not pass, or do, at places of vectors, their tails, chunks and threads. */
const ODD = [NAN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, LARGE];

function finiteCase(n: number, at: number, odd: number): Case {
  const x = spread([n], 2);
  const data = x.data.map((v, i) => (i === at ? odd : odd === LARGE && i % 2 ? LARGE : v));
  return {
    name: `[${n}], ${odd} at ${at}`,
    inputs: [{ ...spread([3], 1), from: 'variable' as const }, values([n], data), spread([3], 4)],
    op: (p: Tensor, numbers: Tensor, g: Tensor) => {
      const raised = ops.affine(ops.reduceSum(g), 0);
      const guard = ops.readAfter(raised, [
        ops.checkFinite(raised, numbers),
        ops.checkFinite(raised, g),
      ]);
      return ops.sgdUpdate(p, g, [], guard, { weightDecay: 0, factor: 1 });
    },
    step: { rate: RATE, number: STEP },
    reference: (p: Values, _: Values, g: Values) => [
      odd === LARGE
        ? values(
            [3],
            p.data.map((v, i) => v - RATE * (g.data[i] as number)),
          )
        : p,
    ],
  };
}

export const updates = {
  assignGuarded: SIZES.flatMap((n) =>
    [0, 1, NAN, Number.NEGATIVE_INFINITY].map((guard) => ({
      name: `[${n}], ${guard}`,
      inputs: [
        { ...spread([n], 1), from: 'variable' as const },
        spread([n], 2),
        values([], [guard]),
      ],
      op: ops.assignGuarded,
      reference: (y: Values, x: Values) => [Number.isFinite(guard) ? values([n], x.data) : y],
    })),
  ),
  checkFinite: [1, 3, 4, 7, 63, 5000, 20001].flatMap((n) =>
    ODD.flatMap((odd) => [...new Set([0, n >> 1, n - 1])].map((at) => finiteCase(n, at, odd))),
  ),
  sgdUpdate: updateCases([plain]),
  momentumUpdate: updateCases(BOTH.map(momentum)),
  rmspropUpdate: updateCases(
    BOTH.flatMap((outside) =>
      BOTH.flatMap((centered) => [0, 0.5].map((mu) => rmsprop(centered, mu, outside))),
    ),
  ),
  adamUpdate: updateCases(BOTH.flatMap((outside) => BOTH.map((amsgrad) => adam(amsgrad, outside)))),
  adagradUpdate: updateCases(BOTH.map(adagrad)),
  adamaxUpdate: updateCases([adamax]),
  nadamUpdate: updateCases([nadam]),
  adadeltaUpdate: updateCases([adadelta]),
  lionUpdate: updateCases([lion]),
  averageUpdate: SIZES.flatMap((n) =>
    [
      [1, 0],
      [STEP, 0],
      [STEP, 2],
      [STEP, 3],
    ].map(([number = 1, every = 0]) => ({
      name: `[${n}], update ${number}, every ${every}`,
      inputs: [
        { ...spread([n], 1), from: 'variable' as const },
        { ...spread([n], 2), from: 'variable' as const },
      ],
      op: (a: Tensor, p: Tensor) => ops.averageUpdate(a, p, ops.scalar(0), 0.75, every),
      step: { rate: RATE, number },
      reference: (a: Values, p: Values) => {
        const mean = a.data.map((v, i) => {
          const x = p.data[i] as number;
          return number === 1 ? x : 0.75 * v + 0.25 * x;
        });
        return [values([n], mean), every && number % every === 0 ? values([n], mean) : p];
      },
    })),
  ),
  overwrite: SIZES.map((n) => ({
    name: `[${n}]`,
    inputs: [{ ...spread([n], 1), from: 'variable' as const }, spread([n], 2)],
    op: (p: Tensor, x: Tensor) => ops.overwrite(p, ops.add(x, ops.readAfter(p, []))),
    reference: (p: Values, x: Values) => [
      values(
        [n],
        p.data.map((v, i) => v + (x.data[i] as number)),
      ),
    ],
  })),
  readAfter: [
    {
      name: 'behind an update',
      inputs: [
        { ...spread([7], 1), from: 'variable' as const },
        spread([7], 2),
        { ...spread([7], 3), from: 'variable' as const },
      ],
      op: (p: Tensor, g: Tensor, q: Tensor) => {
        const step = ops.sgdUpdate(p, g, [], ops.scalar(0), { weightDecay: 0, factor: 1 });
        return ops.overwrite(q, ops.affine(ops.readAfter(p, [step]), 2));
      },
      step: { rate: RATE, number: STEP },
      reference: (p: Values, g: Values) => {
        const after = p.data.map((v, i) => v - RATE * (g.data[i] as number));
        return [
          values([7], after),
          values(
            [7],
            after.map((v) => 2 * v),
          ),
        ];
      },
    },
  ],
  setElements: SIZES.map((n) => ({
    name: `[${n}]`,
    inputs: [
      { ...spread([n], 1), from: 'variable' as const },
      values([2, 4], [0, n, n - 1, -1, 1, 1, 1, 1], 'i32'),
      spread([2, 4], 2),
    ],
    op: ops.setElements,
    reference: (x: Values, places: Values, elements: Values) => {
      const changed = [...x.data];
      for (const i of [0, 1, 2, 3]) {
        const at = places.data[i] as number;
        if (at >= 0 && at < n) changed[at] = elements.data[i] as number;
      }
      return [values([n], changed)];
    },
  })),
  record: [
    {
      name: '[]',
      inputs: [spread([])],
      op: (x) => ops.record(x, 0),
      reference: (x) => x as Values,
    },
  ],
} as const satisfies Record<string, readonly Case[]>;

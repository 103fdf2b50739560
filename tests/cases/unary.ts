import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { normalCdf } from '../support/random.ts';
import { type Case, elementwise, SIZES, SPECIAL, spread, values } from './case.ts';

interface Map {
  readonly op: (x: Tensor) => Tensor;
  readonly f: (x: number) => number;
  readonly from?: number;
  readonly to?: number;
  readonly order?: 0 | 1 | 2;
  readonly tolerance?: Case['tolerance'];
}

/** Cases of an elementwise op of one tensor: all small sizes, rows, special values, one for the bench. */
export function mapCases({ op, f, from = -2, to = 2, order = 2, tolerance }: Map): Case[] {
  const common = { op, reference: elementwise(f), ...(tolerance ? { tolerance } : {}) };
  const sizes = SIZES.map(
    (n): Case => ({
      ...common,
      name: `[${n}]`,
      inputs: [spread([n], 1, from, to)],
      order: n % 5 === 0 ? order : 0,
    }),
  );
  const shapes = [[], [5, 7], [37, 3], [2, 0, 3]].map(
    (shape): Case => ({
      ...common,
      name: `[${shape}]`,
      inputs: [spread(shape, 2, from, to)],
      order: shape[0] === 37 ? 0 : order,
    }),
  );
  const special = {
    ...common,
    name: 'special values',
    inputs: [values([SPECIAL.length], SPECIAL)],
  };
  return [
    ...sizes,
    ...shapes,
    special,
    { ...common, name: '[64,257]', inputs: [spread([64, 257], 3, from, to)], bench: true },
  ];
}

/** Halves to even. */
function round(x: number): number {
  const down = Math.floor(x);
  const up = x - down > 0.5 || (x - down === 0.5 && down % 2 !== 0);
  return up ? down + 1 : down;
}

const positive = { from: 0.1, to: 4 };

const clipped = (x: number) => (Number.isNaN(x) ? x : Math.min(Math.max(x, -0.75), 1.25));

export const unary = {
  abs: mapCases({ op: ops.abs, f: Math.abs }),
  sign: mapCases({ op: ops.sign, f: Math.sign }),
  exp: mapCases({ op: ops.exp, f: Math.exp }),
  expm1: mapCases({ op: ops.expm1, f: Math.expm1 }),
  log: mapCases({ op: ops.log, f: Math.log, ...positive }),
  log1p: mapCases({ op: ops.log1p, f: Math.log1p, from: -0.9 }),
  sqrt: mapCases({ op: ops.sqrt, f: Math.sqrt, ...positive }),
  rsqrt: mapCases({ op: ops.rsqrt, f: (x) => 1 / Math.sqrt(x), ...positive }),
  reciprocal: mapCases({ op: ops.reciprocal, f: (x) => 1 / x, ...positive }),
  square: mapCases({ op: ops.square, f: (x) => x * x }),
  sin: mapCases({ op: ops.sin, f: Math.sin, from: -9, to: 9 }),
  cos: mapCases({ op: ops.cos, f: Math.cos, from: -9, to: 9 }),
  erf: mapCases({ op: ops.erf, f: (x) => 2 * normalCdf(x * Math.SQRT2) - 1 }),
  floor: mapCases({ op: ops.floor, f: Math.floor }),
  ceil: mapCases({ op: ops.ceil, f: Math.ceil }),
  round: mapCases({ op: ops.round, f: round, from: -1.9 }),
  isFinite: mapCases({ op: ops.isFinite, f: (x) => Number(Number.isFinite(x)) }),
  not: mapCases({ op: ops.not, f: (x) => 1 - x }),
  powScalar: [
    ...mapCases({ op: (x) => ops.powScalar(x, 1.7), f: (x) => x ** 1.7, ...positive }),
    ...[3, 2, 1, 0, -1, 0.5].flatMap((p) =>
      mapCases({ op: (x) => ops.powScalar(x, p), f: (x) => x ** p, ...positive }).slice(4, 7),
    ),
  ],
  clip: mapCases({ op: (x) => ops.clip(x, -0.75, 1.25), f: clipped }),
} as const;

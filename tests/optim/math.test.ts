import { expect, it } from 'vitest';
import { cos, exp, log, pow } from '../../src/optim/math.ts';

const view = new DataView(new ArrayBuffer(8));

/** Distance of x to its neighbour away from 0. */
function ulp(x: number): number {
  view.setFloat64(0, Math.abs(x));
  view.setBigUint64(0, view.getBigUint64(0) + 1n);
  return view.getFloat64(0) - Math.abs(x);
}

function check(got: number, want: number, ulps = 2): void {
  if (Number.isFinite(want)) expect(Math.abs(got - want)).toBeLessThanOrEqual(ulps * ulp(want));
  else expect(got).toBe(want);
}

/** `count` numbers between low and high, always the same. */
function spread(low: number, high: number, count = 2000): number[] {
  return Array.from(
    { length: count },
    (_, i) => low + (high - low) * ((i * 0.6180339887498949) % 1),
  );
}

const INF = Number.POSITIVE_INFINITY;
const EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  2,
  INF,
  -INF,
  Number.NaN,
  5e-324,
  1e-310,
  1.7e308,
  1e-20,
  1 + 2 ** -52,
];

it.each([
  ['exp', exp, Math.exp, [...spread(-1, 1), ...spread(-700, 709), ...EDGES]],
  ['log', log, Math.log, [...spread(0, 4), ...spread(0, 1e300), ...EDGES]],
  [
    'cos',
    cos,
    Math.cos,
    [...spread(0, Math.PI), ...spread(-1e6, 1e6), 0, -0, Math.PI / 2, Math.PI, Number.NaN],
  ],
] as const)('%s is within 2 ulp', (_, ours, reference, values) => {
  for (const x of values) check(ours(x), reference(x));
});

it('pow is within 2 ulp and those of its exponent', () => {
  const bases = [
    ...spread(0, 1, 300),
    ...spread(1, 50, 100),
    0.96,
    0.9,
    10,
    1e300,
    1e-300,
    ...EDGES,
  ]
    .filter((x) => x >= 0)
    .map(Math.abs);
  const exponents = [
    ...spread(-5, 5, 20),
    0,
    1,
    2,
    3,
    0.5,
    -1,
    100,
    1000,
    -1000,
    1e10,
    0.1,
    INF,
    -INF,
    Number.NaN,
  ];
  for (const x of bases) {
    for (const y of exponents) {
      const want = x ** y;
      const denormal = Math.abs(want) < 2.3e-308;
      const exponent = want > 0 && want < INF ? Math.abs(Math.log(want)) : 0;
      if (!denormal) check(pow(x, y), want, 2 + 2 * exponent);
    }
  }
});

it.each([
  [-2, 3, -8],
  [-2, 2, 4],
  [-2, -1, -0.5],
  [-8, 1 / 3, Number.NaN],
])('pow(%s, %s) is %s', (x, y, want) => expect(pow(x, y)).toBe(want));

it('pow of whole numbers is exact', () => {
  for (let x = 1; x < 40; x++) {
    for (let y = 0; y < 8; y++) expect(pow(x, y)).toBe(x ** y);
  }
});

it('cos beyond its range is NaN', () => expect(cos(2e6)).toBeNaN());

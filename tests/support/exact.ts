/** Elementary functions in fixed-point arithmetic of 2400 binary places: a reference for every f64 argument. */
const PLACES = 2400n;
const ONE = 1n << PLACES;

type Fixed = bigint;

const times = (a: Fixed, b: Fixed): Fixed => (a * b) >> PLACES;
const over = (a: Fixed, b: Fixed): Fixed => (a << PLACES) / b;

/** The number itself: f64 has binary places down to 1074. */
export function fixed(x: number): Fixed {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const exponent = (view.getUint16(0) >> 4) & 0x7ff;
  const fraction = view.getBigUint64(0) & 0xfffffffffffffn;
  const significand = exponent === 0 ? fraction : fraction | (1n << 52n);
  const magnitude = significand << (PLACES - 1075n + BigInt(Math.max(exponent, 1)));
  return x < 0 ? -magnitude : magnitude;
}

/** (value − exact) / exact */
export function relativeError(value: number, exact: Fixed): number {
  if (exact === 0n) return value === 0 ? 0 : Number.POSITIVE_INFINITY;
  return Number(over(fixed(value) - exact, exact) >> (PLACES - 200n)) / 2 ** 200;
}

/** Σ term, where next(term, i) makes the term i + 1 from the term i. */
function series(first: Fixed, next: (term: Fixed, i: bigint) => Fixed): Fixed {
  let sum = 0n;
  for (let term = first, i = 0n; term !== 0n && term !== -1n; i++) {
    sum += term;
    term = next(term, i);
  }
  return sum;
}

function arctanInverse(n: bigint): Fixed {
  let sum = 0n;
  for (let power = ONE / n, i = 0n; power !== 0n; power /= n * n, i++) {
    const term = power / (2n * i + 1n);
    sum += i % 2n === 0n ? term : -term;
  }
  return sum;
}

const PI = 4n * (4n * arctanInverse(5n) - arctanInverse(239n));

function squareRoot(a: Fixed): Fixed {
  const square = a << PLACES;
  let root = 1n << BigInt((square.toString(2).length / 2 + 1) | 0);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function exp(x: Fixed): Fixed {
  if (x < 0n) return over(ONE, exp(-x));
  const halvings = x > ONE ? BigInt(x.toString(2).length) - PLACES + 8n : 8n;
  const r = x >> halvings;
  let y = series(ONE, (term, i) => times(term, r) / (i + 1n));
  for (let i = 0n; i < halvings; i++) y = times(y, y);
  return y;
}

/** Halley's iteration from the f64 logarithm. */
function log(x: Fixed): Fixed {
  const shift = BigInt(x.toString(2).length) - PLACES;
  const m = shift > 0n ? x >> shift : x << -shift;
  let y = fixed(Math.log(Number(m >> (PLACES - 60n)) / 2 ** 60));
  for (let i = 0; i < 4; i++) {
    const e = exp(y);
    y += 2n * over(m - e, m + e);
  }
  return y + shift * LN2;
}

const LN2 = (() => {
  const third = ONE / 3n;
  return 2n * series(third, (term, i) => (term * (2n * i + 1n)) / (9n * (2n * i + 3n)));
})();

function sin(x: Fixed): Fixed {
  const r = x % (2n * PI);
  return series(r, (term, i) => -times(times(term, r), r) / ((2n * i + 2n) * (2n * i + 3n)));
}

function erf(x: Fixed): Fixed {
  const square = times(x, x);
  let power = x;
  let sum = 0n;
  for (let i = 0n; power !== 0n && power !== -1n; i++) {
    sum += power / (2n * i + 1n);
    power = -times(power, square) / (i + 1n);
  }
  return over(2n * sum, squareRoot(PI));
}

export const exact = {
  exp,
  log,
  sin,
  erf,
  cos: (x: Fixed) => sin(x + PI / 2n),
  log1p: (x: Fixed) => log(ONE + x),
  expm1: (x: Fixed) => exp(x) - ONE,
  sigmoid: (x: Fixed) => over(ONE, ONE + exp(-x)),
  tanh: (x: Fixed) => over(exp(2n * x) - ONE, exp(2n * x) + ONE),
  softplus: (x: Fixed) => log(ONE + exp(x)),
  gelu: (x: Fixed) => times(x, ONE + erf(over(x, squareRoot(2n * ONE)))) / 2n,
  pow: (x: Fixed, y: Fixed) => exp(times(y, log(x))),
};

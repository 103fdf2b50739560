/**
 * exp, log, pow and cos in double precision with + − × ÷ √ only, so that learning rates do not depend on the
 * JavaScript engine. Methods and coefficients of exp, log and cos: fdlibm (Sun Microsystems 1993). Errors: below 1 ulp
 * but for pow.
 */

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;
const view = new DataView(new ArrayBuffer(8));

/** x·2^k */
function scale(x: number, k: number): number {
  if (k > 1023) return scale(x * 8.98846567431158e307, k - 1023);
  if (k < -1022) return scale(x * 2.2250738585072014e-308, k + 1022);
  view.setUint32(0, (k + 1023) << 20);
  view.setUint32(4, 0);
  return x * view.getFloat64(0);
}

/** x = m·2^k with √½ ≤ m < √2, for finite x > 0. */
function split(x: number): [m: number, k: number] {
  const small = x < 2.2250738585072014e-308;
  view.setFloat64(0, small ? x * 18014398509481984 : x);
  const high = view.getUint32(0);
  let k = (high >>> 20) - 1023;
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = view.getFloat64(0);
  if (m >= Math.SQRT2) {
    m /= 2;
    k += 1;
  }
  return [m, small ? k - 54 : k];
}

/** eˣ */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.79) return Number.POSITIVE_INFINITY;
  if (x < -745.2) return 0;
  const k = Math.round(x * Math.LOG2E);
  const hi = x - k * LN2_HI;
  const lo = k * LN2_LO;
  const r = hi - lo;
  const t = r * r;
  const p =
    0.16666666666666602 +
    t *
      (-0.0027777777777015593 +
        t * (0.00006613756321437934 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8)));
  const c = r - t * p;
  return scale(1 - (lo - (r * c) / (2 - c) - hi), k);
}

/** ln x */
export function log(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) {
    return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
  }
  const [m, k] = split(x);
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const even =
    z *
    (0.6666666666666735 +
      w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = (f * f) / 2;
  return k * LN2_HI - (half - (s * (half + odd + even) + k * LN2_LO) - f);
}

/**
 * x^y; NaN for a negative x unless y is a whole number. Products for whole y up to 8, else e^(y·ln x), whose error grows with
 * its exponent: up to 2·|y·ln x| ulp, far below what single precision tells apart.
 */
export function pow(x: number, y: number): number {
  if (Number.isInteger(y) && y >= 0 && y <= 8) {
    let power = 1;
    for (let i = 0; i < y; i++) power *= x;
    return power;
  }
  if (x >= 0 || Number.isNaN(x)) return exp(y * log(x));
  return Number.isInteger(y) ? (y % 2 === 0 ? 1 : -1) * pow(-x, y) : Number.NaN;
}

const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;

/** A number as an unevaluated sum of two. */
type Pair = readonly [hi: number, lo: number];

/** Remainder of x by π/2 as a pair, and the quadrant. */
function reduce(x: number): [r: Pair, quadrant: number] {
  const k = Math.round(x * 0.6366197723675814);
  const r = x - k * HALF_PI[0];
  const w = k * HALF_PI[1];
  const t = r - w;
  const low = k * HALF_PI[2] - (r - t - w);
  const hi = t - low;
  return [[hi, t - hi - low], k & 3];
}

function cosKernel([x, y]: Pair): number {
  const z = x * x;
  const p =
    z *
    (0.0416666666666666 +
      z *
        (-0.001388888888887411 +
          z *
            (0.00002480158728947673 +
              z *
                (-2.7557314351390663e-7 +
                  z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))));
  const half = z / 2;
  const w = 1 - half;
  return w + (1 - w - half + (z * p - x * y));
}

function sinKernel([x, y]: Pair): number {
  const z = x * x;
  const v = z * x;
  const p =
    0.00833333333332249 +
    z *
      (-0.0001984126982985795 +
        z * (0.0000027557313707070068 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  return x - (z * (y / 2 - v * p) - y - v * -0.16666666666666632);
}

/** cos x for |x| ≤ 2^20; NaN beyond. */
export function cos(x: number): number {
  if (!(Math.abs(x) <= 1048576)) return Number.NaN;
  const [r, quadrant] = reduce(x);
  const value = quadrant % 2 === 0 ? cosKernel(r) : sinKernel(r);
  return quadrant === 1 || quadrant === 2 ? -value : value;
}

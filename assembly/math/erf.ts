import { Exponential } from './exp';
import {
  DENSITY,
  ERF,
  ERF_TAIL,
  GELU_MAX,
  GELU_MIN,
  HALF,
  Lanes,
  ONE,
  SQRT2_INVERSE,
  TAIL_SHIFT,
  Table,
} from './table';

/** x·P(x²) for |x| < 1, else 1 − erfc|x| with the sign of x. */
export function errorFunction<T>(x: v128): v128 {
  const a = Lanes.abs<T>(x);
  const one = Table.get<T>(ONE);
  const far = v128.sub<T>(one, tail<T>(a, gauss<T>(a)));
  return v128.bitselect(head<T>(x), Lanes.copySign<T>(far, x), v128.lt<T>(a, one));
}

/** x·Φ(x), where Φ(x) = (1 + erf(x/√2)) / 2 is the normal distribution: no cancellation for negative x. */
export function geluOf<T>(x: v128): v128 {
  const bounded = v128.pmax<T>(x, Table.get<T>(GELU_MIN));
  const z = v128.mul<T>(bounded, Table.get<T>(SQRT2_INVERSE));
  return v128.mul<T>(bounded, normal<T>(z, gauss<T>(z)));
}

/** d/dx x·Φ(x) = Φ(x) + x·φ(x) */
export function geluSlopeOf<T>(x: v128): v128 {
  const above = v128.pmax<T>(x, Table.get<T>(GELU_MIN));
  const bounded = v128.pmin<T>(above, Table.get<T>(GELU_MAX));
  const z = v128.mul<T>(bounded, Table.get<T>(SQRT2_INVERSE));
  const g = gauss<T>(z);
  const density = v128.mul<T>(g, Table.get<T>(DENSITY));
  return Lanes.madd<T>(bounded, density, normal<T>(z, g));
}

/** Φ(√2·z), given g = e^(−z²) */
function normal<T>(z: v128, g: v128): v128 {
  const a = Lanes.abs<T>(z);
  const one = Table.get<T>(ONE);
  const half = Table.get<T>(HALF);
  const near = Lanes.madd<T>(head<T>(z), half, half);
  const left = v128.mul<T>(tail<T>(a, g), half);
  const negative = v128.lt<T>(z, v128.splat<T>(0));
  const far = v128.bitselect(left, v128.sub<T>(one, left), negative);
  return v128.bitselect(near, far, v128.lt<T>(a, one));
}

function gauss<T>(x: v128): v128 {
  return Exponential.exp<T>(v128.neg<T>(v128.mul<T>(x, x)));
}

function head<T>(x: v128): v128 {
  const z = v128.mul<T>(x, x);
  return Lanes.madd<T>(x, Table.polynomial<T>(z, ERF, sizeof<T>() == 8 ? 11 : 6), x);
}

/** erfc(a) = e^(−a²)·t·P(t) with t = 1 / (a + shift), for a ≥ 1; g = e^(−a²) */
function tail<T>(a: v128, g: v128): v128 {
  const t = v128.div<T>(Table.get<T>(ONE), v128.add<T>(a, Table.get<T>(TAIL_SHIFT)));
  const p = Table.polynomial<T>(t, ERF_TAIL, sizeof<T>() == 8 ? 16 : 7);
  return v128.mul<T>(v128.mul<T>(g, t), p);
}

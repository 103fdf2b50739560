import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { normalCdf } from '../support/random.ts';
import { type Case, elementwise, SIZES, spread } from './case.ts';
import { mapCases } from './unary.ts';

type Backward = (dy: Tensor, of: Tensor, alpha: number) => Tensor;

/** Cases of dx = slope(x or y)·dy. `to`: bounds of the second operand. */
function gradCases(
  op: Backward,
  slope: (of: number) => number,
  alpha = 0,
  [low, high] = [-2, 2],
): Case[] {
  const common = {
    op: (dy: Tensor, of: Tensor) => op(dy, of, alpha),
    reference: elementwise((dy, of) => (dy as number) * slope(of as number)),
  };
  const inputs = (shape: number[]) => [spread(shape, 1), spread(shape, 2, low, high)];
  const sizes = SIZES.map(
    (n): Case => ({ ...common, name: `[${n}]`, inputs: inputs([n]), order: n % 5 === 0 ? 2 : 0 }),
  );
  return [...sizes, { ...common, name: '[64,257]', inputs: inputs([64, 257]), bench: true }];
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const leaky = (alpha: number) => (x: number) => (x < 0 ? alpha * x : x);
const elu = (alpha: number) => (x: number) => (x < 0 ? alpha * Math.expm1(x) : x);
const gelu = (x: number) =>
  Math.abs(x) === Number.POSITIVE_INFINITY ? Math.max(x, 0) : x * normalCdf(x);
const swish = (x: number) => x * sigmoid(x);

export const activation = {
  relu: mapCases({ op: ops.relu, f: (x) => Math.max(x, 0) }),
  reluGrad: gradCases(ops.reluGrad, (y) => (y > 0 ? 1 : 0)),
  leakyRelu: [
    ...mapCases({ op: ops.leakyRelu, f: leaky(0.01) }),
    ...mapCases({ op: (x) => ops.leakyRelu(x, 0.25), f: leaky(0.25) }).slice(0, 9),
  ],
  leakyReluGrad: gradCases(ops.leakyReluGrad, (x) => (x > 0 ? 1 : 0.25), 0.25),
  elu: [
    ...mapCases({ op: ops.elu, f: elu(1) }),
    ...mapCases({ op: (x) => ops.elu(x, 0.5), f: elu(0.5) }).slice(0, 9),
  ],
  eluGrad: gradCases(ops.eluGrad, (y) => (y > 0 ? 1 : y + 0.5), 0.5, [-0.5, 2]),
  clipGrad: gradCases(
    (dy, x) => ops.clipGrad(dy, x, -0.75, 1.25),
    (x) => (x >= -0.75 && x <= 1.25 ? 1 : 0),
  ),
  tanh: mapCases({ op: ops.tanh, f: Math.tanh }),
  tanhGrad: gradCases(ops.tanhGrad, (y) => 1 - y * y, 0, [-1, 1]),
  sigmoid: [
    ...mapCases({ op: ops.sigmoid, f: sigmoid }),
    ...mapCases({ op: ops.swish, f: swish }).slice(0, 7),
  ],
  sigmoidGrad: gradCases(ops.sigmoidGrad, (y) => y * (1 - y), 0, [0, 1]),
  gelu: mapCases({ op: ops.gelu, f: gelu }),
  geluGrad: gradCases(ops.geluGrad, (x) => normalCdf(x) + x * density(x)),
  softplus: mapCases({
    op: ops.softplus,
    f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  }),
  softplusGrad: gradCases(ops.softplusGrad, sigmoid),
} as const;

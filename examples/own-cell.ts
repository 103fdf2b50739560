/**
 * A recurrent cell of one's own, in a loop of one's own: `node examples/own-cell.ts`. The adding problem (Hochreiter and
 * Schmidhuber 1997): each step brings a number and a mark; the answer is the sum of the two marked numbers. A network has to keep
 * the first of them until the second comes. Always saying 1 has a mean squared error of 1/6.
 */
import { adam, dense, layer, ops, sequential, type Tensor } from '../src/index.ts';
import { target } from './support/target.ts';

const { add, affine, expand, matMul, mul, scalar, scan, sigmoid, sub, tanh, transpose } = ops;

const [steps, hidden] = [20, 32];

/** h ← h + f·(tanh(x·W + (f·h)·U + b) − h) with f = sigmoid(x·V + h·R + c): the minimal gated unit (Zhou et al. 2016). */
const minimalGatedUnit = (units: number) =>
  layer('minimalGatedUnit', { units }, (scope, x: Tensor) => {
    const [batch, , features] = x.shape as [number, number, number];
    const operand = { operand: true };
    const [W, V] = ['W', 'V'].map((n) => scope.weight(n, [features, units], operand)) as [
      Tensor,
      Tensor,
    ];
    const [U, R] = ['U', 'R'].map((n) =>
      scope.weight(n, [units, units], { ...operand, initializer: 'orthogonal' }),
    ) as [Tensor, Tensor];
    const [b, c] = ['b', 'c'].map((n) => scope.weight(n, [units], { initializer: 'zeros' })) as [
      Tensor,
      Tensor,
    ];
    const cell = (h: Tensor, now: Tensor): readonly [Tensor] => {
      const f = sigmoid(add(add(matMul(now, V), matMul(h, R)), affine(c, 1, -1)));
      const proposal = tanh(add(add(matMul(now, W), matMul(mul(f, h), U)), b));
      return [add(h, mul(f, sub(proposal, h)))];
    };
    const start = expand(scalar(0), [batch, units]);
    const [last] = scan(cell, { carry: start, xs: transpose(x, [1, 0, 2]) });
    return last;
  });

/** Numbers in [0, 1) that are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function examples(count: number, seed: number) {
  const random = numbers(seed);
  const x = new Float32Array(count * steps * 2);
  const y = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = (t: number) => (i * steps + t) * 2;
    for (let t = 0; t < steps; t++) x[at(t)] = random();
    const half = steps / 2;
    for (const t of [Math.floor(random() * half), half + Math.floor(random() * half)]) {
      x[at(t) + 1] = 1;
      y[i] = (y[i] as number) + (x[at(t)] as number);
    }
  }
  return { x: { data: x, shape: [count, steps, 2] }, y: { data: y, shape: [count, 1] } };
}

const train = examples(10_000, 1);
const test = examples(1_000, 2);
const model = sequential([minimalGatedUnit(hidden), dense(1)], { seed: 1 });
model.compile({ optimizer: adam({ learningRate: 0.005 }), loss: 'meanSquaredError' });
const { seconds } = await model.fit(train.x, train.y, { epochs: 15, batchSize: 50 });
const { loss = Number.NaN } = await model.evaluate(test.x, test.y);
console.log(
  `trained for ${seconds.toFixed(1)} s; mean squared error ${loss.toFixed(4)}, saying 1: 0.1667`,
);
target('mean squared error', loss, { atMost: 0.01 }, (n) => n.toFixed(4));

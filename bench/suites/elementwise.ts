import { generator, uniform } from '../numbers.ts';
import type { Case, ElementwiseOp, Suite } from '../types.ts';

const OPS: readonly ElementwiseOp[] = ['copy', 'add', 'mul', 'relu', 'exp', 'tanh', 'sigmoid'];
const BINARY: readonly ElementwiseOp[] = ['add', 'mul'];

/** M: 2^20 elements. */
export const MEGA = 2 ** 20;

export function elementwiseCase(op: ElementwiseOp, n: number, size: string): Case<'elementwise'> {
  const binary = BINARY.includes(op);
  const task = () => {
    const random = generator(3);
    const a = uniform(n, 4, random);
    return binary ? { op, n, a, b: uniform(n, 4, random) } : { op, n, a };
  };
  return {
    name: `elementwise/${op}.${size}`,
    kind: 'elementwise',
    task,
    bytes: 4 * n * (binary ? 3 : 2),
    elements: n,
    copies: n,
    check: { steps: 1, tolerance: 1e-6 },
  };
}

export const elementwise: Suite = {
  name: 'elementwise',
  cases: [1, 16].flatMap((m) => OPS.map((op) => elementwiseCase(op, m * MEGA, `${m}M`))),
};

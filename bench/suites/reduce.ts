import { generator, uniform } from '../numbers.ts';
import type { Case, ReduceTask, Suite } from '../types.ts';
import { MEGA } from './elementwise.ts';

/** `size`: what stands in the name, default rows×columns. */
export function reduceCase(
  op: ReduceTask['op'],
  rows: number,
  columns: number,
  size = `${rows}x${columns}`,
): Case<'reduce'> {
  const elements = rows * columns;
  const task = () => {
    const x = uniform(elements, 1, generator(4));
    for (let i = 0; i < elements; i++) x[i] = 1 + (x[i] as number);
    return { op, rows, columns, x };
  };
  return {
    name: `reduce/${op}.${size}`,
    kind: 'reduce',
    task,
    bytes: 4 * elements * (op === 'softmax' ? 2 : 1),
    elements,
    // Sums of f32 one by one, as others have them, err by 2e-5 here.
    check: { steps: 1, tolerance: op === 'sum' ? 1e-4 : 1e-5 },
  };
}

export const reduce: Suite = {
  name: 'reduce',
  cases: [
    reduceCase('sum', 1, 16 * MEGA, '16M'),
    reduceCase('rowmax', 1024, 1024),
    reduceCase('softmax', 1024, 1024),
    reduceCase('meanvar0', 65536, 64),
  ],
};

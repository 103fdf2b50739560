import type { ElementwiseOp, ElementwiseTask, ReduceTask, Runner } from '../types.ts';

/** Elements of a call: V8 puts better code in place at calls, hardly inside of running loops. */
const BLOCK = 16384;

type Loop = (y: Float32Array, a: Float32Array, b: Float32Array, from: number, to: number) => void;

/** Without a branch: five times as fast as `Math.max` or `x > 0`, whose outcome V8's code has to guess. */
export function relu(x: number): number {
  return (x + Math.abs(x)) * 0.5;
}

const ELEMENTWISE: Readonly<Record<ElementwiseOp, Loop>> = {
  copy(y, a, _, from, to) {
    y.set(a.subarray(from, to), from);
  },
  add(y, a, b, from, to) {
    for (let i = from; i < to; i++) y[i] = (a[i] as number) + (b[i] as number);
  },
  mul(y, a, b, from, to) {
    for (let i = from; i < to; i++) y[i] = (a[i] as number) * (b[i] as number);
  },
  relu(y, a, _, from, to) {
    for (let i = from; i < to; i++) y[i] = relu(a[i] as number);
  },
  exp(y, a, _, from, to) {
    for (let i = from; i < to; i++) y[i] = Math.exp(a[i] as number);
  },
  tanh(y, a, _, from, to) {
    for (let i = from; i < to; i++) y[i] = Math.tanh(a[i] as number);
  },
  sigmoid(y, a, _, from, to) {
    for (let i = from; i < to; i++) y[i] = 1 / (1 + Math.exp(-(a[i] as number)));
  },
};

export function openElementwise({ op, n, a, b = a }: ElementwiseTask): Runner {
  const y = new Float32Array(n);
  const loop = ELEMENTWISE[op];
  const step = () => {
    for (let from = 0; from < n; from += BLOCK) loop(y, a, b, from, Math.min(n, from + BLOCK));
  };
  return repeated(step, y);
}

export function openReduce({ op, rows, columns, x }: ReduceTask): Runner {
  const y = new Float64Array(
    { sum: 1, rowmax: rows, softmax: x.length, meanvar0: 2 * columns }[op],
  );
  const loops = { sum, rowmax, softmax, meanvar0 };
  return repeated(() => loops[op](y, x, rows, columns), y);
}

function repeated(step: () => void, y: ArrayLike<number>): Runner {
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) step();
    },
    output: () => y,
  };
}

function sum(y: Float64Array, x: Float32Array): void {
  let total = 0;
  for (let from = 0; from < x.length; from += BLOCK) {
    total += partialSum(x, from, Math.min(x.length, from + BLOCK));
  }
  y[0] = total;
}

/** Four sums, so that additions do not wait for each other. */
function partialSum(x: Float32Array, from: number, to: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    s0 += x[i] as number;
    s1 += x[i + 1] as number;
    s2 += x[i + 2] as number;
    s3 += x[i + 3] as number;
  }
  for (; i < to; i++) s0 += x[i] as number;
  return s0 + s1 + (s2 + s3);
}

function largest(x: Float32Array, from: number, to: number): number {
  let found = x[from] as number;
  for (let i = from + 1; i < to; i++) {
    const value = x[i] as number;
    if (value > found) found = value;
  }
  return found;
}

function rowmax(y: Float64Array, x: Float32Array, rows: number, columns: number): void {
  for (let r = 0; r < rows; r++) y[r] = largest(x, r * columns, (r + 1) * columns);
}

function softmax(y: Float64Array, x: Float32Array, rows: number, columns: number): void {
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * columns, (r + 1) * columns];
    const top = largest(x, from, to);
    let total = 0;
    for (let i = from; i < to; i++) {
      const e = Math.exp((x[i] as number) - top);
      y[i] = e;
      total += e;
    }
    const factor = 1 / total;
    for (let i = from; i < to; i++) y[i] = (y[i] as number) * factor;
  }
}

/** In two passes; `y`: means, then variances. */
function meanvar0(y: Float64Array, x: Float32Array, rows: number, columns: number): void {
  y.fill(0);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) y[c] = (y[c] as number) + (x[i] as number);
  }
  for (let c = 0; c < columns; c++) y[c] = (y[c] as number) / rows;
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0, v = columns; c < columns; c++, v++, i++) {
      const distance = (x[i] as number) - (y[c] as number);
      y[v] = (y[v] as number) + distance * distance;
    }
  }
  for (let v = columns; v < 2 * columns; v++) y[v] = (y[v] as number) / rows;
}

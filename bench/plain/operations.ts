import type { ElementwiseOp, ElementwiseTask, ReduceTask, Runner } from '../types.ts';

type Loop = (y: Float32Array, a: Float32Array, b: Float32Array) => void;

const ELEMENTWISE: Readonly<Record<ElementwiseOp, Loop>> = {
  copy(y, a) {
    y.set(a);
  },
  add(y, a, b) {
    for (let i = 0; i < y.length; i++) y[i] = (a[i] as number) + (b[i] as number);
  },
  mul(y, a, b) {
    for (let i = 0; i < y.length; i++) y[i] = (a[i] as number) * (b[i] as number);
  },
  relu(y, a) {
    for (let i = 0; i < y.length; i++) y[i] = Math.max(a[i] as number, 0);
  },
  exp(y, a) {
    for (let i = 0; i < y.length; i++) y[i] = Math.exp(a[i] as number);
  },
  tanh(y, a) {
    for (let i = 0; i < y.length; i++) y[i] = Math.tanh(a[i] as number);
  },
  sigmoid(y, a) {
    for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-(a[i] as number)));
  },
};

export function openElementwise({ op, n, a, b = a }: ElementwiseTask): Runner {
  const y = new Float32Array(n);
  const loop = ELEMENTWISE[op];
  return repeated(() => loop(y, a, b), y);
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

/** Four sums, so that additions do not wait for each other. */
function sum(y: Float64Array, x: Float32Array): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= x.length; i += 4) {
    s0 += x[i] as number;
    s1 += x[i + 1] as number;
    s2 += x[i + 2] as number;
    s3 += x[i + 3] as number;
  }
  for (; i < x.length; i++) s0 += x[i] as number;
  y[0] = s0 + s1 + (s2 + s3);
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

import { type PerceptronSpec, perceptronOf } from '../layers.ts';
import type { HiddenActivation, TrainTask } from '../types.ts';
import { gemm, type Matrix, rowMajor, transposed } from './gemm.ts';
import { relu } from './operations.ts';

interface Dense {
  readonly inputs: number;
  readonly units: number;
  readonly kernel: Matrix;
  readonly kernelT: Matrix;
  readonly bias: Float64Array;
  readonly dKernel: Float64Array;
  readonly dBias: Float64Array;
  /** act(x·kernel + bias), and the gradient of what stands in the brackets. */
  readonly y: Matrix;
  readonly yT: Matrix;
  readonly dz: Matrix;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;

/** A multilayer perceptron with all its memory allocated once, weights and moments in slabs. */
export class Perceptron {
  readonly #task: TrainTask & PerceptronSpec;
  readonly #layers: readonly Dense[];
  readonly #batches: readonly { x: Matrix; xT: Matrix; y: ArrayLike<number> }[];
  readonly #initial: Float64Array;
  readonly #weights: Float64Array;
  readonly #gradients: Float64Array;
  readonly #m: Float64Array;
  readonly #v: Float64Array;

  constructor(given: TrainTask) {
    const task = { ...given, ...perceptronOf(given) };
    this.#task = task;
    this.#initial = Float64Array.from(task.weights.flatMap((w) => [...w]));
    const slab = () => new Float64Array(this.#initial.length);
    this.#weights = this.#initial.slice();
    this.#gradients = slab();
    this.#m = slab();
    this.#v = slab();
    let at = 0;
    this.#layers = task.sizes.slice(1).map((units, i) => {
      const inputs = task.sizes[i] as number;
      const layer = this.#layer(inputs, units, at);
      at += (inputs + 1) * units;
      return layer;
    });
    const features = task.sizes[0] as number;
    const x = Float64Array.from(task.x);
    this.#batches = Array.from({ length: task.batches }, (_, i) => {
      const [from, to] = [i * task.batch, (i + 1) * task.batch];
      const rows = rowMajor(x.subarray(from * features, to * features), features);
      return { x: rows, xT: transposed(rows), y: task.y.slice(from, to) };
    });
  }

  #layer(inputs: number, units: number, at: number): Dense {
    const middle = at + inputs * units;
    const kernel = rowMajor(this.#weights.subarray(at, middle), units);
    const y = rowMajor(new Float64Array(this.#task.batch * units), units);
    return {
      inputs,
      units,
      kernel,
      kernelT: transposed(kernel),
      bias: this.#weights.subarray(middle, middle + units),
      dKernel: this.#gradients.subarray(at, middle),
      dBias: this.#gradients.subarray(middle, middle + units),
      y,
      yT: transposed(y),
      dz: rowMajor(new Float64Array(this.#task.batch * units), units),
    };
  }

  reset(): void {
    this.#weights.set(this.#initial);
    this.#m.fill(0);
    this.#v.fill(0);
  }

  /** Forward, backward and update on batch `index`; returns the loss. */
  step(index: number): number {
    const { batch, batches, optimizer } = this.#task;
    const { x, xT, y } = this.#batches[index % batches] as {
      x: Matrix;
      xT: Matrix;
      y: ArrayLike<number>;
    };
    this.#forward(x);
    const last = this.#layers[this.#layers.length - 1] as Dense;
    const loss =
      this.#task.output === 'softmax' ? softmaxLoss(last, y, batch) : sigmoidLoss(last, y, batch);
    this.#backward(xT);
    if (optimizer === 'adam') this.#adam(index + 1);
    else this.#sgd();
    return loss;
  }

  /** Outputs for a batch, in memory that the next call changes. */
  predict(input: Float32Array): Float64Array {
    const { batch, output } = this.#task;
    const last = this.#layers[this.#layers.length - 1] as Dense;
    const { x } = this.#batches[0] as { x: Matrix };
    x.data.set(input);
    this.#forward(x);
    if (output === 'softmax') softmaxRows(last, batch);
    else activate(last.y.data, 'sigmoid');
    return last.y.data;
  }

  #forward(x: Matrix): void {
    const { batch, hidden } = this.#task;
    let input = x;
    for (let l = 0; l < this.#layers.length; l++) {
      const { inputs, units, kernel, bias, y } = this.#layers[l] as Dense;
      for (let row = 0; row < batch; row++) {
        for (let j = 0; j < units; j++) y.data[row * units + j] = bias[j] as number;
      }
      gemm(y.data, input, kernel, batch, units, inputs, true);
      if (l < this.#layers.length - 1) activate(y.data, hidden);
      input = y;
    }
  }

  #backward(xT: Matrix): void {
    const { batch, hidden } = this.#task;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const { inputs, units, kernelT, dKernel, dBias, dz } = this.#layers[l] as Dense;
      const below = this.#layers[l - 1];
      gemm(dKernel, below ? below.yT : xT, dz, inputs, units, batch, false);
      sumRows(dBias, dz.data, batch, units);
      if (!below) return;
      gemm(below.dz.data, dz, kernelT, batch, inputs, units, false);
      differentiate(below.dz.data, below.y.data, hidden);
    }
  }

  #sgd(): void {
    const { rate } = this.#task;
    const w = this.#weights;
    const g = this.#gradients;
    for (let i = 0; i < w.length; i++) w[i] = (w[i] as number) - rate * (g[i] as number);
  }

  #adam(step: number): void {
    const w = this.#weights;
    const g = this.#gradients;
    const m = this.#m;
    const v = this.#v;
    const alpha = (this.#task.rate * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step);
    for (let i = 0; i < w.length; i++) {
      const gradient = g[i] as number;
      const mean = BETA1 * (m[i] as number) + (1 - BETA1) * gradient;
      const square = BETA2 * (v[i] as number) + (1 - BETA2) * gradient * gradient;
      m[i] = mean;
      v[i] = square;
      w[i] = (w[i] as number) - (alpha * mean) / (Math.sqrt(square) + EPSILON);
    }
  }
}

function activate(y: Float64Array, hidden: HiddenActivation): void {
  if (hidden === 'relu') for (let i = 0; i < y.length; i++) y[i] = relu(y[i] as number);
  else if (hidden === 'tanh') for (let i = 0; i < y.length; i++) y[i] = Math.tanh(y[i] as number);
  else for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-(y[i] as number)));
}

function differentiate(dy: Float64Array, y: Float64Array, hidden: HiddenActivation): void {
  if (hidden === 'relu') {
    for (let i = 0; i < y.length; i++) if (!((y[i] as number) > 0)) dy[i] = 0;
    return;
  }
  const tanh = hidden === 'tanh';
  for (let i = 0; i < y.length; i++) {
    const t = y[i] as number;
    dy[i] = (dy[i] as number) * (tanh ? 1 - t * t : t * (1 - t));
  }
}

function sumRows(sums: Float64Array, x: Float64Array, rows: number, columns: number): void {
  for (let j = 0; j < columns; j++) sums[j] = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) sums[j] = (sums[j] as number) + (x[at] as number);
  }
}

/** y = softmax(y) */
function softmaxRows({ units, y: { data: y } }: Dense, batch: number): void {
  for (let from = 0; from < batch * units; from += units) {
    let largest = y[from] as number;
    for (let i = from; i < from + units; i++) largest = Math.max(largest, y[i] as number);
    let sum = 0;
    for (let i = from; i < from + units; i++) {
      const e = Math.exp((y[i] as number) - largest);
      y[i] = e;
      sum += e;
    }
    for (let i = from; i < from + units; i++) y[i] = (y[i] as number) / sum;
  }
}

/** Mean of −ln softmax(y)[label]; leaves its gradient in dz. */
function softmaxLoss(layer: Dense, labels: ArrayLike<number>, batch: number): number {
  const { units } = layer;
  const y = layer.y.data;
  const dz = layer.dz.data;
  let loss = 0;
  for (let row = 0, at = 0; row < batch; row++, at += units) {
    let largest = y[at] as number;
    for (let j = 1; j < units; j++) largest = Math.max(largest, y[at + j] as number);
    let sum = 0;
    for (let j = 0; j < units; j++) {
      const e = Math.exp((y[at + j] as number) - largest);
      dz[at + j] = e;
      sum += e;
    }
    const factor = 1 / (sum * batch);
    for (let j = 0; j < units; j++) dz[at + j] = (dz[at + j] as number) * factor;
    const label = at + (labels[row] as number);
    dz[label] = (dz[label] as number) - 1 / batch;
    loss += largest + Math.log(sum) - (y[label] as number);
  }
  return loss / batch;
}

/** Mean of −t·ln p − (1 − t)·ln(1 − p), p = σ(y); leaves its gradient in dz. */
function sigmoidLoss(layer: Dense, targets: ArrayLike<number>, batch: number): number {
  const { units } = layer;
  const y = layer.y.data;
  const dz = layer.dz.data;
  const count = batch * units;
  let loss = 0;
  for (let i = 0; i < count; i++) {
    const z = y[i] as number;
    const t = targets[i] as number;
    const e = Math.exp(-Math.abs(z));
    loss += Math.max(z, 0) - z * t + Math.log1p(e);
    dz[i] = ((z >= 0 ? 1 : e) / (1 + e) - t) / count;
  }
  return loss / count;
}

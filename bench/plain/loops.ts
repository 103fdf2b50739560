import { perceptronOf } from '../layers.ts';
import type { HiddenActivation, TrainTask } from '../types.ts';

type Numbers = Float64Array;

/** Kernel by [unit][input], as textbooks write it. */
interface Layer {
  w: Numbers[];
  b: Numbers;
  dw: Numbers[];
  db: Numbers;
  a: Numbers;
  dz: Numbers;
}

/**
 * The same training with one loop inside the other: over examples, over units, over features. Batch
 * gradient descent, whatever the optimiser of the task.
 */
export class Loops {
  readonly #task: TrainTask;
  readonly #hidden: HiddenActivation;
  readonly #features: number;
  #layers: Layer[] = [];

  constructor(task: TrainTask) {
    this.#task = task;
    const { sizes, hidden } = perceptronOf(task);
    this.#hidden = hidden;
    this.#features = sizes[0] as number;
    this.reset();
  }

  reset(): void {
    const { weights } = this.#task;
    const { sizes } = perceptronOf(this.#task);
    this.#layers = sizes.slice(1).map((units, l) => {
      const inputs = sizes[l] as number;
      const kernel = weights[2 * l] as Float32Array;
      const row = (j: number) =>
        Float64Array.from({ length: inputs }, (_, k) => kernel[k * units + j] as number);
      return {
        w: Array.from({ length: units }, (_, j) => row(j)),
        b: Float64Array.from(weights[2 * l + 1] as Float32Array),
        dw: Array.from({ length: units }, () => new Float64Array(inputs)),
        db: new Float64Array(units),
        a: new Float64Array(units),
        dz: new Float64Array(units),
      };
    });
  }

  /** Forward and backward for each example, then the update; returns the loss. */
  step(index: number): number {
    const { batch, batches, x, y } = this.#task;
    const first = (index % batches) * batch;
    this.#clear();
    let loss = 0;
    for (let i = first; i < first + batch; i++) {
      const example = x.subarray(i * this.#features, (i + 1) * this.#features);
      this.#forward(example);
      loss += this.#output(y[i] as number);
      this.#backward(example);
    }
    this.#update();
    return loss / batch;
  }

  #clear(): void {
    for (const { dw, db } of this.#layers) {
      for (const row of dw) row.fill(0);
      db.fill(0);
    }
  }

  #forward(x: ArrayLike<number>): void {
    let input = x;
    for (let l = 0; l < this.#layers.length; l++) {
      const { w, b, a } = this.#layers[l] as Layer;
      const linear = l === this.#layers.length - 1;
      for (let j = 0; j < a.length; j++) {
        const row = w[j] as Numbers;
        let z = b[j] as number;
        for (let k = 0; k < row.length; k++) z += (row[k] as number) * (input[k] as number);
        a[j] = linear ? z : activate(z, this.#hidden);
      }
      input = a;
    }
  }

  /** dz = ŷ − y of the last layer; returns the loss of the example. */
  #output(y: number): number {
    const { a, dz } = this.#layers[this.#layers.length - 1] as Layer;
    if (this.#task.output === 'sigmoid') {
      const p = activate(a[0] as number, 'sigmoid');
      dz[0] = p - y;
      return -y * Math.log(p) - (1 - y) * Math.log(1 - p);
    }
    let sum = 0;
    for (let j = 0; j < a.length; j++) sum += Math.exp(a[j] as number);
    for (let j = 0; j < a.length; j++) {
      dz[j] = Math.exp(a[j] as number) / sum - (j === y ? 1 : 0);
    }
    return Math.log(sum) - (a[y] as number);
  }

  #backward(x: ArrayLike<number>): void {
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const { w, dw, db, dz } = this.#layers[l] as Layer;
      const below = this.#layers[l - 1];
      const input = below ? below.a : x;
      for (let j = 0; j < dz.length; j++) {
        const d = dz[j] as number;
        const row = dw[j] as Numbers;
        for (let k = 0; k < row.length; k++) row[k] = (row[k] as number) + d * (input[k] as number);
        db[j] = (db[j] as number) + d;
      }
      if (!below) continue;
      for (let k = 0; k < below.dz.length; k++) {
        let d = 0;
        for (let j = 0; j < dz.length; j++)
          d += ((w[j] as Numbers)[k] as number) * (dz[j] as number);
        below.dz[k] = d * slope(below.a[k] as number, this.#hidden);
      }
    }
  }

  #update(): void {
    const { rate, batch } = this.#task;
    for (const { w, b, dw, db } of this.#layers) {
      for (let j = 0; j < b.length; j++) {
        const row = w[j] as Numbers;
        const change = dw[j] as Numbers;
        for (let k = 0; k < row.length; k++) {
          row[k] = (row[k] as number) - (rate * (change[k] as number)) / batch;
        }
        b[j] = (b[j] as number) - (rate * (db[j] as number)) / batch;
      }
    }
  }
}

function activate(z: number, activation: HiddenActivation): number {
  if (activation === 'relu') return Math.max(z, 0);
  return activation === 'tanh' ? Math.tanh(z) : 1 / (1 + Math.exp(-z));
}

/** Derivative by what was activated. */
function slope(a: number, activation: HiddenActivation): number {
  if (activation === 'relu') return a > 0 ? 1 : 0;
  return activation === 'tanh' ? 1 - a * a : a * (1 - a);
}

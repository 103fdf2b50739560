import type { NDArray } from '../compile/array.ts';
import type { Block } from '../compile/block.ts';
import { plainStep } from '../compile/executable.ts';
import type { Shape } from '../graph/shape.ts';
import { type Tensor, Variable } from '../graph/tensor.ts';
import type { Accumulator } from '../nn/metric.ts';
import type { Assignment } from '../nn/trace.ts';
import { add } from '../ops/binary.ts';
import { read, scalar } from '../ops/leaf.ts';
import { expand } from '../ops/sum.ts';
import type { Logs } from './history.ts';
import { allocate } from './slabs.ts';
import type { ModelState } from './state.ts';

/** A metric with state as one batch sees it. */
export interface BatchSums {
  readonly label: string;
  readonly accumulator: Accumulator;
  readonly sums: readonly Tensor[];
}

/** State of the metrics that are no means over examples: what programs add to, batch by batch. */
export class MetricSums {
  readonly #state: ModelState;
  readonly #metrics: readonly BatchSums[];
  readonly #variables: readonly (readonly Variable[])[];
  readonly block: Block | null;

  constructor(state: ModelState, metrics: readonly BatchSums[]) {
    this.#state = state;
    this.#metrics = metrics;
    this.#variables = metrics.map(({ label, sums }) =>
      sums.map((t, i) => zeros(`${label}/${i}`, t.shape)),
    );
    const all = this.#variables.flat();
    this.block = all.length ? allocate(state.engine, `metrics of ${state.name}`, all) : null;
  }

  /** What a program does with the sums of its batch. */
  assignments(metrics: readonly BatchSums[]): Assignment[] {
    return metrics.flatMap(({ accumulator: { merge = addEach }, sums }, i) => {
      const variables = this.#variables[i] as readonly Variable[];
      const merged = merge(
        variables.map((v) => read(v)),
        sums,
      );
      return variables.map((variable, k) => ({ variable, value: merged[k] as Tensor }));
    });
  }

  reset(): void {
    const { engine } = this.#state;
    if (this.block) engine.write(this.block.at, new Uint8Array(this.block.bytes));
  }

  /** The figures of what was seen since the last reset. `owner`: that of the programs. */
  async values(owner: string): Promise<Record<string, NDArray>> {
    if (!this.block) return {};
    return this.#state.engine.exclusive(async () => {
      const executable = this.#state.program(`${owner}:metrics`, () => ({
        name: `metrics ${this.#state.name}`,
        outputs: Object.fromEntries(
          this.#metrics.map(({ label, accumulator }, i) => [
            label,
            accumulator.result((this.#variables[i] as readonly Variable[]).map((v) => read(v))),
          ]),
        ),
      }));
      await executable.run([plainStep()]);
      const labels = this.#metrics.map(({ label }) => label);
      const found = await Promise.all(labels.map((label) => executable.read(label)));
      return Object.fromEntries(labels.map((label, i) => [label, found[i] as NDArray]));
    });
  }

  free(): void {
    this.block?.free();
  }
}

function zeros(name: string, shape: Shape): Variable {
  return new Variable(name, shape, () => expand(scalar(0), shape), { trainable: false });
}

function addEach(a: readonly Tensor[], b: readonly Tensor[]): Tensor[] {
  return a.map((x, i) => add(x, b[i] as Tensor));
}

/** Figures as numbers: those with several get their indices behind the name. */
export function asLogs(values: Readonly<Record<string, NDArray>>): Logs {
  const entries = Object.entries(values).flatMap(([label, { data, shape }]) =>
    shape.length === 0
      ? [[label, data[0] as number] as const]
      : Array.from(data, (x, i) => [`${label}_${place(i, shape).join('_')}`, x] as const),
  );
  return Object.fromEntries(entries);
}

function place(i: number, shape: Shape): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
    const n = shape[axis] as number;
    index.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return index;
}

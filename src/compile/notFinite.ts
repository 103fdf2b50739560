/** What a row reads: smallest and largest of its finite numbers, and how many are NaN or infinite. */
export interface InputRange {
  /** Name of a weight, else layer and op that computed it. */
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly notFinite: number;
}

/** What a row wrote that is not finite. */
export interface NotFinite {
  readonly row: number;
  /** Of each loop around the row, from 0; empty outside of loops. */
  readonly iterations: readonly number[];
  readonly layer: string;
  readonly op: string;
  readonly kernel: string;
  /** Elements that are NaN or infinite. */
  readonly count: number;
  readonly inputs: readonly InputRange[];
}

/** In words: `row 12 gemm in iteration 3 of dense_1 (linear): 640 not finite, from dense/relu 0 … 3.4, dense_1/kernel 2 not finite`. */
export function describeNotFinite(found: NotFinite): string {
  const { row, iterations, layer, op, kernel, count, inputs } = found;
  const range = ({ name, low, high, notFinite }: InputRange) =>
    `${name}${low <= high ? ` ${low.toPrecision(3)} … ${high.toPrecision(3)}` : ''}${notFinite ? ` (${notFinite} not finite)` : ''}`;
  const from = inputs.length ? `, from ${inputs.map(range).join(', ')}` : '';
  const at = iterations.length ? ` in iteration ${iterations}` : '';
  return `row ${row} ${kernel}${at} of ${layer || 'the model'} (${op}): ${count} not finite${from}`;
}

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
  readonly layer: string;
  readonly op: string;
  readonly kernel: string;
  /** Elements that are NaN or infinite. */
  readonly count: number;
  readonly inputs: readonly InputRange[];
}

/** In words: `row 12 gemm of dense_1 (linear): 640 not finite, from dense/relu 0 … 3.4, dense_1/kernel 2 not finite`. */
export function describeNotFinite({ row, layer, op, kernel, count, inputs }: NotFinite): string {
  const range = ({ name, low, high, notFinite }: InputRange) =>
    `${name}${low <= high ? ` ${low.toPrecision(3)} … ${high.toPrecision(3)}` : ''}${notFinite ? ` (${notFinite} not finite)` : ''}`;
  const from = inputs.length ? `, from ${inputs.map(range).join(', ')}` : '';
  return `row ${row} ${kernel} of ${layer || 'the model'} (${op}): ${count} not finite${from}`;
}

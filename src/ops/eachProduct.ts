import { type Shape, sizeOf } from '../graph/shape.ts';
import type { Emitter } from '../graph/tensor.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import { moved } from './emit.ts';
import { emitProduct, type Product } from './product.ts';

/** Which matrix of an operand belongs to product i of a batch: number (i / each) mod of. */
export interface Turns {
  readonly each: number;
  readonly of: number;
}

/** An operand: its matrices one behind the other, and their turns. */
export interface Matrices extends Turns {
  readonly at: Pointer;
}

/** The turns of an operand whose leading axes broadcast to `batch`; null where they stretch on both sides of one that does not. */
export function turnsOf(lead: Shape, batch: Shape): Turns | null {
  const own = batch.map((_, d) => lead[d - batch.length + lead.length] ?? 1);
  const last = own.findLastIndex((n) => n !== 1);
  const of = sizeOf(own);
  const run = own.findIndex((n) => n !== 1);
  if (last >= 0 && sizeOf(batch.slice(run, last + 1)) !== of) return null;
  return { each: sizeOf(batch.slice(last + 1)), of };
}

/** One product behind the other, each shared by all threads: in a loop where both operands go on with each product or stay. */
export function emitEach(
  e: Emitter,
  c: Pointer,
  a: Matrices,
  b: Matrices,
  count: number,
  p: Product,
): void {
  const sizes = [p.M * p.N, p.M * p.K, p.N * p.K] as const;
  const product = (place: (at: Pointer, n: number, turns?: Turns) => Pointer) => {
    const [to, left, right] = [
      place(c, sizes[0]),
      place(a.at, sizes[1], a),
      place(b.at, sizes[2], b),
    ];
    emitProduct(e, to, left, right, NONE, p);
  };
  if (count > 1 && [a, b].every(({ of }) => of === 1 || of === count)) {
    e.repeat(count, (moving) =>
      product((at, n, turns) => (turns?.of === 1 ? at : moving(at, n * e.realBytes))),
    );
    return;
  }
  for (let i = 0; i < count; i++) {
    product((at, n, { each, of } = { each: 1, of: count }) =>
      moved(e, at, (Math.floor(i / each) % of) * n),
    );
  }
}

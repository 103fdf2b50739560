import { type Shape, sizeOf } from '../graph/shape.ts';
import type { Emitter } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import { emitProduct, fitsCache, isTiny, type Product } from './product.ts';

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

/** Items beyond which a batch is shared well, by matrices or by parts of their rows. */
const ITEMS = 32;
/** A product of more multiplications is worth meetings of its own where there are fewer items than this. */
const LARGE = 2 ** 18;
const FEW = 8;
/** Multiplications from which on an item is a thread's unit. */
const ALONE = 4096;
/** Of assembly/kernels/gemmBatch.ts: columns of B and panels of A that are packed at once. */
const COLUMNS = 256;
const PANELS = 8;

/** `count` products of which threads share the items: one row, in which nobody waits. */
export function emitBatch(
  e: Emitter,
  c: Pointer,
  a: Matrices,
  b: Matrices,
  count: number,
  p: Product,
): void {
  const { M, N, K } = p;
  if (count * M * N === 0) return;
  const parts = partsOf(e, count, p);
  const few = count * parts < FEW && M * N * K > LARGE;
  if (few && [a, b].every((x) => x.of === 1 || x.of === count)) emitEach(e, c, a, b, count, p);
  else if (N === 1) emitShared(e, c, b, a, count, 1, columnAsRow(p));
  else emitShared(e, c, a, b, count, parts, p);
}

/** A·b of a column b as bᵀ·Aᵀ. */
function columnAsRow(p: Product): Product {
  return { ...p, M: 1, N: p.M, transposeA: false, transposeB: !p.transposeA };
}

/** One product behind the other, each shared by all threads. */
function emitEach(
  e: Emitter,
  c: Pointer,
  a: Matrices,
  b: Matrices,
  count: number,
  p: Product,
): void {
  if (count === 1) {
    emitProduct(e, c, a.at, b.at, NONE, p);
    return;
  }
  e.repeat(count, (moving) => {
    const step = (at: Pointer, n: number, of = count) =>
      of === 1 ? at : moving(at, n * e.realBytes);
    const left = step(a.at, p.M * p.K, a.of);
    const right = step(b.at, p.N * p.K, b.of);
    emitProduct(e, step(c, p.M * p.N), left, right, NONE, p);
  });
}

/** In how many parts the rows of a matrix go, so that few matrices are shared well: equal ones of at least four tiles. */
function partsOf({ MR }: Emitter, count: number, { M }: Product): number {
  let parts = 1;
  while (count * parts < ITEMS && M % (2 * parts) === 0 && M / (2 * parts) >= 4 * MR) parts *= 2;
  return parts;
}

/** Threads share the items. Of single rows and tiny matrices nothing is packed, nor split in parts. */
function emitShared(
  e: Emitter,
  c: Pointer,
  a: Matrices,
  b: Matrices,
  count: number,
  parts: number,
  p: Product,
): void {
  const { MR, NR } = e;
  const { M, N, K, transposeA, transposeB } = p;
  const inPlace = M === 1 || isTiny(p);
  const packs = transposeA && !fitsCache(e, p);
  const columns = Math.ceil(Math.min(N, COLUMNS) / NR) * NR + (packs ? PANELS * MR : 0);
  const slot = inPlace ? 0 : Math.ceil((K * columns) / 16) * 16;
  const scratch = slot ? e.scratch(slot * e.realBytes) : NONE;
  const share = inPlace ? 1 : parts;
  const work = (M * N * K) / share;
  // Each item by itself, tiny ones together.
  const unit = work > ALONE ? 1 : e.unit(count * share, work);
  const [aRow, aCol] = transposeA ? [1, M] : [K, 1];
  const [bRow, bCol] = transposeB ? [1, K] : [N, 1];
  const sizes = [count * share, unit, share, M, N, K, aRow, aCol, bRow, bCol] as const;
  const turns = [a.each, a.of, b.each, b.of] as const;
  e.row(kernels.gemmBatch(c, a.at, b.at, scratch, ...sizes, ...turns, +packs, slot));
}

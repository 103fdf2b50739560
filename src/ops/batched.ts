import type { Emitter } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import { emitEach, type Matrices } from './eachProduct.ts';
import { fitsCache, isTiny, type Product } from './product.ts';

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
  if (count * parts < FEW && M * N * K > LARGE) emitEach(e, c, a, b, count, p);
  else if (N === 1) emitShared(e, c, b, a, count, 1, columnAsRow(p));
  else emitShared(e, c, a, b, count, parts, p);
}

/** A·b of a column b as bᵀ·Aᵀ. */
function columnAsRow(p: Product): Product {
  return { ...p, M: 1, N: p.M, transposeA: false, transposeB: !p.transposeA };
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

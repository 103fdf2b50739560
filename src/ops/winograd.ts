import type { Emitter, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer } from '../runtime/row.ts';
import { rowUnit } from './convGeometry.ts';
import { moved, prepared } from './emit.ts';

/** A convolution of 3 × 3 taps with stride 1: x [B, H, W, C] with zeros around it, y [B, OH, OW, N]. */
export interface WinogradSizes {
  readonly B: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly OH: number;
  readonly OW: number;
  readonly N: number;
  readonly top: number;
  readonly left: number;
}

/** As in assembly/winograd.ts. */
const SIDE = 4;
const PLANES = 36;
/** Channels of x and of y from which on transforming them costs less than it saves. */
const MIN_C = 16;
const MIN_N = 8;
/** Filters up to which the partial sums of their gradient are kept, and how many there are. */
const MAX_FILTERS = 2 ** 14;
const PARTS = 8;
/** Bytes of transformed tiles at once: a part of the second-level cache. */
const BLOCK = 2 ** 20;

/**
 * Whether F(4×4, 3×3) pays: at least four tiles an image, which are not mostly beside it. Its sums are others than those by
 * definition, so it is for builds that need not give the same bits everywhere. The number of images does not matter: one gives the bits
 * that it gives among others.
 */
export function paysWinograd(e: Emitter, { C, N, OH, OW }: WinogradSizes): boolean {
  const tiles = Math.ceil(OH / SIDE) * Math.ceil(OW / SIDE);
  const whole = C % 4 === 0 && N % 4 === 0 && C >= MIN_C && N >= MIN_N;
  return e.fast && whole && tiles >= 4 && 2 * SIDE * tiles <= OH * OW;
}

export function paysWinogradGrad(e: Emitter, s: WinogradSizes): boolean {
  return paysWinograd(e, s) && s.C * s.N <= MAX_FILTERS;
}

/** Numbers from plane to plane, a cache line between them. */
function planes(e: Emitter, n: number, channels: number): number {
  return PLANES * (n * channels + 64 / e.realBytes);
}

/** Tiles at once, and each thread's memory for them. */
function tileMemory(e: Emitter, { B, C, OH, OW }: WinogradSizes) {
  const tiles = B * Math.ceil(OH / SIDE) * Math.ceil(OW / SIDE);
  const fit = Math.floor(BLOCK / (PLANES * C * e.realBytes) / e.MR);
  const block = e.MR * Math.max(1, Math.min(4, fit, Math.ceil(tiles / e.MR)));
  const numbers = planes(e, block, C) + planes(e, block, e.NR) + C + e.NR;
  const slot = Math.ceil(numbers / 16) * 16;
  return { block, slot, scratch: e.scratch(slot * e.realBytes) };
}

/** Where `n` rows start, `step` numbers apart, and their sums of NR columns. */
function rowPlaces(e: Emitter, n: number, step: number): Pointer {
  return prepared(e, null, `planes ${n} ${step}`, 8 * n, (to) =>
    kernels.placeRows(to, n, 1024, 1, 1, step, 0, 0, e.NR, 0, 0),
  );
}

/** A filter's element (ky, kx, c, n) is at first + ky·sY + kx·sX + c·sC + n·sN. */
export interface WinogradFilter {
  readonly tensor: Tensor;
  readonly first: number;
  readonly strides: readonly [sY: number, sX: number, sC: number, sN: number];
}

function transformedFilter(e: Emitter, { C, N }: WinogradSizes, filter: WinogradFilter): Pointer {
  const { tensor, first, strides } = filter;
  const columns = Math.ceil(N / e.NR) * e.NR;
  const bytes = (columns / e.NR) * planes(e, C, e.NR) * e.realBytes;
  return prepared(e, tensor, `winograd ${[C, N, first, strides]}`, bytes, (to) =>
    kernels.winogradFilter(to, moved(e, e.at(tensor), first), columns, e.NR, N, C, ...strides),
  );
}

export function emitWinograd(
  e: Emitter,
  s: WinogradSizes,
  y: Pointer,
  x: Pointer,
  filter: WinogradFilter,
  bias: Pointer,
  activation: number,
): void {
  const { B, H, W, C, OH, OW, N, top, left } = s;
  const u = transformedFilter(e, s, filter);
  const { block, slot, scratch } = tileMemory(e, s);
  const places = rowPlaces(e, block, C);
  const down = Math.ceil(OH / SIDE);
  const unit = rowUnit(B, down, OW * C * N * PLANES);
  const kernel = unit % down === 0 ? kernels.winograd : kernels.winogradRows;
  const sizes = [block, slot, H, W, C, OH, OW, N, top, left] as const;
  e.row(kernel(y, x, u, bias, places, scratch, B * down, unit, ...sizes, activation));
}

/** dw [3, 3, C, N] = the gradient of the filter that made dy of x. */
export function emitWinogradGrad(
  e: Emitter,
  s: WinogradSizes,
  dw: Pointer,
  x: Pointer,
  dy: Pointer,
): void {
  const { B, H, W, C, OH, OW, N, top, left } = s;
  const parts = Math.min(B, PARTS);
  const columns = Math.ceil(N / e.NR) * e.NR;
  const du = e.temp(parts * (columns / e.NR) * planes(e, C, e.NR) * e.realBytes);
  const { block, slot, scratch } = tileMemory(e, s);
  const places = rowPlaces(e, C, 1);
  const sizes = [B, block, slot, H, W, C, OH, OW, N, top, left] as const;
  e.row(kernels.winogradFilterGrad(du, x, dy, places, scratch, parts, 1, ...sizes));
  e.row(kernels.winogradFilterSum(dw, du, columns, e.NR, N, C, parts));
}
